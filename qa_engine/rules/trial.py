"""The ``test:`` of a condition: a tree of operators, all on one level (unit, scope or call)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from typing_extensions import override

from qa_engine.domain.finding import Finding, Verdict
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, join_all, join_any, negated, unjudged
from qa_engine.rules.operators.base import CallOperator, Operator, ScopeOperator, UnitOperator
from qa_engine.rules.passage import Passage
from qa_engine.rules.window import Unit, Window, turn_of

_LACKING = "not"
# Far above any sensible min_confidence: between this and 1 no verdict changes.
SURE_ENOUGH = 0.9
_ABSENT = "没有符合所列要求的内容"


class Outline(NamedTuple):
    """Outside ``turns`` every turn says ``rest`` (MISS or NOT_EVALUABLE).

    ``sureness[turn]`` is how sure a MISS at that turn is; None where ``rest`` says it for all.
    """

    turns: Collection[int]
    rest: Judged
    sureness: Sequence[float] | None = None

    def with_doubtful(self) -> Outline:
        """The same with all turns worth judging at which a miss is doubtful by this outline alone.

        Another part may be surer of the miss there; elsewhere this part is sure enough by itself.
        """
        if self.sureness is None:
            return self
        doubtful = {turn for turn, sure in enumerate(self.sureness) if sure < SURE_ENOUGH}
        return Outline(sorted(doubtful.union(self.turns)), self.rest, self.sureness)

    def miss_confidence(self, units: Sequence[Unit]) -> float:
        """How sure it is that all of these units miss."""
        if self.sureness is None:
            return self.rest.confidence
        return min((self.sureness[turn_of(unit)] for unit in units), default=1.0)


class Trial(ABC):
    """A node of the tree."""

    @abstractmethod
    def operators(self) -> Iterator[Operator]:
        """All operators below."""

    @abstractmethod
    def outline(self, call: HeardCall) -> Outline | None:
        """Which turns must be judged and what all others say; None when every turn must be judged."""

    @abstractmethod
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        """Judge one passage."""

    @abstractmethod
    def tally(self, call: HeardCall, window: Window) -> Judged:
        """Judge a window (trees of scope and call operators)."""

    @property
    @abstractmethod
    def monotone(self) -> bool:
        """True when more text can never undo a hit."""


@dataclass(frozen=True, slots=True)
class Leaf(Trial):
    """One operator; ``number`` tells equal operators of a rule set apart in the cache."""

    operator: Operator
    number: int

    @override
    def operators(self) -> Iterator[Operator]:
        yield self.operator

    @override
    def outline(self, call: HeardCall) -> Outline | None:
        operator = self.operator
        if not isinstance(operator, UnitOperator):
            return None
        why = operator.hopeless(call)
        if why is not None:
            return Outline((), unjudged(why))
        scanned = operator.scan(call)
        if scanned is not None:
            return Outline(scanned.worth, MISSED, scanned.sureness)
        turns = operator.candidates(call)
        return None if turns is None else Outline(turns, MISSED)

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        operator = self.operator
        if isinstance(operator, UnitOperator):
            if not passage.is_turn:
                return operator.judge(call, passage)
            key = (self.number, passage.turn.index)
            known = call.judged.get(key)
            if known is None:
                known = operator.judge(call, passage)
                if known.verdict is not Verdict.PENDING:
                    call.judged[key] = known
            return known
        assert isinstance(operator, CallOperator)
        return operator.decide(call)

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        if isinstance(self.operator, ScopeOperator):
            return self.operator.tally(call, window)
        assert isinstance(self.operator, CallOperator)
        return self.operator.decide(call)

    @property
    @override
    def monotone(self) -> bool:
        return self.operator.monotone


@dataclass(frozen=True, slots=True)
class Every(Trial):
    """``all`` within one unit."""

    parts: Sequence[Trial]

    @override
    def operators(self) -> Iterator[Operator]:
        for part in self.parts:
            yield from part.operators()

    @override
    def outline(self, call: HeardCall) -> Outline | None:
        # Where one part misses, the whole misses, whatever the others say.
        outlines = [outline for part in self.parts if (outline := part.outline(call)) is not None]
        missing = [outline for outline in outlines if outline.rest.verdict is Verdict.MISS]
        plain = [outline for outline in missing if outline.sureness is None]
        if plain:
            return min(plain, key=lambda outline: len(outline.turns))
        if missing:
            return min(missing, key=lambda outline: len(outline.turns)).with_doubtful()
        if len(outlines) < len(self.parts):
            return None
        turns = set[int]().union(*(outline.turns for outline in outlines))
        return Outline(sorted(turns), join_all([outline.rest for outline in outlines]))

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        judged = join_all([part.judge(call, passage) for part in self.parts])
        # What was found explains a hit; that something else is lacking there only widens the quotation.
        found = tuple(finding for finding in judged.findings if finding.key != _LACKING)
        if judged.verdict is Verdict.HIT and found and len(found) < len(judged.findings):
            return Judged(Verdict.HIT, found, None, judged.confidence)
        return judged

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        return join_all([part.tally(call, window) for part in self.parts])

    @property
    @override
    def monotone(self) -> bool:
        return all(part.monotone for part in self.parts)


@dataclass(frozen=True, slots=True)
class Either(Trial):
    """``any`` within one unit."""

    parts: Sequence[Trial]

    @override
    def operators(self) -> Iterator[Operator]:
        for part in self.parts:
            yield from part.operators()

    @override
    def outline(self, call: HeardCall) -> Outline | None:
        outlines: list[Outline] = []
        for part in self.parts:
            outline = part.outline(call)
            if outline is None:
                return None
            outlines.append(outline)
        turns = set[int]().union(*(outline.turns for outline in outlines))
        graded = [outline.sureness for outline in outlines if outline.sureness is not None]
        sureness: Sequence[float] | None = graded[0] if graded else None
        if len(graded) > 1:
            sureness = [min(turn) for turn in zip(*graded, strict=True)]
        return Outline(sorted(turns), join_any([outline.rest for outline in outlines]), sureness)

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        return join_any([part.judge(call, passage) for part in self.parts])

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        return join_any([part.tally(call, window) for part in self.parts])

    @property
    @override
    def monotone(self) -> bool:
        return all(part.monotone for part in self.parts)


@dataclass(frozen=True, slots=True)
class Without(Trial):
    """``not`` within one unit: the whole unit is the evidence for what it lacks."""

    part: Trial

    @override
    def operators(self) -> Iterator[Operator]:
        yield from self.part.operators()

    @override
    def outline(self, call: HeardCall) -> Outline | None:
        # Where the part misses this hits, with the unit as evidence: each must be looked at.
        return None

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        judged = self.part.judge(call, passage)
        if judged.verdict is Verdict.MISS:
            lacking = Finding(_LACKING, passage.whole(), judged.confidence, _ABSENT)
            return Judged(Verdict.HIT, (lacking,), None, judged.confidence)
        return Judged(negated(judged.verdict), judged.findings, judged.missing, judged.confidence)

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        judged = self.part.tally(call, window)
        return Judged(negated(judged.verdict), judged.findings, judged.missing, judged.confidence)

    @property
    @override
    def monotone(self) -> bool:
        return False
