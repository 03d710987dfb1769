"""What detectors need of a learned model, declared by the consumer; `models` satisfies it by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from qa_engine.domain.prediction import ModelInfo, Prediction
from qa_engine.text.reading import Reading

Section = TypeVar("Section", covariant=True)


class ConversationModel(Protocol):
    """A learned model that reads conversations in batches."""

    @property
    def info(self) -> ModelInfo:
        """Which model this is, named in every report."""
        ...

    def predict(self, readings: Sequence[Reading]) -> list[Prediction]:
        """Predict for a chunk of conversations at once; the result is parallel to ``readings``.

        Raises:
            ModelUnavailable: the model cannot be used.
        """
        ...


class Detector(Protocol[Section]):
    """One section of the report. ``detect`` must be pure; a crash becomes a DetectorFailure."""

    name: str
    version: str

    def detect(self, reading: Reading, prediction: Prediction) -> Section:
        """Return this detector's section of the report."""
        ...
