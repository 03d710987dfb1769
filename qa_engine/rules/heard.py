"""What has been heard of a call so far. Batch and live are the same: turns come in, then it closes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from qa_engine.domain.emotion import EmotionState, emotion_states
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import DialoguePrediction, Prediction, Thresholds, TurnPrediction
from qa_engine.domain.transcript import Speaker, Transcript
from qa_engine.rules.judged import Judged
from qa_engine.rules.language import Role
from qa_engine.rules.matcher import LiteralMatcher, TurnHits
from qa_engine.rules.passage import Passage, Piece
from qa_engine.rules.timeline import Timeline
from qa_engine.rules.window import Window
from qa_engine.text.reading import TurnReading
from qa_engine.text.redact import Entity, find_entities

if TYPE_CHECKING:
    from qa_engine.rules.scope import Scope

SILENT = TurnPrediction({}, {}, {})
_NOT_YET = NotEvaluable("call_not_finished", "通话尚未结束，还没有这一项")


class HeardCall:
    """The turns heard so far with everything that is worked out once per turn and shared by all rules.

    Args:
        matcher: the literals of the rule set.
        slots: number of literal slots.
        transcript: the facts about the call besides its turns (roles, attributes, duration, channel).
        prediction: what the model says; its ``turns`` are ignored, they come with `hear`.
    """

    def __init__(
        self,
        matcher: LiteralMatcher,
        slots: int,
        transcript: Transcript,
        prediction: Prediction | NotEvaluable,
    ) -> None:
        self._matcher = matcher
        self.transcript = transcript
        self.prediction = prediction
        self.closed = False
        self.turns: list[TurnReading] = []
        self.said: list[TurnPrediction | None] = []
        # How many turns the model said nothing of.
        self.unsaid = 0
        self.hits: list[TurnHits] = []
        # slot → turns with at least one hit, ascending
        self.slot_turns: list[list[int]] = [[] for _ in range(slots)]
        self._agent: list[int] = []
        self._customer: list[int] = []
        self._spoken: list[int] = []
        self._everything: list[int] = []
        self.doubtful: list[int] = []
        self.timeline = Timeline(self.turns)
        self._passages: dict[int, Passage] = {}
        # Judgements of turn-wise operators, kept so that overlapping windows and later turns pay once.
        self.judged: dict[tuple[int, int], Judged] = {}
        # What operators on the model's opinions worked out for all turns so far, by operator.
        self.scans: dict[int, tuple[list[int], list[float]]] = {}
        self._windows: dict[int, Window] = {}
        self._alphabets: dict[int, frozenset[str]] = {}
        self._entities: dict[int, tuple[Entity, ...]] = {}
        self._moods: dict[int, EmotionState] = {}

    def hear(self, turn: TurnReading, said: TurnPrediction | None) -> None:
        """Take in the next turn, with the model's opinion on it if there is one."""
        index = len(self.turns)
        self._windows.clear()
        self.turns.append(turn)
        self.said.append(said)
        self.unsaid += said is None
        hits = self._matcher.scan(turn.normalized.text)
        self.hits.append(hits)
        for slot in hits:
            self.slot_turns[slot].append(index)
        speaker = turn.turn.speaker
        self._everything.append(index)
        if speaker is Speaker.SYSTEM:
            return
        self._spoken.append(index)
        if speaker is Speaker.AGENT:
            self._agent.append(index)
        elif speaker is Speaker.CUSTOMER:
            self._customer.append(index)
        else:
            self.doubtful.append(index)

    def close(self) -> None:
        """The call is over; nothing more will come."""
        self.closed = True
        self._windows.clear()

    def window(self, scope: Scope) -> Window:
        """The window of a scope without anchor, shared by all conditions that have this very scope."""
        found = self._windows.get(id(scope))
        if found is None:
            found = self._windows[id(scope)] = scope.window(self)
        return found

    def seats(self, role: Role, include_system: bool) -> list[int]:
        """Turns known to be of a role, ascending."""
        if role == "agent":
            return self._agent
        if role == "customer":
            return self._customer
        return self._everything if include_system else self._spoken

    @property
    def roles_unknown(self) -> bool:
        """True when roles were never known (single turns of unknown speaker are another matter)."""
        return self.transcript.role_source == "unknown"

    def passage(self, turn: int) -> Passage:
        """A whole turn as a passage."""
        found = self._passages.get(turn)
        if found is None:
            reading = self.turns[turn]
            found = Passage((Piece(reading, self.hits[turn], 0, len(reading.normalized.text)),))
            self._passages[turn] = found
        return found

    def alphabet(self, turn: int) -> frozenset[str]:
        """The characters of a turn's normalised text."""
        found = self._alphabets.get(turn)
        if found is None:
            found = self._alphabets[turn] = frozenset(self.turns[turn].normalized.text)
        return found

    def clause(self, turn: int, start: int, end: int) -> Passage:
        """One clause of a turn as a passage."""
        return Passage((Piece(self.turns[turn], self.hits[turn], start, end),))

    def clauses(self, turns: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """The clauses of some turns as units."""
        for turn in turns:
            for start, end in self.turns[turn].clauses:
                yield (turn, start, end)

    @property
    def thresholds(self) -> Thresholds | NotEvaluable:
        """The model's decision thresholds, or why there is no model."""
        return self.prediction if isinstance(self.prediction, NotEvaluable) else self.prediction.thresholds

    def opinion(self, turn: int) -> TurnPrediction | NotEvaluable | None:
        """What the model says of a turn; None while it may still change its mind."""
        if isinstance(self.prediction, NotEvaluable):
            return self.prediction
        if not self.prediction.causal and not self.closed:
            return None
        said = self.said[turn]
        if said is None:
            return NotEvaluable("no_model", "模型没有给出这一句的判断")
        return said

    def dialogue(self) -> DialoguePrediction | NotEvaluable:
        """What the model says of the whole call (only when it is over)."""
        if isinstance(self.prediction, NotEvaluable):
            return self.prediction
        return self.prediction.dialogue if self.closed else _NOT_YET

    def mood(self, turn: int) -> EmotionState | None:
        """The running emotion at a customer turn; None for turns without emotion."""
        if turn not in self._moods and not isinstance(self.prediction, NotEvaluable):
            # Turns the model said nothing of count as turns without emotion, so that indexes stay aligned.
            said = [opinion or SILENT for opinion in self.said]
            for state in emotion_states(said, self.prediction.thresholds):
                self._moods[state.turn] = state
        return self._moods.get(turn)

    def entities(self, turn: int) -> tuple[Entity, ...]:
        """Personal data in a turn; what the other side said right before may name the kind of a number."""
        found = self._entities.get(turn)
        if found is None:
            own, before = self.turns[turn], self.turns[turn - 1] if turn else None
            asked = before.turn.text if before is not None and before.speaker is not own.speaker else ""
            found = self._entities[turn] = find_entities(own.turn.text, previous=asked)
        return found

    def attributes(self) -> Mapping[str, object]:
        """随路数据."""
        return self.transcript.attributes
