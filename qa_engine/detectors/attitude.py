"""How the agent treated the customer (服务态度): acts and faults turn by turn, and a level 1–5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qa_engine.detectors.base import at_least, mean_level, silent_model, turns_named, why_not
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction, TurnPrediction
from qa_engine.domain.report import ActMark, Attitude, FaultMark
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading

# How far (levels) one certain fault of a kind pulls the expected level down. Slight and few, because
# the model's level already knows of them; it must only never look untouched beside plain rudeness.
PULL: Mapping[str, float] = {"rude": 0.3, "impatient": 0.15, "blame": 0.15}
# Where the levels 2, 3, 4, 5 begin on the score. Closer together than 1.5, 2.5 … because an expected level
# shrinks towards the middle (chosen on out-of-fold predictions).
BOUNDS = (1.85, 2.7, 3.55, 4.35)


class AttitudeDetector:
    """Acts and faults of every agent turn that reach their thresholds, and the level of the whole call."""

    name = "attitude"
    version = "2"

    def detect(self, reading: Reading, prediction: Prediction) -> Attitude | NotEvaluable:
        """Return the attitude section, or why it cannot be judged. Linear in the number of turns."""
        missing = why_not("服务态度", reading, prediction, Speaker.AGENT)
        if missing is not None:
            return missing
        expected = mean_level(prediction.dialogue.attitude)
        if expected is None:
            return silent_model("服务态度")
        acts: list[ActMark] = []
        faults: list[FaultMark] = []
        limits = prediction.thresholds
        for said, turn in zip(reading.turns, prediction.turns, strict=True):
            if said.speaker is not Speaker.AGENT:
                continue
            acts += [
                ActMark(said.index, act, p) for act, p in turn.acts.items() if at_least(p, limits.acts, act)
            ]
            faults += [
                FaultMark(said.index, kind, p, _because(reading, turn, kind, said.index))
                for kind, p in turn.faults.items()
                if at_least(p, limits.faults, kind)
            ]
        score = attitude_score(expected, faults)
        return Attitude(attitude_level(score), score, tuple(acts), tuple(faults))


def _because(reading: Reading, turn: TurnPrediction, kind: str, before: int) -> tuple[int, ...]:
    grounds = turn.fault_grounds.get(kind, ())
    return turns_named(reading, (ground.turn for ground in grounds if ground.weight > 0.0), before)


def attitude_score(expected: float, faults: Sequence[FaultMark]) -> float:
    """Lower the model's expected level (1–5) by the faults found, each kind once; never below 1."""
    surest: dict[str, float] = {}
    for fault in faults:
        surest[fault.kind] = max(fault.confidence, surest.get(fault.kind, 0.0))
    return max(1.0, expected - sum(PULL.get(kind, 0.0) * sure for kind, sure in surest.items()))


def attitude_level(score: float) -> int:
    """The level whose band holds the score."""
    return 1 + sum(score >= bound for bound in BOUNDS)
