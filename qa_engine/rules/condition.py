"""A compiled condition and its judgement on what has been heard."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from qa_engine.domain.finding import Finding, LookedAt, Verdict
from qa_engine.rules.anchors import anchored
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import Judged
from qa_engine.rules.likeness import Sought
from qa_engine.rules.operators.base import NO_ROLES, Level, Live, Need
from qa_engine.rules.outcome import Absence, Mark, Outcome
from qa_engine.rules.passage import Passage, joined
from qa_engine.rules.scope import Scope
from qa_engine.rules.tally import Tally
from qa_engine.rules.trial import Outline, Trial
from qa_engine.rules.window import Unit, Window, turn_of

HIT, MISS, PENDING = Verdict.HIT, Verdict.MISS, Verdict.PENDING
NOT_APPLICABLE, NOT_EVALUABLE = Verdict.NOT_APPLICABLE, Verdict.NOT_EVALUABLE
_ANYWHERE = Mark(-1, PENDING)


@dataclass(frozen=True)
class Condition:
    """role + scope + match + quantifier + test, ready to judge.

    ``name`` is the name in the file, or a generated one for conditions written in place.
    ``leans_on_roles``: its verdict (or that of an anchor above it) depends on who speaks.
    """

    name: str
    scope: Scope
    match: Literal["turn", "clause", "joined"]
    quantifier: Literal["some", "all"]
    trial: Trial
    level: Level
    leans_on_roles: bool
    written_in_place: bool = False

    @cached_property
    def needs(self) -> frozenset[Need]:
        """What this condition cannot do without."""
        needs = frozenset[Need]().union(*(operator.needs for operator in self.trial.operators()))
        if self.scope.role != "any":
            needs |= {Need.ROLES}
        if self.scope.unit in ("seconds", "percent"):
            needs |= {Need.TIMES}
        return needs

    @cached_property
    def sought(self) -> Sought:
        """The phrases its operators look for."""
        return Sought(phrase for operator in self.trial.operators() for phrase in operator.phrases)

    @cached_property
    def live(self) -> Live:
        """``end`` when nothing can be said before the call is over."""
        from_end = self.scope.where is None and (self.scope.first or 0) < 0
        if from_end or self.scope.unit == "percent":
            return "end"
        return "end" if any(operator.live == "end" for operator in self.trial.operators()) else "now"

    @cached_property
    def monotone(self) -> bool:
        """True when more text can never undo a hit."""
        return self.trial.monotone

    def judge(self, call: HeardCall, anchor: Outcome | None) -> Outcome:
        """Judge on what was heard so far; PENDING only while the call is open."""
        if call.roles_unknown and self.leans_on_roles:
            return Outcome(NOT_EVALUABLE, missing=NO_ROLES)
        if self.level == "call":
            outcome = self._from_judged(self.trial.tally(call, Window()), Window())
        elif anchor is not None:
            outcome = anchored(self, call, anchor)
        else:
            outcome = self.judge_window(call, call.window(self.scope))
        if call.transcript.role_source == "inferred" and self.leans_on_roles:
            return _capped(outcome, call.transcript.role_confidence)
        return outcome

    def judge_window(self, call: HeardCall, window: Window) -> Outcome:
        """Judge one window."""
        if window.blank is not None:
            mark = Mark(-1, NOT_EVALUABLE, window.blank)
            return Outcome(NOT_EVALUABLE, missing=window.blank, marks=(mark,))
        if self.level == "scope":
            return self._from_judged(self.trial.tally(call, window), window)
        if self.match == "joined":
            return self._judge_joined(call, window)
        return self._judge_units(call, window)

    def passages(self, call: HeardCall, unit: Unit) -> Iterator[Passage]:
        """What the test is applied to in one unit."""
        if not isinstance(unit, int):
            yield call.clause(*unit)
        elif self.match == "clause":
            for clause in call.clauses((unit,)):
                yield call.clause(*clause)
        else:
            yield call.passage(unit)

    def _from_judged(self, judged: Judged, window: Window) -> Outcome:
        missed = judged.verdict is MISS
        return Outcome(
            judged.verdict,
            judged.findings,
            window.looked_at(),
            (),
            judged.missing,
            int(judged.verdict is HIT or missed),
            judged.confidence,
            (),
            judged.verdict is not PENDING,
        )

    def _judge_joined(self, call: HeardCall, window: Window) -> Outcome:
        passages = [passage for unit in window.sure for passage in self.passages(call, unit)]
        decided = window.complete and not window.unsure
        if not passages:
            judged = Judged(MISS) if not window.unsure else Judged(NOT_EVALUABLE, (), window.doubt)
        elif decided or self.monotone:
            judged = self.trial.judge(call, joined(passages))
        else:
            judged = Judged(NOT_EVALUABLE, (), window.doubt)
        if judged.verdict is not HIT or not (decided or self.monotone):
            if not window.complete:
                judged = Judged(PENDING)
            elif window.unsure and judged.verdict is not HIT:
                judged = Judged(NOT_EVALUABLE, (), window.doubt)
        outcome = self._from_judged(judged, window)
        absent = (Absence(self, window),) if judged.verdict is MISS else ()
        marks = (
            tuple(Mark(turn, HIT) for turn in _first_turn(judged.findings)) if judged.verdict is HIT else ()
        )
        if judged.verdict is PENDING:
            marks = (_ANYWHERE,)
        elif judged.verdict is NOT_EVALUABLE:
            marks = (Mark(-1, NOT_EVALUABLE, judged.missing),)
        return replace(outcome, absent=absent, marks=marks)

    def _judge_units(self, call: HeardCall, window: Window) -> Outcome:
        outline = None if self.quantifier == "all" else self.trial.outline(call)
        if outline is not None and not outline.turns and not window.unsure and outline.rest.verdict is MISS:
            if window.complete:
                sure_of_it = outline.miss_confidence(window.sure)
                return Outcome(MISS, (), window.looked_at(), (Absence(self, window),), None, 1, sure_of_it)
            return Outcome(PENDING, settled=False)
        tally = Tally()
        sure = window.sure if outline is None else self._worth_judging(outline, window.sure, tally)
        for unit in sure:
            tally.take(unit, [self.trial.judge(call, passage) for passage in self.passages(call, unit)], None)
        for unit in window.unsure:
            tally.take(
                unit, [self.trial.judge(call, passage) for passage in self.passages(call, unit)], window
            )
        if self.quantifier == "all":
            return self._all(window, tally)
        return self._some(call, window, tally)

    def _worth_judging(self, outline: Outline, units: Sequence[Unit], tally: Tally) -> Sequence[Unit]:
        """The units to judge one by one; what all the others say is counted at once."""
        if not units:
            return ()
        if outline.sureness is not None:
            judged = set(outline.turns)
            tally.miss_confidence = outline.miss_confidence([u for u in units if turn_of(u) not in judged])
        if outline.rest.verdict is MISS and isinstance(units[0], int):
            chosen: list[Unit] = []
            for turn in outline.turns:
                at = bisect_left(units, turn)
                if at < len(units) and units[at] == turn:
                    chosen.append(turn)
            return chosen
        turns = set(outline.turns)
        if outline.rest.verdict is not MISS:
            for unit in units:
                if turn_of(unit) not in turns:
                    tally.take(unit, (outline.rest,), None)
        return [unit for unit in units if turn_of(unit) in turns]

    def _some(self, call: HeardCall, window: Window, tally: Tally) -> Outcome:
        marks = [*tally.marks]
        for unit in window.open:
            if any(self.trial.judge(call, p).verdict is not MISS for p in self.passages(call, unit)):
                marks.append(Mark(turn_of(unit), PENDING))
        marks.sort(key=lambda mark: mark.turn)
        settled = window.complete and not tally.pending
        if tally.hits:
            return Outcome(
                HIT,
                tuple(finding for judged in tally.hits for finding in judged.findings),
                window.looked_at(),
                (),
                None,
                len(tally.hits),
                max(judged.confidence for judged in tally.hits),
                tuple(marks),
                settled,
            )
        if not settled:
            return Outcome(PENDING, marks=tuple(marks), settled=False)
        missing = tally.missing or (tally.doubt if tally.unsure_hit else None)
        if missing is not None:
            return Outcome(NOT_EVALUABLE, (), window.looked_at(), missing=missing, marks=tuple(marks))
        absent = (Absence(self, window),)
        return Outcome(MISS, (), window.looked_at(), absent, None, 1, tally.miss_confidence)

    def _all(self, window: Window, tally: Tally) -> Outcome:
        looked_at = window.looked_at()
        if tally.missed:
            places = tuple(LookedAt(turn, turn) for turn in dict.fromkeys(tally.missed))
            missed = Window(tuple(dict.fromkeys(tally.missed)))
            return Outcome(
                MISS, tally.lost, places, (Absence(self, missed),), None, len(places), tally.miss_confidence
            )
        if tally.pending or not window.complete:
            return Outcome(PENDING, marks=(_ANYWHERE,), settled=False)
        missing = tally.missing
        if tally.unsure_miss or (tally.unsure_hit and not tally.hits):
            missing = missing or tally.doubt
        if missing is not None:
            mark = Mark(-1, NOT_EVALUABLE, missing)
            return Outcome(NOT_EVALUABLE, (), looked_at, missing=missing, marks=(mark,))
        if not tally.hits:
            return Outcome(NOT_APPLICABLE)
        findings = tuple(finding for judged in tally.hits for finding in judged.findings)
        sure = min(judged.confidence for judged in tally.hits)
        return Outcome(HIT, findings, looked_at, (), None, 1, sure, tuple(tally.marks))


def _first_turn(findings: Sequence[Finding]) -> list[int]:
    turns = [evidence.turn for finding in findings for evidence in finding.evidence]
    return [min(turns)] if turns else []


def _capped(outcome: Outcome, most: float) -> Outcome:
    findings = tuple(
        finding if finding.confidence <= most else replace(finding, confidence=most)
        for finding in outcome.findings
    )
    return replace(outcome, findings=findings, confidence=min(outcome.confidence, most))
