"""What the units of one window said, counted."""

from __future__ import annotations

from collections.abc import Sequence

from qa_engine.domain.finding import Finding, NotEvaluable, Verdict
from qa_engine.rules.judged import HIT, MISS, NOT_EVALUABLE, PENDING, Judged
from qa_engine.rules.outcome import Mark
from qa_engine.rules.window import Unit, Window, turn_of


class Tally:
    """Counts what the units of one window said."""

    def __init__(self) -> None:
        self.hits: list[Judged] = []
        self.missed: list[int] = []
        self.lost: tuple[Finding, ...] = ()
        self.marks: list[Mark] = []
        self.pending = False
        self.missing: NotEvaluable | None = None
        self.miss_confidence = 1.0
        # Units that may or may not be in scope, and why that will never be known.
        self.unsure_hit = False
        self.unsure_miss = False
        self.doubt: NotEvaluable | None = None

    def take(self, unit: Unit, verdicts: Sequence[Judged], unsure_of: Window | None) -> None:
        """Count one unit; ``unsure_of``: the window it may or may not belong to."""
        turn = turn_of(unit)
        for judged in verdicts:
            verdict = judged.verdict
            if unsure_of is not None and verdict in (HIT, MISS):
                self._take_unsure(turn, verdict, unsure_of)
            elif verdict is HIT:
                self.hits.append(judged)
                self._mark(turn, HIT, None)
            elif verdict is MISS:
                self.missed.append(turn)
                self.lost += judged.findings
                self.miss_confidence = min(self.miss_confidence, judged.confidence)
            elif verdict is PENDING:
                self.pending = True
                self._mark(turn, PENDING, None)
            else:
                self.missing = self.missing or judged.missing
                self._mark(turn, NOT_EVALUABLE, judged.missing)

    def _take_unsure(self, turn: int, verdict: Verdict, window: Window) -> None:
        if verdict is HIT:
            self._mark(turn, NOT_EVALUABLE, window.doubt)
        self.unsure_hit = self.unsure_hit or verdict is HIT
        self.unsure_miss = self.unsure_miss or verdict is MISS
        self.doubt = window.doubt

    def _mark(self, turn: int, verdict: Verdict, missing: NotEvaluable | None) -> None:
        if not self.marks or self.marks[-1].turn != turn or self.marks[-1].verdict is not verdict:
            self.marks.append(Mark(turn, verdict, missing))
