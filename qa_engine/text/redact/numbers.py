"""Personal numbers made of digits: telephones, identity cards, bank cards, and what a cue announces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from stdnum import luhn

from qa_engine.text.redact.cues import Cue, cue_before
from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.identity import is_identity_number, is_old_identity_number
from qa_engine.text.redact.runs import Window, digit_runs
from qa_engine.text.redact.view import View

_MOBILE = re.compile(r"(?:0{0,2}86)?1[3-9][0-9]{9}")
_AREA = r"0(?:10|2[0-57-9]|[3-9][0-9]{2})"
_LANDLINE = re.compile(rf"(?:0{{0,2}}86)?{_AREA}[2-8][0-9]{{6,7}}")
_SERVICE = re.compile(
    r"(?:400|800)[0-9]{7}|95[0-9]{3,6}|96[0-9]{3,4}|1[012][0-9]{3}|1[12][0-9]|100[0-9]{2,3}|106[0-9]{5,17}"
)
_CARD_PREFIX = re.compile(r"62|4|5[1-5]|3[4-7]|60|68|69|9[05-9]")
_X = re.compile(r"[ ]?(?:X|×|叉|艾克斯)(?![A-Z0-9])")
_EXTENSION = re.compile(r"[ ,]{0,2}(?:转|分机号?|-)[ ]?(?:分机)?[ ]?[0-9]{1,6}(?![0-9])")
_COUNTRY = re.compile(r"(?:\(?\+[ ]?(?:86\)?[ -]?)?|\()$")
# After these a number is an amount, a quantity or a time, whatever stood before it.
_MEASURE = re.compile(r"[ ]?(?:[元块件个天次秒折倍斤米度人年月日点分毛万千百十亿兆GM%‰:：/]|号楼|小时|公里)")

_MONEY = re.compile("[ ]?[元块万亿]")

_MOBILE_SHAPES = frozenset(
    {(3, 4, 4), (3, 8), (7, 4), (4, 3, 4), (3, 3, 5), (4, 4, 3), (3, 5, 3), (2, 11), (2, 3, 4, 4), (4, 11)}
)
_LANDLINE_SHAPES = frozenset(
    {(3, 8), (3, 7), (4, 7), (4, 8), (3, 4, 4), (4, 4, 4), (4, 3, 4), (2, 2, 8), (2, 3, 7)}
)
_CARD_SHAPES = frozenset(
    {
        (4, 4, 4, 4),
        (4, 4, 4, 4, 3),
        (4, 4, 4, 4, 2),
        (4, 4, 4, 4, 1),
        (6, 13),
        (6, 10),
        (4, 12),
        (4, 15),
        (8, 8),
        (4, 6, 5),
    }
)

# cue → (fewest, most digits, confidence): what the cue makes of digits that prove nothing by themselves.
_BY_CUE = {
    "mobile": (7, 13, 0.6), "landline": (7, 12, 0.7), "id_card": (14, 19, 0.7), "bank_card": (12, 20, 0.7),
    "order_number": (6, 32, 0.8), "policy_number": (6, 32, 0.8), "tracking_number": (8, 24, 0.8),
    "qq": (5, 11, 0.9), "wechat": (6, 15, 0.8),
    "verification_code": (4, 8, 0.9), "taiwan_permit": (8, 8, 0.9),
    "password": (4, 20, 0.85), "account_number": (6, 20, 0.8),
}  # fmt: skip
_NO_LANDLINE = frozenset(
    {
        "order_number",
        "policy_number",
        "tracking_number",
        "qq",
        "wechat",
        "id_card",
        "bank_card",
        "other",
        "account_number",
        "tax_number",
        "imei",
        "password",
    }
)
_ORDER_LIKE = frozenset({"order_number", "policy_number", "tracking_number"})
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_LINK = re.compile(r"[ :：,是为叫就我加嗯呃啊]{0,6}")
# Words so common that only digits right after them are meant.
_CLOSE_CUES = frozenset({"qq", "wechat", "password", "account_number"})
_FIXED_CUES = frozenset({"order_number", "policy_number", "tracking_number", "qq", "wechat"})


def number_entities(view: View, asked: str | None) -> Iterator[Entity]:
    """Yield entities among the digit runs of a text; ``asked`` is the kind asked for a turn before."""
    for run in digit_runs(view.digits, view.plain, at_least=4):
        yield from _entities_of_run(run, view, asked)


def _entities_of_run(run: Window, view: View, asked: str | None) -> Iterator[Entity]:
    """Numbers that prove themselves first; a cue then speaks for what is left between them."""
    cue = cue_before(view.plain, run.start)
    kind = cue.kind if cue else asked
    loose = cue and kind in _CLOSE_CUES and not _LINK.fullmatch(view.plain, cue.end, run.start)
    if loose or (cue is None and asked in ("other", "password")):
        kind = None
    if kind == "id_card" and (whole := _by_cue(run, view, kind, cue)) and _is_18_long(run, whole):
        yield whole
        return
    first = rest = 0
    while first < len(run.groups):
        found = _longest(run, first, lambda window: _by_format(window, view, kind))
        if found is None:
            first += 1
            continue
        entity, last = found
        if rest < first:
            yield from _announced(run.part(rest, first - 1), view, kind, cue)
        yield entity
        first = rest = last + 1
    if rest < len(run.groups):
        yield from _announced(run.part(rest, len(run.groups) - 1), view, kind, cue)


def _longest(
    run: Window, first: int, recognise: Callable[[Window], Entity | None]
) -> tuple[Entity, int] | None:
    """The longest window from group ``first`` that is recognised, with its last group."""
    for last in range(len(run.groups) - 1, first - 1, -1):
        entity = recognise(run.part(first, last))
        if entity:
            return entity, last
    return None


def _announced(run: Window, view: View, kind: str | None, cue: Cue | None) -> Iterator[Entity]:
    """What the cue (or the question asked before) makes of digits that prove nothing."""
    if kind not in _BY_CUE:
        return
    first = 0
    while first < len(run.groups):
        if kind in ("mobile", "landline") and (service := _service_end(run, first)) is not None:
            first = service + 1
            continue
        if _is_written_date(run, first):
            first += 3
            continue
        found = _longest(run, first, lambda window: _by_cue(window, view, kind, cue))
        if found is None:
            first += 1
        else:
            yield found[0]
            first = found[1] + 1


def _is_written_date(run: Window, first: int) -> bool:
    """2024-11-11 after a cue is a day, not a number."""
    head = run.groups[first : first + 3]
    sizes = tuple(len(group.digits) for group in head)
    return sizes in ((4, 2, 2), (4, 1, 2), (4, 2, 1), (4, 1, 1)) and head[0].digits[:2] in ("19", "20")


def _service_end(run: Window, first: int) -> int | None:
    for last in range(len(run.groups) - 1, first - 1, -1):
        if _SERVICE.fullmatch(run.part(first, last).digits):
            return last
    return None


def _by_format(window: Window, view: View, kind: str | None) -> Entity | None:
    if _glued_to_letters(window, view) or not 10 <= len(window.digits) <= 32:
        return None
    for recognise in _RECOGNISERS:
        entity = recognise(window, view, kind)
        if entity:
            return entity
    return None


def _glued_to_letters(window: Window, view: View) -> bool:
    """Written digits right after a Latin letter belong to a code (SF1380…), not to a telephone."""
    before = view.plain[window.start - 1 : window.start]
    return before.isascii() and before.isalpha()


def _id_card(window: Window, view: View, kind: str | None) -> Entity | None:
    digits = window.digits
    if len(digits) == 17 and (cross := _X.match(view.plain, window.end)):
        if _grouped_as_one(window) and is_identity_number(digits + "X"):
            return Entity("id_card", window.start, cross.end(), 1.0)
    elif len(digits) == 18 and _grouped_as_one(window) and is_identity_number(digits):
        return Entity("id_card", window.start, window.end, 1.0)
    elif len(digits) == 15 and kind == "id_card" and is_old_identity_number(digits):
        return Entity("id_card", window.start, window.end, 0.9)
    return None


def _is_18_long(run: Window, entity: Entity) -> bool:
    """Seventeen digits and an X, or eighteen digits: an identity card misheard, no telephone in it."""
    return len(run.digits) == (18 if entity.end == run.end else 17)


def _mobile(window: Window, view: View, kind: str | None) -> Entity | None:
    if kind in _FIXED_CUES or not _MOBILE.fullmatch(window.digits) or not window.plausible(_MOBILE_SHAPES):
        return None
    if _MONEY.match(view.plain, window.end):
        return None
    return Entity("mobile", _with_country(window.start, view), window.end, 0.95)


def _landline(window: Window, view: View, kind: str | None) -> Entity | None:
    if len(window.groups) > 1 and window.gaps[-1] == "-" and window.sizes[-1] <= 6:
        main = window.part(0, len(window.groups) - 2)
        if _LANDLINE.fullmatch(main.digits) and main.plausible(_LANDLINE_SHAPES):
            return Entity("landline", _with_country(window.start, view), window.end, 0.9)
    if kind in _NO_LANDLINE or not _LANDLINE.fullmatch(window.digits):
        return None
    if not window.plausible(_LANDLINE_SHAPES):
        return None
    return Entity("landline", _with_country(window.start, view), _with_extension(window.end, view), 0.9)


def _bank_card(window: Window, _view: View, kind: str | None) -> Entity | None:
    digits = window.digits
    if kind == "id_card" and len(digits) in (15, 18):
        return None
    shortest = 13 if kind == "bank_card" else 16
    if not shortest <= len(digits) <= 19 or not _CARD_PREFIX.match(digits) or not luhn.is_valid(digits):
        return None
    odd = (
        digits.startswith("62")
        and 2 <= min(window.sizes) <= max(window.sizes) <= 8
        and _grouped_as_one(window)
    )
    if kind in _FIXED_CUES or not (odd or window.plausible(_CARD_SHAPES)):
        return None
    return Entity("bank_card", window.start, window.end, 1.0 if kind == "bank_card" else 0.9)


def _long_order(window: Window, _view: View, _kind: str | None) -> Entity | None:
    """Nineteen written digits and more are no quantity, no time and no card: an order number."""
    if len(window.groups) == 1 and not window.spoken and 19 <= len(window.digits) <= 32:
        return Entity("order_number", window.start, window.end, 0.5)
    return None


_RECOGNISERS: tuple[Callable[[Window, View, str | None], Entity | None], ...] = (
    _id_card, _mobile, _landline, _bank_card, _long_order,
)  # fmt: skip


def _by_cue(window: Window, view: View, kind: str, cue: Cue | None) -> Entity | None:
    if kind == "id_card" and _card_sized(window.digits):
        kind = "bank_card"
    if not _grouped_as_one(window) or _MEASURE.match(view.plain, window.end):
        return None
    fewest, most, confidence = _BY_CUE[kind]
    length, end = len(window.digits), window.end
    if kind == "id_card" and (cross := _X.match(view.plain, end)):
        end, length = cross.end(), length + 1
    if not fewest <= length <= most:
        return None
    # "订单20241111下的" names a day; only "订单号…" makes such digits a number.
    names_number = cue is not None and view.plain[cue.end - 1] in "号码"
    if kind in _ORDER_LIKE and not names_number and _DAY.fullmatch(window.digits):
        return None
    if kind in ("mobile", "landline"):
        if kind == "mobile" and length in (7, 8) and not window.digits.startswith("1"):
            kind = "landline"
        end = _with_extension(end, view)
    return Entity(kind, window.start, end, confidence if cue else confidence - 0.1)


def _card_sized(digits: str) -> bool:
    """UnionPay cards have 16, 17 or 19 digits, identity cards never."""
    return digits.startswith("62") and len(digits) in (16, 17, 19)


def _grouped_as_one(window: Window) -> bool:
    """Weaker than ``Window.plausible``: a cue speaks for the number; lists and decimals are not."""
    if any("、" in gap or gap == "." for gap in window.gaps) and not window.spoken:
        return False
    return set(window.sizes) == {1} or sum(window.sizes) >= 1.7 * len(window.sizes)


def _with_country(start: int, view: View) -> int:
    prefix = _COUNTRY.search(view.plain, max(0, start - 8), start)
    if prefix and (prefix.group() != "(" or ")" in view.plain[start : start + 5]):
        return prefix.start()
    return start


def _with_extension(end: int, view: View) -> int:
    extension = _EXTENSION.match(view.digits, end)
    return extension.end() if extension else end
