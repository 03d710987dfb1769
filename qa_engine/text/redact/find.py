"""Finding personal data in one text."""

from __future__ import annotations

import re
from collections.abc import Collection

from qa_engine.text.redact.address import address_entities
from qa_engine.text.redact.codes import birth_dates, code_entities
from qa_engine.text.redact.cues import asked_kind
from qa_engine.text.redact.entity import KINDS, Entity, without_overlap
from qa_engine.text.redact.names import name_entities
from qa_engine.text.redact.numbers import number_entities
from qa_engine.text.redact.view import View, view_of

_DIGIT = "0-9０-９零〇洞一幺二两三四五六七八九妖腰拐"
_MAYBE_NUMBER = re.compile(rf"(?:[{_DIGIT}][^{_DIGIT}]{{0,8}}){{4}}")
_MAYBE_CODE = re.compile("[A-Za-zＡ-Ｚａ-ｚ@＠使]")
_MAYBE_NAME = re.compile("姓|叫|名字|先生|女士|小姐|太太|[件货系主卡保险益请机户办]人|户主|机主|车主")
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


def find_answers(text: str, asked: str | None) -> tuple[Entity, ...]:
    """``find_entities`` for callers that already know which kind the turn before asked for."""
    if asked != "name" and not _worth_a_look(text):
        return ()
    found: list[Entity] = []
    view = view_of(text)
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
    if asked == "birth_date" or _MAYBE_BIRTH.search(text):
        found.extend(birth_dates(view, asked))
    if _MAYBE_ADDRESS.search(text):
        found.extend(address_entities(view))
    return found
