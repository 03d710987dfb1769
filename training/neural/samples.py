"""Dialogues as tensors: what the dialogue model reads and what it should answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.base import ConversationOutput, FloatArray
from models.neural.signals import SignalReader, Signals
from training.dataset import LABELS, Dataset, conversation_of


@dataclass(frozen=True, slots=True)
class Sample:
    """One dialogue of n turns; ``weight`` 0 where a head has no answer (missing labels are not learnt).

    vectors (n, width), signals (n, s), roles (n,), wide_turns (n, heads), wide_topics, wide_outcomes;
    answers and weight (n, heads) of the turn heads; topics, outcomes and their weights (heads,).
    """

    vectors: FloatArray
    signals: FloatArray
    roles: NDArray[np.int64]
    wide_turns: FloatArray
    wide_topics: FloatArray
    wide_outcomes: FloatArray
    answers: FloatArray
    weight: FloatArray
    topics: FloatArray
    outcomes: FloatArray
    topic_weight: FloatArray
    outcome_weight: FloatArray


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples padded to one length; fields as in ``Sample`` with a leading axis, and ``lengths``."""

    inputs: dict[str, torch.Tensor]
    lengths: torch.Tensor
    answers: torch.Tensor
    weight: torch.Tensor
    topics: torch.Tensor
    outcomes: torch.Tensor
    topic_weight: torch.Tensor
    outcome_weight: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device; lengths stay on the CPU, where packing wants them."""
        inputs = {name: values.to(device) for name, values in self.inputs.items()}
        rest = (self.answers, self.weight, self.topics, self.outcomes, self.topic_weight, self.outcome_weight)
        return Batch(inputs, self.lengths, *(values.to(device) for values in rest))


INPUTS = ("vectors", "signals", "roles", "wide_turns", "wide_topics", "wide_outcomes")


def read_signals(data: Dataset, wide: Sequence[ConversationOutput]) -> list[Signals]:
    """Signals parallel to ``data.dialogues``; ``wide`` is what a baseline said that did not see them."""
    conversations = [conversation_of(dialogue) for dialogue in data.dialogues]
    return SignalReader(LABELS).read(conversations, wide)


def build_samples(data: Dataset, signals: Sequence[Signals], vectors: Sequence[FloatArray]) -> list[Sample]:
    """Samples parallel to ``data.dialogues``; ``vectors`` has a row for every turn of a dialogue."""
    customer, agent = data.turn_answers["customer"], data.turn_answers["agent"]
    own, total = customer.shape[1], sum(data.frame.sizes)
    answers = np.zeros((total, own + agent.shape[1]), dtype=np.float32)
    weight = np.zeros_like(answers)
    answers[data.frame.customer.turn, :own] = customer
    weight[data.frame.customer.turn, :own] = data.turn_weight["customer"]
    answers[data.frame.agent.turn, own:] = agent
    weight[data.frame.agent.turn, own:] = data.turn_weight["agent"]
    samples, start = [], 0
    for i, one in enumerate(signals):
        rows = start + one.turns  # turns of neither side are not read
        samples.append(
            Sample(
                vectors[i][one.turns], one.signals, one.roles, one.wide_turns,
                one.wide_topics, one.wide_outcomes, answers[rows], weight[rows],
                data.topics[i].astype(np.float32), data.outcomes[i].astype(np.float32),
                data.topic_weight[i].astype(np.float32), data.outcome_weight[i].astype(np.float32),
            )
        )  # fmt: skip
        start += data.frame.sizes[i]
    return samples


def collate(samples: Sequence[Sample]) -> Batch:
    """Pad samples to the longest of them."""
    lengths = [len(sample.roles) for sample in samples]
    longest = max(lengths)

    def turns(name: str) -> torch.Tensor:
        rows = [getattr(sample, name) for sample in samples]
        table = np.zeros((len(rows), longest, *rows[0].shape[1:]), dtype=rows[0].dtype)
        for i, row in enumerate(rows):
            table[i, : len(row)] = row
        return torch.from_numpy(table)

    def wholes(name: str) -> torch.Tensor:
        return torch.from_numpy(np.stack([getattr(sample, name) for sample in samples]))

    inputs = {name: (wholes if name in INPUTS[4:] else turns)(name) for name in INPUTS}
    return Batch(
        inputs, torch.tensor(lengths), turns("answers"), turns("weight"), wholes("topics"),
        wholes("outcomes"), wholes("topic_weight"), wholes("outcome_weight"),
    )  # fmt: skip
