"""The engine's own transcript JSON with a ``gold`` object beside the turns: the shape users' labels have.

Labels of turns are sparse: where ``emotions`` is given, a customer turn without an entry is 0; where
``faults`` is given, an agent turn without an entry has none. Acts are not labelled in this shape. Types
may be coarser than the taxonomy; ``type_groups`` then maps the engine's keys to those of the file, and
where several keys share a label that is given, which of them it was stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_engine.domain.prediction import EMOTIONS, RESOLUTIONS
from qa_engine.domain.taxonomy import AGENT_FAULTS, COMPLAINT_TYPES
from training.fields import Fields
from training.labelled import LabelledDialogue, LabelledTurn

LABELS = (
    "emotions", "faults", "drops", "attitude", "resolution", "satisfaction", "complaint", "types", "review",
)  # fmt: skip
SPEAKERS = ("agent", "customer", "system")
CHANNELS = ("voice", "chat", "unknown")
LEVELS = (1, 2, 3, 4, 5)
_DIGITS = 6  # of the number of a turn


def dialogue_with_gold(record: Fields, source: str) -> LabelledDialogue:
    """Read one record of this shape.

    Raises:
        CorpusError: a value is wrong, or a label points to a turn that cannot have it.
    """
    spoken = [record.inner(turn, f"turns[{i}]") for i, turn in enumerate(record.typed("turns", list))]
    speakers = [turn.choice("speaker", SPEAKERS) for turn in spoken]
    if not any(speaker != "system" for speaker in speakers):
        raise record.error("turns", "至少要有一轮是坐席或客户说的")
    gold = record.inner(record.typed("gold", dict), "gold")
    gold.refuse_misspelt(LABELS)
    emotions = _emotions(gold, speakers)
    faults = _faults(gold, speakers)
    turns = []
    for i, (turn, speaker) in enumerate(zip(spoken, speakers, strict=True)):
        emotion = None if emotions is None or speaker != "customer" else emotions.get(i, 0)
        kinds = None if faults is None or speaker != "agent" else tuple(faults.get(i, ()))
        turns.append(LabelledTurn(speaker, turn.typed("text", str), emotion, None, kinds))
    groups = _groups(record)
    types, unknown = _types(gold, groups)
    return LabelledDialogue(
        id=record.text("id"),
        source=source,
        channel=record.given_choice("channel", CHANNELS) or "unknown",
        industry=None,
        turns=tuple(turns),
        drops=_drops(gold, speakers),
        attitude=gold.given_choice("attitude", LEVELS),
        resolution=gold.given_choice("resolution", RESOLUTIONS),
        satisfaction=gold.given_choice("satisfaction", LEVELS),
        complaint=gold.given("complaint", bool),
        types=types,
        review=gold.given("review", bool),
        types_unknown=unknown,
        type_groups=tuple(sorted(groups.items())),
    )


def _emotions(gold: Fields, speakers: list[str]) -> dict[int, int] | None:
    given = gold.given("emotions", dict)
    if given is None:
        return None
    found = {}
    for number, (key, value) in enumerate(given.items(), start=1):
        if not (key.isascii() and key.isdigit() and len(key) <= _DIGITS):
            # Not quoted: somebody may have written what was said there.
            raise gold.error("emotions", f"第 {number} 项的键应为句号（从 0 数起）")
        field, turn = f"emotions.{key}", int(key)
        _check_turn(gold, field, turn, speakers, "customer")
        found[turn] = int(gold.one_of(value, field, EMOTIONS))
    return found


def _faults(gold: Fields, speakers: list[str]) -> dict[int, list[str]] | None:
    given = gold.given("faults", list)
    if given is None:
        return None
    found: dict[int, list[str]] = {}
    for i, value in enumerate(given):
        fault = gold.inner(value, f"faults[{i}]")
        kind = fault.choice("kind", tuple(AGENT_FAULTS))
        turn = value.get("turn")
        _check_turn(gold, f"faults[{i}].turn", turn, speakers, "agent")
        kinds = found.setdefault(turn, [])
        if kind not in kinds:
            kinds.append(kind)
    return found


def _drops(gold: Fields, speakers: list[str]) -> tuple[int, ...] | None:
    given = gold.given("drops", list)
    if given is None:
        return None
    for i, turn in enumerate(given):
        _check_turn(gold, f"drops[{i}]", turn, speakers, "customer")
    return tuple(given)


def _check_turn(gold: Fields, field: str, turn: Any, speakers: list[str], speaker: str) -> None:
    known = isinstance(turn, int) and not isinstance(turn, bool) and 0 <= turn < len(speakers)
    if not known or speakers[turn] != speaker:
        raise gold.error(field, f"应指向一个{'客户' if speaker == 'customer' else '坐席'}轮次（从 0 数起）")


def _groups(record: Fields) -> dict[str, str]:
    given: Mapping[str, Any] = record.given("type_groups", dict) or {}
    for key, label in given.items():
        if key not in COMPLAINT_TYPES:
            raise record.error(f"type_groups.{key}", "不是已知的类型")
        if not isinstance(label, str) or not label:
            raise record.error(f"type_groups.{key}", "应为文字")
    return dict(given)


def _types(gold: Fields, groups: Mapping[str, str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Keys labelled yes, and keys of which nothing is known."""
    members: dict[str, list[str]] = {}
    for key in COMPLAINT_TYPES:
        members.setdefault(groups.get(key, key), []).append(key)
    labels = gold.given_keys("types", members)
    if labels is None:
        return None, ()
    sure = [members[label][0] for label in labels if len(members[label]) == 1]
    unsure = [key for label in labels if len(members[label]) > 1 for key in members[label]]
    return tuple(sure), tuple(unsure)
