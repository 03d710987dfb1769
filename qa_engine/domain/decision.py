"""改判与确认: what a person says of one criterion or finding of a report, beside what the machine said.

A *target* names what is judged:

    criterion:KEY     an outcome; 未判定 is no judgement and cannot be said by a person
    fault:TURN:KIND   present | absent; a fault the machine missed may be added
    type:KEY          present | absent, a complaint type
    drop:TURN         present | absent, a fall of the customer's emotion
    complaint         yes | no
    resolution        resolved | partial | unresolved
    attitude          1 … 5
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from qa_engine.domain.refusal import Invalid
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.taxonomy import AGENT_FAULTS, COMPLAINT_TYPES
from qa_engine.domain.transcript import Speaker

PRESENT, ABSENT = "present", "absent"
LEAST_REASON = 4
MOST_DECISIONS = 200
MOST_TURNS = 50

Verdict = Literal["confirm", "override"]
Kept = Literal["confirmed", "overridden"]

_PRESENCE = (PRESENT, ABSENT)
_WHOLE: Mapping[str, tuple[str, ...]] = {
    "complaint": ("yes", "no"),
    "resolution": ("resolved", "partial", "unresolved"),
    "attitude": ("1", "2", "3", "4", "5"),
}
_JUDGED = (Outcome.PASSED.value, Outcome.FAILED.value, Outcome.NOT_APPLICABLE.value)
# A bonus is earned or it is not: a person cannot fail it either.
_BONUS = (Outcome.PASSED.value, Outcome.NOT_APPLICABLE.value)


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of one target.

    Attributes:
        verdict: ``confirm``: what stands is right; ``override``: ``human`` is right instead.
        human: the right value; None when confirming.
        reason: why; at least four characters when overriding.
        turns: 0-based turns it rests on, for a criterion that is failed by hand.
    """

    target: str
    verdict: Verdict
    human: str | None = None
    reason: str = ""
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What is kept of it: the machine's value and the person's, side by side."""

    target: str
    verdict: Kept
    machine: str | None
    human: str
    reason: str
    turns: tuple[int, ...] = ()


def machine_value(report: InspectionReport, target: str, speakers: Sequence[Speaker]) -> str | None:
    """What the machine said of a target; None when it did not judge it. Arguments as for ``decide``.

    Raises:
        Invalid: the report has no such target.
    """
    return _read(report, target, speakers)[0]


def decide(
    report: InspectionReport,
    said: Sequence[Said],
    standing: Mapping[str, str],
    speakers: Sequence[Speaker],
    *,
    closed: frozenset[str] = frozenset(),
    confirm_rest: bool = False,
) -> tuple[Decision, ...]:
    """Turn what a person says into decisions.

    Args:
        report: the machine's.
        said: one entry a target.
        standing: target → value people decided before; where there is none the machine's stands.
        speakers: who said each turn; ``UNKNOWN`` where it is not known (any more).
        closed: targets an appeal has settled; nobody else judges them again.
        confirm_rest: whatever stands of the criteria nothing is said of is right. What was not judged has
            nothing to confirm and stays unjudged.

    Raises:
        Invalid: nothing said, a target twice or unknown, a value it cannot have, or no reason given.
    """
    if not said and not confirm_rest:
        raise Invalid("至少要对一项给出结论。", "Decide at least one item.", "decisions")
    if len(said) > MOST_DECISIONS:
        raise Invalid(
            f"一次最多提交 {MOST_DECISIONS} 项结论。",
            f"At most {MOST_DECISIONS} decisions at once.",
            "decisions",
        )
    made: dict[str, Decision] = {}
    for place, one in enumerate(said):
        field = f"decisions[{place}]"
        if one.target in made:
            raise Invalid(
                "同一项只能给出一个结论。", "Every item can be decided only once.", f"{field}.target"
            )
        if one.target in closed:
            raise Invalid(
                "这一项已由申诉裁定，不能再改。", "An appeal has settled this item.", f"{field}.target"
            )
        made[one.target] = _decide(report, one, standing.get(one.target), speakers, field)
    if confirm_rest:
        for item in report.criteria:
            target = f"criterion:{item.key}"
            stands = standing.get(target, item.outcome.value)
            if target not in made and target not in closed and stands in _read(report, target, speakers)[1]:
                rest = Said(target, "confirm")
                made[target] = _decide(report, rest, standing.get(target), speakers, "confirm_rest")
    if not made:
        raise Invalid("没有剩下可以确认的质检项。", "There is no criterion left to confirm.", "confirm_rest")
    return tuple(made.values())


def changes(decisions: Iterable[Decision], standing: Mapping[str, str]) -> bool:
    """True when they leave anything other than it stood (the machine's word stands where no one spoke)."""
    return any(one.human != standing.get(one.target, one.machine) for one in decisions)


def _decide(
    report: InspectionReport, said: Said, standing: str | None, speakers: Sequence[Speaker], field: str
) -> Decision:
    machine, values = _read(report, said.target, speakers, f"{field}.target")
    stands = machine if standing is None else standing
    _check_turns(said, len(speakers), field)
    if said.verdict == "confirm":
        if stands not in values:
            raise Invalid(
                "这一项没有得到判定，不能确认；请给出结论。",
                "This item was not judged: there is nothing to confirm, say what is right.",
                f"{field}.verdict",
            )
        if said.human not in (None, stands):
            raise Invalid(
                "确认时不要写另一个结论；要改就用 override。",
                "A confirmation names no other value; use override to change it.",
                f"{field}.human",
            )
        human = stands
    else:
        human = _overriding(said, stands, values, field)
    kept: Kept = "confirmed" if human == machine else "overridden"
    return Decision(said.target, kept, machine, human, said.reason.strip(), said.turns)


def _overriding(said: Said, stands: str | None, values: tuple[str, ...], field: str) -> str:
    if said.human not in values:
        raise Invalid(
            f"这一项的结论只能是 {'、'.join(values)} 之一。",
            f"The value of this item must be one of {', '.join(values)}.",
            f"{field}.human",
        )
    if said.human == stands:
        raise Invalid(
            "与现有结论相同，不是改判；请用 confirm 确认。",
            "This is what stands already; use confirm.",
            f"{field}.human",
        )
    if len("".join(said.reason.split())) < LEAST_REASON:
        raise Invalid(
            f"改判要写明理由，至少 {LEAST_REASON} 个字。",
            f"An override needs a reason of at least {LEAST_REASON} characters.",
            f"{field}.reason",
        )
    return said.human


def _check_turns(said: Said, turn_count: int, field: str) -> None:
    fits = all(0 <= turn < turn_count for turn in said.turns) and len(said.turns) <= MOST_TURNS
    if not fits or len(set(said.turns)) != len(said.turns):
        raise Invalid(
            "依据的句号要在对话之内，从 0 数起，不重复。",
            "Turns count from 0, lie within the conversation and are named once.",
            f"{field}.turns",
        )


def _read(
    report: InspectionReport, target: str, speakers: Sequence[Speaker], field: str = "target"
) -> tuple[str | None, tuple[str, ...]]:
    """The machine's value of a target and the values a person may give it."""
    kind, _, rest = target.partition(":")
    if target in _WHOLE:
        return _whole(report, target), _WHOLE[target]
    if kind == "criterion":
        for item in report.criteria:
            if item.key == rest:
                return item.outcome.value, _BONUS if item.scoring == "add" else _JUDGED
    elif kind == "type" and rest in COMPLAINT_TYPES:
        found = any(one.key == rest for one in report.complaint.types)
        return (None if report.complaint.probability is None else _presence(found)), _PRESENCE
    elif kind == "drop" and (turn := _turn(rest, speakers, Speaker.CUSTOMER)) is not None:
        found = any(drop.turn == turn for drop in report.emotion.drops)
        return (None if report.emotion.index is None else _presence(found)), _PRESENCE
    elif kind == "fault":
        number, _, fault = rest.partition(":")
        turn = _turn(number, speakers, Speaker.AGENT)
        if turn is not None and fault in AGENT_FAULTS:
            found = any(mark.turn == turn and mark.kind == fault for mark in report.attitude.faults)
            unjudged = report.attitude.level is None and not found
            return (None if unjudged else _presence(found)), _PRESENCE
    raise Invalid("质检报告里没有这一项。", "The report has no such item.", field)


def _whole(report: InspectionReport, target: str) -> str | None:
    if target == "complaint":
        said = report.complaint.is_complaint
        return None if said is None else ("yes" if said else "no")
    if target == "resolution":
        return report.resolution.status
    return None if report.attitude.level is None else str(report.attitude.level)


def _presence(found: bool) -> str:
    return PRESENT if found else ABSENT


def _turn(text: str, speakers: Sequence[Speaker], said_by: Speaker) -> int | None:
    # "07" and "7" would be two targets of one turn.
    if not (text.isascii() and text.isdigit()) or len(text) > 9 or text != str(int(text)):
        return None
    turn = int(text)
    return turn if turn < len(speakers) and speakers[turn] in (said_by, Speaker.UNKNOWN) else None
