"""The tests of a file, made ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa_engine.domain.errors import ConfigError
from qa_engine.domain.finding import LookedAt, NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import Transcript
from qa_engine.rules.source import Path, SourceMap
from qa_engine.scorecards.dialogue import transcript_of
from qa_engine.scorecards.file import EvidenceExpected, ScorecardFile, TestFile, TotalExpected
from qa_engine.scorecards.messages import suggestion
from qa_engine.scorecards.signals import prediction_of


@dataclass(frozen=True, slots=True)
class ScorecardTest:
    """One test of a scorecard file.

    Attributes:
        line: 1-based line at which the test begins.
        prediction: what stands in for the model, or ``NotEvaluable("no_model")``.
        outcomes: criterion key → expected outcome.
        evidence: criterion key → where its evidence must stand.
    """

    name: str
    line: int | None
    transcript: Transcript
    prediction: Prediction | NotEvaluable
    outcomes: Mapping[str, Outcome]
    evidence: Mapping[str, EvidenceExpected]
    total: TotalExpected | None


def looked_at_of(expected: EvidenceExpected) -> tuple[LookedAt, ...] | None:
    """The expected ranges as domain values, None when the test does not care."""
    if expected.looked_at is None:
        return None
    return tuple(LookedAt(first, last) for first, last in expected.looked_at)


def tests_of(
    written: ScorecardFile, source: SourceMap, errors: list[ConfigError]
) -> tuple[ScorecardTest, ...]:
    """Make every test of a file ready; what is wrong with one is added to ``errors``."""
    keys = [criterion.key for section in written.sections for criterion in section.criteria]
    ready = (_ready(test, ("tests", i), keys, source, errors) for i, test in enumerate(written.tests))
    return tuple(test for test in ready if test is not None)


def _ready(
    test: TestFile, path: Path, keys: list[str], source: SourceMap, errors: list[ConfigError]
) -> ScorecardTest | None:
    for name, given in (("expect", test.expect), ("evidence", test.evidence)):
        for key in given:
            if key not in keys:
                meant = suggestion(key, keys)
                remedy = f"您是不是想写 {meant}" if meant else "写本评分表里质检项的 key"
                errors.append(source.error((*path, name, key), f"没有质检项 {key}", remedy))
    transcript = transcript_of(test, path, source, errors)
    if transcript is None:
        return None
    for key, evidence in test.evidence.items():
        _check_turns(evidence, (*path, "evidence", key), len(transcript.turns), source, errors)
    prediction = prediction_of(test.signals, transcript, path, source, errors)
    return ScorecardTest(
        test.name, source.line_of(path), transcript, prediction, test.outcomes(), test.evidence, test.total
    )


def _check_turns(
    evidence: EvidenceExpected, path: Path, count: int, source: SourceMap, errors: list[ConfigError]
) -> None:
    remedy = f"这里从 0 数起：第 1 句写 0，这段对话是 0 到 {count - 1}"
    for turn in evidence.turns or []:
        if not 0 <= turn < count:
            errors.append(source.error((*path, "turns"), f"没有第 {turn + 1} 句（写作 {turn}）", remedy))
    for span in evidence.looked_at or []:
        if len(span) != 2 or not 0 <= span[0] <= span[1] < count:
            errors.append(source.error((*path, "looked_at"), "范围要写成 [起, 止]，且在对话之内", remedy))
