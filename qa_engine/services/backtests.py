"""回测: stored calls judged again by another revision, and what people had said of what changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from qa_engine import __version__
from qa_engine.domain.access import EVERYTHING, Permission
from qa_engine.domain.finding import DetectorFailure
from qa_engine.domain.rates import Rate
from qa_engine.domain.refusal import Invalid, NotFound
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.inspector.guard import guarded
from qa_engine.services.blindness import reports_judged_blind
from qa_engine.services.final_scores import human_outcomes
from qa_engine.services.recording import LETTERS
from qa_engine.services.tasks import find_task
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.envelope import unpack_body
from qa_engine.store.tables import DecisionRow, ReportRow, ScorecardRow, TaskRow, TranscriptRow
from qa_engine.store.transcripts import raw_transcript

MOST_CALLS = 20_000
AT_ONCE = 500
"""Back-tests of more calls are done in the background."""
MOST_LISTED = 500
CHUNK = 64
_OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


@dataclass(frozen=True, slots=True)
class BacktestWish:
    """Which calls to judge again.

    Attributes:
        against: whose current reports are compared; the key of the revision itself as a rule.
        last: of the newest so many.
        sample: only so many of them, drawn at random by ``seed``; None = all.
    """

    against: str
    last: int = AT_ONCE
    sample: int | None = None
    seed: int = 1

    @property
    def calls(self) -> int:
        """How many calls it takes at most."""
        return self.last if self.sample is None else min(self.last, self.sample)


@dataclass(frozen=True, slots=True)
class CriterionChange:
    """A criterion that comes out differently. ``human``: what people decided of it, if they did."""

    key: str
    name: str
    before: Outcome | None
    after: Outcome | None
    human: Outcome | None
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedCall:
    """A call whose result changes; percents of the machine, both without human decisions."""

    report_id: int
    percent_before: float
    percent_after: float
    passed_before: bool | None
    passed_after: bool | None
    criteria: tuple[CriterionChange, ...]


@dataclass
class CriterionTally:
    """What became of one criterion over all calls.

    Attributes:
        changed: how often each pair of (before, after) occurred, unchanged ones left out.
        failed_reviewed, failed_right: calls it newly fails that people decided, and those where people also
            found it FAILED: the precision of what is new.
        cleared_reviewed, cleared_right: calls it no longer fails that people decided, and those where
            people did not find it FAILED either.
        decided, right_before, right_after: all decided calls, and how many each revision agrees with.
    """

    key: str
    name: str
    changed: Counter[tuple[Outcome | None, Outcome | None]] = field(default_factory=Counter)
    failed_reviewed: int = 0
    failed_right: int = 0
    cleared_reviewed: int = 0
    cleared_right: int = 0
    decided: int = 0
    right_before: int = 0
    right_after: int = 0

    def count(self, before: Outcome | None, after: Outcome | None, human: Outcome | None) -> None:
        """Add one call."""
        if before is not after:
            self.changed[before, after] += 1
        if human is None:
            return
        if before is not None and after is not None:
            self.decided += 1
            self.right_before += before is human
            self.right_after += after is human
        if after is Outcome.FAILED and before is not Outcome.FAILED:
            self.failed_reviewed += 1
            self.failed_right += human is Outcome.FAILED
        if before is Outcome.FAILED and after is not Outcome.FAILED and after is not None:
            self.cleared_reviewed += 1
            self.cleared_right += human is not Outcome.FAILED


@dataclass
class Backtest:
    """The outcome of a back-test.

    Attributes:
        chosen: calls looked at. judged: those judged again. gone: their original text was purged or erased.
        crashed: the engine broke on them.
        other_engine: calls whose stored report came from another engine version or model, so that some
            changes may have nothing to do with the scorecard.
        changed: the first ``MOST_LISTED`` changed calls, newest first; ``changed_calls`` counts all.
        passed_before, passed_after: of the judged calls (the machine's, without human decisions).
    """

    chosen: int = 0
    judged: int = 0
    gone: int = 0
    crashed: int = 0
    other_engine: int = 0
    changed_calls: int = 0
    passed_before: Rate = field(default_factory=lambda: Rate(0, 0))
    passed_after: Rate = field(default_factory=lambda: Rate(0, 0))
    changed: list[ChangedCall] = field(default_factory=list)
    criteria: dict[str, CriterionTally] = field(default_factory=dict)

    def tally(self, key: str, name: str) -> CriterionTally:
        """The tally of a criterion."""
        return self.criteria.setdefault(key, CriterionTally(key, name))

    @property
    def new_failures(self) -> Rate:
        """Precision of newly FAILED items by human decisions, over all criteria."""
        tallies = self.criteria.values()
        return Rate(sum(t.failed_right for t in tallies), sum(t.failed_reviewed for t in tallies))


@dataclass(frozen=True, slots=True)
class Past:
    """A stored call: what the machine said of it then, and what people did.

    ``transcript`` is None when the original is gone. ``outcomes``: criterion → (name, outcome).
    """

    report_id: int
    percent: float
    passed: bool | None
    engine: tuple[str, str | None]
    outcomes: Mapping[str, tuple[str, Outcome]]
    humans: Mapping[str, Outcome]
    transcript: Transcript | None


def choose_calls(work: Work, revision: ScorecardRow, wish: BacktestWish) -> list[int]:
    """Ids of the reports to compare with, newest first, within the caller's scope; audited.

    Raises:
        Forbidden: the caller may not edit scorecards.
        Invalid: there are none.
    """
    work.require(Permission.EDIT_SCORECARDS)
    r = ReportRow
    newest = (
        select(r.id)
        .where(
            r.current,
            r.scorecard_key == wish.against,
            *visible(work.rows, r.business_line, r.team, r.agent_id),
        )
        .order_by(r.happened_at.desc(), r.id.desc())
        .limit(min(wish.last, MOST_CALLS))
    )
    blind = reports_judged_blind(work)
    ids = [one for one in work.session.scalars(newest) if one not in blind]
    if not ids:
        raise Invalid(
            f"可见范围内没有用评分表 {wish.against} 评过的会话，无从回测。",
            f"No calls judged by scorecard {wish.against} within your scope.",
            "against",
        )
    if wish.sample is not None and wish.sample < len(ids):
        drawn = set(random.Random(wish.seed).sample(ids, wish.sample))
        ids = [one for one in ids if one in drawn]
    work.audit("scorecard.backtested", f"scorecard:{revision.id}", against=wish.against, calls=len(ids))
    return ids


def read_past(work: Work, report_ids: Sequence[int]) -> list[Past]:
    """What is stored of these calls, in this order."""
    rows = work.session.execute(
        select(ReportRow, TranscriptRow)
        .join(TranscriptRow, TranscriptRow.id == ReportRow.transcript_id)
        .where(ReportRow.id.in_(report_ids))
    ).all()
    decisions = work.session.scalars(
        select(DecisionRow).where(DecisionRow.report_id.in_(report_ids)).order_by(DecisionRow.id)
    )
    humans: dict[int, list[DecisionRow]] = {}
    for decision in decisions:
        humans.setdefault(decision.report_id, []).append(decision)
    found = {
        report.id: Past(
            report.id,
            report.percent,
            report.passed,
            (report.engine_version, report.model),
            dict(_outcomes(report)),
            {key: one.outcome for key, one in human_outcomes(humans.get(report.id, ())).items()},
            raw_transcript(work.keyring, transcript),
        )
        for report, transcript in rows
    }
    return [found[one] for one in report_ids if one in found]


def compare(result: Backtest, inspector: Inspector, past: Sequence[Past]) -> None:
    """Judge a chunk of calls again and add what changes to ``result``. Needs no database."""
    kept = [(one, one.transcript) for one in past if one.transcript is not None]
    result.chosen += len(past)
    result.gone += len(past) - len(kept)
    reports = _judged(inspector, [transcript for _, transcript in kept])
    for (one, _), report in zip(kept, reports, strict=True):
        if report is None:
            result.crashed += 1
        else:
            _count(result, one, report)


def _judged(inspector: Inspector, transcripts: Sequence[Transcript]) -> list[InspectionReport | None]:
    found = guarded("inspector", __version__, lambda: list(inspector.inspect_many(transcripts, CHUNK)))
    if not isinstance(found, DetectorFailure):
        return list(found)
    if len(transcripts) == 1:
        return [None]
    # One conversation broke the chunk: the others are judged all the same.
    return [report for transcript in transcripts for report in _judged(inspector, [transcript])]


def _count(result: Backtest, past: Past, report: InspectionReport) -> None:
    total, after = report.total, {item.key: item for item in report.criteria}
    percent = round(total.percent, 2)
    result.judged += 1
    result.other_engine += past.engine != (report.engine.version, report.engine.model)
    result.passed_before = _counted(result.passed_before, past.passed)
    result.passed_after = _counted(result.passed_after, total.passed)
    changes: list[CriterionChange] = []
    for key, name in _named(past, report):
        was = past.outcomes[key][1] if key in past.outcomes else None
        now = after[key].outcome if key in after else None
        human = past.humans.get(key)
        result.tally(key, name).count(was, now, human)
        if was is not now:
            turns = tuple(sorted({quote.turn for quote in after[key].evidence})) if key in after else ()
            changes.append(CriterionChange(key, name, was, now, human, turns))
    if not changes and (past.percent, past.passed) == (percent, total.passed):
        return
    result.changed_calls += 1
    if len(result.changed) < MOST_LISTED:
        result.changed.append(
            ChangedCall(past.report_id, past.percent, percent, past.passed, total.passed, tuple(changes))
        )


def _named(past: Past, report: InspectionReport) -> Iterator[tuple[str, str]]:
    """Every criterion of both, the new revision's first."""
    names = {item.key: item.name for item in report.criteria}
    yield from names.items()
    yield from ((key, name) for key, (name, _) in past.outcomes.items() if key not in names)


def _counted(rate: Rate, passed: bool | None) -> Rate:
    return rate if passed is None else Rate(rate.hits + passed, rate.n + 1)


def _outcomes(report: ReportRow) -> Iterable[tuple[str, tuple[str, Outcome]]]:
    body = unpack_body(report.schema_version, report.body)
    for letter, item in zip(report.outcomes, body["criteria"], strict=True):
        yield item["key"], (item["name"], _OUTCOMES[letter])


def find_backtest(work: Work, task_id: str, kind: str) -> TaskRow:
    """A back-test that was handed to a worker.

    Raises:
        Forbidden: the caller may not edit scorecards.
        NotFound: there is none, or it is somebody else's and may hold calls out of the caller's scope.
    """
    work.require(Permission.EDIT_SCORECARDS)
    task = find_task(work, task_id, kind)
    if task.created_by != work.actor and work.rows != EVERYTHING:
        raise NotFound("回测", "back-test", "task_id")
    return task
