"""The baseline: character n-grams and linear layers over a whole conversation. numpy and scipy only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.artifact import Artifact, read_artifact
from models.base import Conversation, ConversationOutput, FloatArray, Labels
from models.decode import (
    emotion_probabilities,
    level_probabilities,
    outcome_slices,
    resolution_probabilities,
)
from models.dialogue_features import outcome_features, topic_features
from models.frame import ROLES, Frame, build_frame
from models.heads import EMOTION_HEADS, heads_of
from models.layers import first_turn_layer, pooled_layer
from models.past import logistic
from models.projection import UtteranceProjector
from models.turn_features import agent_features, customer_features, plain_features

# Conversations and turns computed at once; bounds memory whatever the caller hands over.
BATCH = 128
BATCH_TURNS = 8192
_RESOLUTION_TURNS = 3


class BaselinePredictor:
    """A ``ConversationPredictor``. Turn heads are causal. Not safe to share between threads."""

    name = "baseline"
    causal = True

    def __init__(self, artifact: Artifact) -> None:
        self.version: str = artifact.version
        self.digest: str = artifact.digest
        self.labels: Labels = artifact.labels
        self.thresholds: Mapping[str, float] = artifact.thresholds
        self.heads = heads_of(artifact.labels)
        self.weights = artifact.weights
        self._projectors = {
            role: UtteranceProjector(role, artifact.weights.vocabulary[role], artifact.weights.wording[role])
            for role in ROLES
        }

    def predict(self, conversations: Sequence[Conversation]) -> list[ConversationOutput]:
        """Predict a chunk; the result is parallel to ``conversations`` and independent of its company."""
        outputs: list[ConversationOutput] = []
        for batch in _batches(conversations):
            outputs.extend(self._predict_batch(build_frame(batch)))
        return outputs

    def _predict_batch(self, frame: Frame) -> Iterator[ConversationOutput]:
        wording: dict[str, FloatArray] = {}
        cues: dict[str, FloatArray] = {}
        kinds: dict[str, FloatArray] = {}
        for role in ROLES:
            turns, projector = frame.of(role), self._projectors[role]
            wording[role], read = projector.project(turns.texts, turns.folded)
            cues[role] = read[:, : projector.cues.turn_columns]
            kinds[role] = read[:, projector.cues.turn_columns :]
        plain = {
            "customer": plain_features(frame, "customer", cues["customer"], cues["agent"]),
            "agent": plain_features(frame, "agent", cues["agent"], cues["customer"]),
        }
        first = {
            role: first_turn_layer(self.weights, self.heads, frame, role, wording, plain[role])
            for role in ROLES
        }
        layers = self.weights.turns
        customer = layers["customer"](
            customer_features(frame, plain["customer"], first["customer"], first["agent"])
        )
        agent = layers["agent"](agent_features(frame, self.heads, plain["agent"], first["agent"], customer))
        pooled_topics, pooled_outcomes = pooled_layer(self.weights, self.heads, frame, wording)
        features = topic_features(frame, kinds["customer"], kinds["agent"], pooled_topics)
        count, types, width = features.shape
        topics = self.weights.topic(features.reshape(count * types, width)).reshape(count, types)
        outcomes = self.weights.outcome(
            outcome_features(frame, customer, agent, (cues["customer"], cues["agent"]), pooled_outcomes)
        )
        yield from self._decode(frame, customer, agent, logistic(topics), outcomes)

    def _decode(
        self, frame: Frame, customer: FloatArray, agent: FloatArray, types: FloatArray, outcomes: FloatArray
    ) -> Iterator[ConversationOutput]:
        labels, total = self.labels, sum(frame.sizes)
        acts = len(labels.agent_acts)
        sure = logistic(agent)
        turns = {
            "emotion": _spread(emotion_probabilities(customer, labels), frame.customer.turn, total),
            "customer_acts": _spread(logistic(customer[:, len(EMOTION_HEADS) :]), frame.customer.turn, total),
            "agent_acts": _spread(sure[:, :acts], frame.agent.turn, total),
            "faults": _spread(sure[:, acts:], frame.agent.turn, total),
        }
        at = outcome_slices(self.heads, labels)
        resolution = resolution_probabilities(outcomes[:, at["resolution"]])
        attitude = level_probabilities(outcomes[:, at["attitude"]])
        satisfaction = level_probabilities(outcomes[:, at["satisfaction"]])
        complaint = logistic(outcomes[:, at["complaint"]])
        review = logistic(outcomes[:, at["review"]])
        weight = self._resolution_weight(turns["customer_acts"], turns["agent_acts"])
        start = 0
        for row, size in enumerate(frame.sizes):
            rows = slice(start, start + size)
            yield ConversationOutput(
                **{name: values[rows] for name, values in turns.items()},
                resolution=resolution[row],
                satisfaction=satisfaction[row],
                attitude=attitude[row],
                types=types[row],
                complaint=float(complaint[row, 0]),
                review=float(review[row, 0]),
                resolution_turns=_heaviest(weight[rows]),
            )
            start += size

    def _resolution_weight(self, customer_acts: FloatArray, agent_acts: FloatArray) -> FloatArray:
        """How much each turn says about the outcome: offers and promises, acceptance and refusal."""
        told = ("solution", "follow_up_commit", "escalate")
        answered = ("confirm_resolved", "accept", "reject")
        weight = np.zeros(len(agent_acts), dtype=np.float32)
        for names, all_names, acts in (
            (told, self.labels.agent_acts, agent_acts),
            (answered, self.labels.customer_acts, customer_acts),
        ):
            at = [all_names.index(name) for name in names if name in all_names]
            if at and len(acts):
                weight = np.maximum(weight, acts[:, at].max(axis=1))
        return weight


def _batches(conversations: Sequence[Conversation]) -> Iterator[list[Conversation]]:
    batch: list[Conversation] = []
    turns = 0
    for conversation in conversations:
        if batch and (len(batch) == BATCH or turns + len(conversation.texts) > BATCH_TURNS):
            yield batch
            batch, turns = [], 0
        batch.append(conversation)
        turns += len(conversation.texts)
    if batch:
        yield batch


def _spread(values: FloatArray, at: np.ndarray, total: int) -> FloatArray:
    result = np.zeros((total, values.shape[1]), dtype=np.float32)
    result[at] = values
    return result


def _heaviest(weight: FloatArray) -> tuple[int, ...]:
    """Up to three turns that weigh most; of equals the later, since endings decide."""
    if not len(weight):
        return ()
    late = weight + np.arange(len(weight), dtype=np.float32) / (4.0 * len(weight))
    order = np.argsort(-late, kind="stable")[:_RESOLUTION_TURNS]
    return tuple(int(turn) for turn in order if weight[turn] > 0.0)


def load_baseline(folder: Path | None = None) -> BaselinePredictor:
    """Load the shipped baseline, or the one in ``folder``.

    Raises:
        ArtifactMissing: a file is not there.
        ArtifactCorrupt: a file is not what its card promises.
    """
    return BaselinePredictor(read_artifact(folder or DEFAULT_FOLDER))


DEFAULT_FOLDER = Path(__file__).parent / "artifacts" / "baseline"
