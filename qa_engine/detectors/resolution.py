"""Was the customer's matter settled (问题解决)."""

from __future__ import annotations

from collections.abc import Mapping

from qa_engine.detectors.base import silent_model, why_not
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import RESOLUTIONS, Prediction
from qa_engine.domain.report import Resolution
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading

# What it costs to overlook each status, relative to "resolved". The rarer ones are the ones people
# act on, so the status is the one with the highest probability × weight, not the bare maximum.
WEIGHT: Mapping[str, float] = {"resolved": 1.0, "partial": 1.2, "unresolved": 1.2}
MOST_TURNS = 5


class ResolutionDetector:
    """Status resolved, partial or unresolved with its probabilities and the turns it rests on."""

    name = "resolution"
    version = "1"

    def detect(self, reading: Reading, prediction: Prediction) -> Resolution | NotEvaluable:
        """Return the resolution section, or why it cannot be judged.

        ``turns`` are at most five, in order of the conversation.
        """
        missing = why_not("问题是否解决", reading, prediction, Speaker.AGENT, Speaker.CUSTOMER)
        if missing is not None:
            return missing
        given = prediction.dialogue.resolution
        whole = sum(given.get(status, 0.0) for status in RESOLUTIONS)
        if whole <= 0.0:
            return silent_model("问题是否解决")
        probabilities = {status: given.get(status, 0.0) / whole for status in RESOLUTIONS}
        turns = sorted(prediction.dialogue.resolution_turns[:MOST_TURNS])
        return Resolution(
            resolution_status(probabilities),
            probabilities,
            tuple(turns),
        )


def resolution_status(probabilities: Mapping[str, float]) -> str:
    """Decide the status; between equals the worse one, so that nothing is passed off as settled."""
    return max(
        RESOLUTIONS, key=lambda status: (probabilities[status] * WEIGHT[status], RESOLUTIONS.index(status))
    )
