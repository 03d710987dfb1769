"""The neural model behind the same door as the baseline. onnxruntime and tokenizers only, no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.base import Conversation, ConversationOutput, FloatArray, Labels
from models.decode import decode
from models.explain import Explainer, with_grounds
from models.heads import heads_of
from models.neural.artifact import NeuralArtifact, read_neural
from models.neural.encoder import UtteranceEncoder
from models.neural.explain import NeuralExplainer, Occlusion, Said
from models.neural.runtime import Graph, Pieces
from models.neural.signals import SignalReader, Signals

CHUNK = 128  # conversations whose texts are gathered at once; bounds memory

DEFAULT_FOLDER = Path(__file__).parent.parent / "artifacts" / "neural"


class NeuralPredictor:
    """A ``ConversationPredictor`` that reads whole conversations. Not safe to share between threads.

    Calls of any length are read in full: nothing is cut. Turns of other roles than agent and customer
    are not read and get zeros; a conversation without any other turn gets the baseline's judgement.
    Verdicts are explained by hiding turns, see ``models.neural.explain``.
    """

    name = "neural"
    causal = False

    def __init__(self, artifact: NeuralArtifact, threads: int = 1, *, thorough: bool = False) -> None:
        self.version: str = artifact.version
        self.digest: str = artifact.digest
        self.labels: Labels = artifact.labels
        self.thresholds: Mapping[str, float] = artifact.thresholds
        self._heads = heads_of(artifact.labels)
        self._baseline = artifact.baseline
        self._signals = SignalReader(artifact.labels)
        self._encoder = UtteranceEncoder(
            Graph(artifact.encoder, threads), Pieces(artifact.tokenizer), artifact.prefix
        )
        self._dialogue = Graph(artifact.dialogue, threads)
        occlusion = Occlusion(self._dialogue, artifact.baseline, self._signals)
        self._explainer = NeuralExplainer(
            Explainer(artifact.labels, artifact.thresholds), occlusion, thorough
        )

    def predict(self, conversations: Sequence[Conversation]) -> list[ConversationOutput]:
        """Predict a chunk; the result is parallel to ``conversations`` and independent of its company."""
        return list(self._outputs(conversations, explained=True))

    def predict_unexplained(self, conversations: Sequence[Conversation]) -> list[ConversationOutput]:
        """As ``predict``, without grounds and what they cost."""
        return list(self._outputs(conversations, explained=False))

    def _outputs(
        self, conversations: Sequence[Conversation], *, explained: bool
    ) -> Iterator[ConversationOutput]:
        for start in range(0, len(conversations), CHUNK):
            yield from self._read_chunk(conversations[start : start + CHUNK], explained)

    def _read_chunk(self, chunk: Sequence[Conversation], explained: bool) -> Iterator[ConversationOutput]:
        wide = self._baseline.read(chunk)
        signals = self._signals.read(chunk, [one.output for one in wide])
        texts = [[c.texts[turn] for turn in one.turns] for c, one in zip(chunk, signals, strict=True)]
        flat = [text for one in texts for text in one]
        vectors = self._encoder.vectors(flat) if flat else np.zeros((0, 0), dtype=np.float32)
        start = 0
        for conversation, one, opinion in zip(chunk, signals, wide, strict=True):
            size = len(one.turns)
            own = vectors[start : start + size]
            start += size
            if not size:
                yield opinion.output
                continue
            said = self._listen(one, own)
            output = self._judge(len(conversation.texts), one, said)
            if explained:
                grounds = self._explainer.explain(conversation, output, one, own, opinion, said)
                output = with_grounds(output, grounds, self.labels)
            yield output

    def _listen(self, signals: Signals, vectors: FloatArray) -> Said:
        # One conversation at a time: what one gets never depends on which others were read with it.
        turns, topics, outcomes = self._dialogue(
            {
                "vectors": vectors[None],
                "signals": signals.signals[None],
                "roles": signals.roles[None],
                "wide_turns": signals.wide_turns[None],
                "wide_topics": signals.wide_topics[None],
                "wide_outcomes": signals.wide_outcomes[None],
            }
        )
        return Said(turns, topics, outcomes)

    def _judge(self, length: int, signals: Signals, said: Said) -> ConversationOutput:
        own = len(self._heads.customer)
        says, hears = signals.roles == 0, signals.roles == 1
        rows = {"customer": signals.turns[says], "agent": signals.turns[hears]}
        odds = {"customer": said.turns[0, says, :own], "agent": said.turns[0, hears, own:]}
        (output,) = decode(self.labels, (length,), rows, odds, said.topics, said.outcomes)
        return output


def load_neural(folder: Path | None = None, threads: int = 1) -> NeuralPredictor:
    """Load the shipped neural model, or the one in ``folder``.

    Args:
        folder: where the model lies; None for the one shipped with the package.
        threads: CPU threads of one process; with several processes one each is steadier.

    Raises:
        ModelError: a library or file is missing, or a file is not what its card promises. The message
            is a Chinese half-sentence fit to be shown as the reason for falling back to the baseline.
    """
    return NeuralPredictor(read_neural(folder or DEFAULT_FOLDER), threads)
