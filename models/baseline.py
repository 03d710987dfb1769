"""The baseline: character n-grams and linear layers over a whole conversation. numpy and scipy only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.artifact import Artifact, read_artifact
from models.base import Conversation, ConversationOutput, FloatArray, Labels
from models.baseline_explain import BaselineExplainer, Unexplained
from models.decode import decode
from models.dialogue_features import outcome_features, topic_features
from models.explain import Explainer, with_grounds
from models.frame import ROLES, Frame, build_frame
from models.heads import heads_of
from models.layers import pooled_layer
from models.leave_out import outcomes_without
from models.turn_judge import Heard, TurnJudge

# Conversations and turns computed at once; bounds memory whatever the caller hands over.
BATCH = 128
BATCH_TURNS = 8192


class BaselinePredictor:
    """A ``ConversationPredictor``. Turn heads are causal. Not safe to share between threads.

    Verdicts are explained by what changes without a turn, see ``models.baseline_explain``.
    """

    name = "baseline"
    causal = True

    def __init__(self, artifact: Artifact) -> None:
        self.version: str = artifact.version
        self.digest: str = artifact.digest
        self.labels: Labels = artifact.labels
        self.thresholds: Mapping[str, float] = artifact.thresholds
        self.heads = heads_of(artifact.labels)
        self.weights = artifact.weights
        self.turn_judge = TurnJudge(artifact.weights, self.heads)
        self.explainer = Explainer(artifact.labels, artifact.thresholds)
        self._explainer = BaselineExplainer(self.explainer, self.turn_judge, self._outcomes)

    def predict(self, conversations: Sequence[Conversation]) -> list[ConversationOutput]:
        """Predict a chunk; the result is parallel to ``conversations`` and independent of its company."""
        outputs: list[ConversationOutput] = []
        for batch in _batches(conversations):
            frame, heard, read = self._read_batch(batch)
            grounds = self._explainer.explain(batch, frame, heard, read)
            outputs += [
                with_grounds(one.output, found, self.labels) for one, found in zip(read, grounds, strict=True)
            ]
        return outputs

    def read(self, conversations: Sequence[Conversation]) -> list[Unexplained]:
        """What is predicted before any verdict is explained; parallel to ``conversations``."""
        return [one for batch in _batches(conversations) for one in self._read_batch(batch)[2]]

    def _read_batch(self, batch: Sequence[Conversation]) -> tuple[Frame, Heard, list[Unexplained]]:
        frame = build_frame(batch)
        heard = self.turn_judge.hear(frame)
        customer, agent = heard.odds["customer"], heard.odds["agent"]
        pooled_topics, pooled_outcomes = pooled_layer(self.weights, self.heads, frame, heard.wording)
        features = topic_features(frame, heard.kinds["customer"], heard.kinds["agent"], pooled_topics)
        count, types, width = features.shape
        topics = self.weights.topic(features.reshape(count * types, width)).reshape(count, types)
        cues = heard.cues["customer"], heard.cues["agent"]
        outcomes = self.weights.outcome(outcome_features(frame, customer, agent, cues, pooled_outcomes))
        without = outcomes_without(
            self.weights, self.heads, frame, heard.odds, heard.cues, heard.wording, outcomes
        )
        rows = {role: frame.of(role).turn for role in ROLES}
        outputs = decode(self.labels, frame.sizes, rows, heard.odds, topics, outcomes)
        starts = np.cumsum([0, *frame.sizes])
        return (
            frame,
            heard,
            [
                Unexplained(output, row, without[start:end])
                for output, row, (start, end) in zip(
                    outputs, outcomes, pairwise(starts.tolist()), strict=True
                )
            ],
        )

    def _outcomes(
        self,
        frame: Frame,
        odds: Mapping[str, FloatArray],
        cues: Mapping[str, FloatArray],
        wording: Mapping[str, FloatArray],
    ) -> FloatArray:
        _, pooled = pooled_layer(self.weights, self.heads, frame, wording)
        both = cues["customer"], cues["agent"]
        return self.weights.outcome(outcome_features(frame, odds["customer"], odds["agent"], both, pooled))


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


def load_baseline(folder: Path | None = None) -> BaselinePredictor:
    """Load the shipped baseline, or the one in ``folder``.

    Raises:
        ArtifactMissing: a file is not there.
        ArtifactCorrupt: a file is not what its card promises.
    """
    return BaselinePredictor(read_artifact(folder or DEFAULT_FOLDER))


DEFAULT_FOLDER = Path(__file__).parent / "artifacts" / "baseline"
