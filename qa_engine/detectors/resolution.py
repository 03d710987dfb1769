"""Was the customer's matter settled (问题解决)."""

from __future__ import annotations

from qa_engine.detectors.base import silent_model, turns_named, why_not
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import RESOLUTIONS, Prediction
from qa_engine.domain.report import Resolution
from qa_engine.domain.resolution import resolution_label
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading

MOST_TURNS = 5


class ResolutionDetector:
    """Status resolved, partial or unresolved with its probabilities and the turns it rests on."""

    name = "resolution"
    version = "2"

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
        turns = turns_named(reading, prediction.dialogue.resolution_turns[:MOST_TURNS])
        return Resolution(resolution_label(probabilities), probabilities, turns)
