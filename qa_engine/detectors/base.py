"""What detectors need of a learned model, declared by the consumer; `models` satisfies it by shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from qa_engine.domain.finding import Evidence, NotEvaluable
from qa_engine.domain.prediction import Ground, ModelInfo, Prediction
from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import Reading

Section = TypeVar("Section", covariant=True)

PARTY: Mapping[Speaker, str] = {Speaker.AGENT: "坐席", Speaker.CUSTOMER: "客户"}
# For a label the model states no threshold for.
DEFAULT_THRESHOLD = 0.5


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

    @property
    def name(self) -> str:
        """Key of the section in the report; also what ``not_evaluated`` calls it."""
        ...

    @property
    def version(self) -> str:
        """Raised whenever the same input may give another section."""
        ...

    def detect(self, reading: Reading, prediction: Prediction) -> Section | NotEvaluable:
        """Return this detector's section of the report, or why it cannot be judged.

        Raises:
            ValueError: ``prediction.turns`` is not parallel to ``reading.turns``.
        """
        ...


def why_not(what: str, reading: Reading, prediction: Prediction, *needed: Speaker) -> NotEvaluable | None:
    """Say why ``what`` (a Chinese noun) cannot be judged here, or None when it can.

    Args:
        what: the section in Chinese, the subject of the reason, e.g. ``客户情绪``.
        reading: the conversation.
        prediction: what the model said about it.
        needed: parties that must have spoken; a turn without words does not count.

    Raises:
        ValueError: ``prediction.turns`` is not parallel to ``reading.turns``.
    """
    if len(prediction.turns) != len(reading.turns):
        raise ValueError(f"{len(prediction.turns)} predicted turns for {len(reading.turns)} read turns")
    if not reading.turns:
        return NotEvaluable("no_turns", f"会话中没有任何发言，无法判断{what}")
    if reading.transcript.role_source == "unknown":
        return NotEvaluable("no_roles", f"不知道每句话是坐席还是客户说的，无法判断{what}")
    present = {turn.speaker for turn in reading.turns if turn.text.strip()}
    for speaker in needed:
        if speaker not in present:
            return NotEvaluable(f"no_{speaker.value}_turns", f"没有{PARTY[speaker]}的发言，无法判断{what}")
    return None


def at_least(probability: float, thresholds: Mapping[str, float], label: str) -> bool:
    """Tell whether a label reaches its threshold; a label without any probability never does."""
    return 0.0 < probability >= thresholds.get(label, DEFAULT_THRESHOLD)


def silent_model(what: str) -> NotEvaluable:
    """The reason when the model left out the probabilities that ``what`` (Chinese) rests on."""
    return NotEvaluable("no_prediction", f"模型没有给出判断{what}所需的概率")


def mean_level(distribution: Sequence[float]) -> float | None:
    """Expected level (1.0 up to its length) of probabilities for 1, 2, …; None when they are all zero."""
    whole = sum(distribution)
    if whole <= 0.0:
        return None
    return sum(level * probability for level, probability in enumerate(distribution, 1)) / whole


def turns_named(reading: Reading, named: Iterable[int], before: int | None = None) -> tuple[int, ...]:
    """The turns a model names as grounds, in order and each once.

    Args:
        reading: the conversation.
        named: indexes of turns.
        before: they must be earlier than this turn; None: anywhere in the conversation.

    Raises:
        ValueError: one is not there, or is not the agent's or the customer's.
    """
    turns = tuple(sorted(set(named)))
    end = len(reading.turns) if before is None else before
    for turn in turns:
        if not 0 <= turn < end:
            raise ValueError(f"turn {turn} is named, where only turns 0 to {end - 1} may be")
        if reading.turns[turn].speaker not in PARTY:
            raise ValueError(f"turn {turn} is named, which neither agent nor customer said")
    return turns


def quotes(reading: Reading, grounds: Iterable[Ground]) -> tuple[Evidence, ...]:
    """The turns that speak for a verdict (weight > 0) as evidence: whole turns in order, no blank ones.

    Raises:
        ValueError: see ``turns_named``.
    """
    turns = turns_named(reading, (ground.turn for ground in grounds if ground.weight > 0.0))
    said = [reading.turns[turn] for turn in turns]
    return tuple(turn.evidence(0, len(turn.text)) for turn in said if turn.text.strip())
