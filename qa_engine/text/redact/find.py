"""Finding personal data in one text."""

from __future__ import annotations

import re
from collections.abc import Collection

from qa_engine.text.redact.address import address_entities
from qa_engine.text.redact.addressed import addressed_names
from qa_engine.text.redact.codes import birth_dates, code_entities
from qa_engine.text.redact.credentials import credential_entities
from qa_engine.text.redact.cues import asked_kind
from qa_engine.text.redact.entity import KINDS, Entity, without_overlap
from qa_engine.text.redact.introductions import introduced_names
from qa_engine.text.redact.names import name_entities
from qa_engine.text.redact.numbers import number_entities
from qa_engine.text.redact.view import View, view_of

_DIGIT = "0-9０-９零〇洞一幺二两三四五六七八九妖腰拐"
_MAYBE_NUMBER = re.compile(rf"(?:[{_DIGIT}][^{_DIGIT}]{{0,8}}){{4}}")
_MAYBE_CODE = re.compile("[A-Za-zＡ-Ｚａ-ｚ@＠使]")
_MAYBE_NAME = re.compile("姓|叫|名字|先生|女士|小姐|太太|[件货系主卡保险益请机户办]人|户主|机主|车主")
_MAYBE_ADDRESSED = re.compile("[姐哥姨叔总]|老师|师傅|经理|主任|大爷|大妈|医生|大夫")
_MAYBE_INTRODUCED = re.compile(
    "[我俺]就?是|本人|名|叫|户名|法人|代表|[主护系保款租卡险益]人|机主|车主|房主|[我俺咱他她][的们那家个]?[老爱丈妻媳对男女爸妈父母儿孩小宝闺姑哥"
    "姐弟妹爷奶外姥公婆岳孙朋同室房领]"
)
_MAYBE_CREDENTIAL = re.compile(
    "密码|口令|[PpＰ][IiＩ][NnＮ]|[CcＣ][VvＶ]|[IiＩ][MmＭ][EeＥ]|安全码|有效期|背面|后三码|识别|串[号码]|税|信用代码|[.．点]|[0-9０-９]{8}"
)
_MAYBE_BIRTH = re.compile("出生|生日")
_MAYBE_ADDRESS = re.compile("[路街巷弄栋幢座元镇乡县区旗市]|胡同|大道|号楼")


def find_entities(
    text: str, kinds: Collection[str] | None = None, *, previous: str = ""
) -> tuple[Entity, ...]:
    """Find personal data in a text.

    Args:
        text: any text, as the producer delivered it.
        kinds: the kinds wanted, all of ``KINDS`` when None.
        previous: what the other party said just before; a question there ("报一下身份证号") counts
            as a cue for a bare number in ``text``.

    Returns:
        Non-overlapping entities in text order, with offsets into ``text``.

    Raises:
        ValueError: ``kinds`` holds a kind that does not exist.
    """
    if kinds is not None and (unknown := set(kinds) - set(KINDS)):
        raise ValueError(f"没有这种隐私信息类别：{'、'.join(sorted(unknown))}")
    found = find_answers(text, asked_kind(previous) if previous else None)
    return found if kinds is None else tuple(entity for entity in found if entity.kind in kinds)


def find_answers(text: str, asked: str | None, known: tuple[Entity, ...] = ()) -> tuple[Entity, ...]:
    """``find_entities`` for callers that already know which kind the turn before asked for.

    ``known`` are entities already found in the text; they are part of the result.
    """
    if asked != "name" and not _worth_a_look(text):
        return known
    found: list[Entity] = list(known)
    view = view_of(text).blank([(entity.start, entity.end) for entity in known])
    # Masking one entity can set another free (two numbers run together), so look until nothing is left.
    while fresh := without_overlap(_candidates(text, view, asked)):
        found.extend(fresh)
        view = view.blank([(entity.start, entity.end) for entity in fresh])
    found.sort(key=lambda entity: entity.start)
    return tuple(found)


def _worth_a_look(text: str) -> bool:
    return bool(
        _MAYBE_NUMBER.search(text)
        or _MAYBE_NAME.search(text)
        or _MAYBE_ADDRESSED.search(text)
        or _MAYBE_INTRODUCED.search(text)
        or _MAYBE_CREDENTIAL.search(text)
        or _MAYBE_ADDRESS.search(text)
        or _MAYBE_CODE.search(text)
        or _MAYBE_BIRTH.search(text)
    )


def _candidates(text: str, view: View, asked: str | None) -> list[Entity]:
    found: list[Entity] = []
    if _MAYBE_NUMBER.search(text):
        found.extend(number_entities(view, asked))
    if _MAYBE_CODE.search(text):
        found.extend(code_entities(view, asked))
    if asked == "name" or _MAYBE_NAME.search(text) or _MAYBE_NUMBER.search(text):
        found.extend(name_entities(view, asked))
    if _MAYBE_ADDRESSED.search(text):
        found.extend(addressed_names(view))
    if _MAYBE_INTRODUCED.search(text):
        found.extend(introduced_names(view))
    if _MAYBE_CREDENTIAL.search(text):
        found.extend(credential_entities(view))
    if asked == "birth_date" or _MAYBE_BIRTH.search(text):
        found.extend(birth_dates(view, asked))
    if _MAYBE_ADDRESS.search(text):
        found.extend(address_entities(view))
    return found
