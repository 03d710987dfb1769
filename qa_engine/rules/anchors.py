"""Conditions that hang on the hits of another condition."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qa_engine.domain.finding import Verdict
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.outcome import Mark, Outcome, combine_all, combine_any

if TYPE_CHECKING:
    from qa_engine.rules.condition import Condition

HIT, PENDING, NOT_EVALUABLE = Verdict.HIT, Verdict.PENDING, Verdict.NOT_EVALUABLE
_WAITING = Outcome(PENDING, marks=(Mark(-1, PENDING),), settled=False)
_NO_ANCHOR = Outcome(Verdict.NOT_APPLICABLE)


def anchored(condition: Condition, call: HeardCall, anchor: Outcome) -> Outcome:
    """Judge a condition in the windows its anchor's hits open.

    An anchor that never hit makes the condition not applicable; an anchor that cannot be judged
    makes it not evaluable, for the same reason.
    """
    if not anchor.marks and anchor.verdict is NOT_EVALUABLE:
        return Outcome(
            NOT_EVALUABLE, missing=anchor.missing, marks=(Mark(-1, NOT_EVALUABLE, anchor.missing),)
        )
    hit = condition.scope.hit
    if hit in ("any", "every"):
        return _many(condition, call, anchor, every=hit == "every")
    marks = anchor.marks
    if hit == "last":
        if not anchor.settled:
            return _WAITING
        chosen = marks[-1] if marks else None
        doubted = [chosen] if chosen is not None else []
    else:
        number = 1 if hit == "first" else int(hit)
        doubted = list(marks[:number])
        chosen = marks[number - 1] if len(marks) >= number else None
    for mark in doubted:
        if mark.verdict is PENDING:
            return _WAITING
        if mark.verdict is NOT_EVALUABLE:
            return _unknown(mark)
    if chosen is None:
        return _NO_ANCHOR if anchor.settled else _WAITING
    return condition.judge_window(call, condition.scope.window_at(call, chosen.turn))


def _many(condition: Condition, call: HeardCall, anchor: Outcome, every: bool) -> Outcome:
    outcomes: list[Outcome] = []
    for mark in anchor.marks:
        if mark.verdict is HIT:
            outcomes.append(condition.judge_window(call, condition.scope.window_at(call, mark.turn)))
        else:
            outcomes.append(_WAITING if mark.verdict is PENDING else _unknown(mark))
    if not anchor.settled:
        # Hits to come lie ahead; windows that only reach forward from them cannot touch what was heard.
        ahead = condition.scope.where in ("after", "current")
        outcomes.append(Outcome(PENDING, settled=False) if ahead else _WAITING)
    if not outcomes:
        return _NO_ANCHOR
    combined = (combine_all if every else combine_any)(outcomes)
    marks = sorted(
        dict.fromkeys(mark for outcome in outcomes for mark in outcome.marks), key=lambda mark: mark.turn
    )
    return replace(combined, marks=tuple(marks), settled=all(outcome.settled for outcome in outcomes))


def _unknown(mark: Mark) -> Outcome:
    return Outcome(NOT_EVALUABLE, missing=mark.missing, marks=(Mark(-1, NOT_EVALUABLE, mark.missing),))
