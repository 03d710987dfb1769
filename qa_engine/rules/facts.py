"""What rules may know about a conversation."""

from __future__ import annotations

from dataclasses import dataclass

from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.text.reading import Reading


@dataclass(frozen=True, slots=True)
class Facts:
    """A finished conversation as read, and what the model said of it (or why it said nothing)."""

    reading: Reading
    prediction: Prediction | NotEvaluable
