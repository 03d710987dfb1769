"""Inspector: the walk of one transcript, from words to a report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice

from qa_engine import __version__
from qa_engine.detectors.base import ConversationModel
from qa_engine.domain.finding import CriterionVerdict, DetectorFailure, NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import CriterionResult, EngineInfo, InspectionReport, NotEvaluated
from qa_engine.domain.scorecard import Outcome, Scorecard
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector.guard import as_not_evaluable, guarded
from qa_engine.inspector.sections import DETECTOR_VERSIONS, detect_sections
from qa_engine.rules import Facts, RuleSet
from qa_engine.scoring import grade, share_out, total
from qa_engine.scoring.priority import advise_review
from qa_engine.text.reading import Reading, read_transcript

_NO_ROLES = NotEvaluable(
    "no_roles", "分不清哪些话是坐席说的、哪些是客户说的，模型无法判断；请提供带角色的转写，或指定坐席声道"
)
_ONE_SIDED = NotEvaluable(
    "one_sided", "转写里只有一方的发言，缺的那一方说了什么无从得知，不能判定；请检查转写是否完整"
)


class Inspector:
    """Judges transcripts by one scorecard revision and one model.

    Args:
        scorecard: what is judged and what it is worth.
        rules: the compiled rules of that scorecard.
        model: a learned model, or why there is none (then every model-based item says so).
    """

    def __init__(self, scorecard: Scorecard, rules: RuleSet, model: ConversationModel | NotEvaluable) -> None:
        self.scorecard = scorecard
        self._rules = rules
        self._model = model
        self._engine = EngineInfo(__version__, _model_name(model), DETECTOR_VERSIONS)

    @property
    def fingerprint(self) -> str:
        """Names everything that decides a report; equal fingerprints give equal reports."""
        detectors = ",".join(f"{name}={version}" for name, version in sorted(DETECTOR_VERSIONS.items()))
        text = "\n".join([__version__, self.scorecard.digest, str(self._engine.model), detectors])
        return hashlib.sha256(text.encode()).hexdigest()

    def inspect(self, transcript: Transcript) -> InspectionReport:
        """Inspect one transcript."""
        return next(self.inspect_many([transcript]))

    def inspect_many(
        self, transcripts: Iterable[Transcript], chunk_size: int = 64
    ) -> Iterator[InspectionReport]:
        """Inspect a stream in constant memory, in order; the model sees a whole chunk at once."""
        source = iter(transcripts)
        while chunk := list(islice(source, chunk_size)):
            readings = [read_transcript(transcript) for transcript in chunk]
            for reading, prediction in zip(readings, self.predict(readings), strict=True):
                yield self.judge(reading, prediction)

    def predict(self, readings: Sequence[Reading]) -> list[Prediction | NotEvaluable]:
        """What the model says of every reading, or why it says nothing."""
        model = self._model
        if isinstance(model, NotEvaluable):
            return [model] * len(readings)
        known = [reading for reading in readings if reading.transcript.has_roles]
        said = guarded("model", model.info.version, lambda: model.predict(known))
        if not isinstance(said, DetectorFailure):
            found: Iterator[Prediction | NotEvaluable] = iter(said)
        elif len(known) > 1:
            # One conversation broke the chunk: the others must not pay for it.
            found = iter([self.predict([reading])[0] for reading in known])
        else:
            found = iter([as_not_evaluable(said)])
        return [next(found) if r.transcript.has_roles else _NO_ROLES for r in readings]

    def judge(self, reading: Reading, prediction: Prediction | NotEvaluable) -> InspectionReport:
        """Judge one reading, given what the model said of it."""
        transcript = reading.transcript
        verdicts = self._verdicts(Facts(reading, prediction))
        results = share_out(self.scorecard, grade(self.scorecard, verdicts, transcript))
        sections = detect_sections(reading, prediction)
        missing = (*sections.missing, *_fallback(prediction), *_unjudged(results))
        return InspectionReport(
            transcript_id=transcript.id,
            scorecard_key=self.scorecard.key,
            scorecard_revision=self.scorecard.revision,
            scorecard_digest=self.scorecard.digest,
            engine=self._engine,
            total=total(self.scorecard, results),
            criteria=results,
            attitude=sections.attitude,
            resolution=sections.resolution,
            satisfaction=sections.satisfaction,
            complaint=sections.complaint,
            emotion=sections.emotion,
            review=advise_review(
                attitude=sections.attitude,
                resolution=sections.resolution,
                complaint=sections.complaint,
                emotion=sections.emotion,
                criteria=results,
                not_evaluated=missing,
                probability=None if isinstance(prediction, NotEvaluable) else prediction.dialogue.review,
                threshold=None if isinstance(prediction, NotEvaluable) else prediction.thresholds.review,
                evidence=sections.review_evidence,
            ),
            not_evaluated=missing,
            flags=transcript.flags,
        )

    def _verdicts(self, facts: Facts) -> dict[str, CriterionVerdict | NotEvaluable]:
        if facts.reading.transcript.one_sided:
            # "No violation found" where nobody spoke would be silently clean.
            return {criterion.key: _ONE_SIDED for criterion in self.scorecard.criteria}
        verdicts = guarded("rules", __version__, lambda: self._rules.evaluate(facts))
        if not isinstance(verdicts, DetectorFailure):
            return dict(verdicts)
        each: dict[str, CriterionVerdict | NotEvaluable] = {}
        for criterion in self.scorecard.criteria:
            key = criterion.key
            one = guarded(key, __version__, partial(self._rules.evaluate_one, key, facts))
            each[key] = as_not_evaluable(one) if isinstance(one, DetectorFailure) else one
        return each


def _model_name(model: ConversationModel | NotEvaluable) -> str | None:
    if isinstance(model, NotEvaluable):
        return None
    return f"{model.info.name}-{model.info.version}@{model.info.digest[:12]}"


def _fallback(prediction: Prediction | NotEvaluable) -> tuple[NotEvaluated, ...]:
    if isinstance(prediction, NotEvaluable) or prediction.model.fallback_reason is None:
        return ()
    return (NotEvaluated("model", prediction.model.fallback_reason, "model_fallback"),)


def _unjudged(results: Sequence[CriterionResult]) -> tuple[NotEvaluated, ...]:
    return tuple(
        NotEvaluated(f"criterion:{result.key}", f"{result.name}：{result.reason}", result.code)
        for result in results
        if result.outcome is Outcome.NOT_EVALUATED
    )
