"""One dialogue model a fold: together the shipped panel, each alone the judge of its held-back dialogues."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.dataset import Dataset
from training.neural.loop import fit
from training.neural.network import DialogueModel, Shape
from training.neural.samples import INPUTS, Sample
from training.neural.settings import NeuralSettings
from training.stages import Logits


def train_members(
    data: Dataset,
    samples: Sequence[Sample],
    folds: NDArray[np.int64],
    settings: NeuralSettings,
    work: Path,
    step: Callable[[str], None],
) -> tuple[list[DialogueModel], Logits]:
    """Train one model a fold and judge every dialogue by the model that did not see it.

    Args:
        data: the corpus.
        samples: the same dialogues as tensors.
        folds: (dialogues,) fold of each.
        settings: see ``neural.toml``.
        work: where checkpoints lie; finished folds and epochs found there are not repeated.
        step: told about every epoch.
    """
    own, agents = data.turn_answers["customer"].shape[1], data.turn_answers["agent"].shape[1]
    turns = {
        "customer": np.zeros((len(data.turn_answers["customer"]), own), dtype=np.float32),
        "agent": np.zeros((len(data.turn_answers["agent"]), agents), dtype=np.float32),
    }
    held_back = Logits(
        turns, np.zeros(data.topics.shape, dtype=np.float32), np.zeros(data.outcomes.shape, dtype=np.float32)
    )
    members = []
    for fold in range(int(folds.max()) + 1):
        learnt, watched = _split(np.flatnonzero(folds != fold), settings, fold)
        model = make_model(samples, [samples[i] for i in learnt], data, settings, settings.seed + fold)
        checkpoint = work / f"fold{fold}.pt"
        for epoch in fit(
            model, [samples[i] for i in learnt], [samples[i] for i in watched], settings,
            settings.seed + fold, checkpoint,
        ):  # fmt: skip
            step(f"第 {fold + 1} 折第 {epoch.number + 1} 轮：损失 {epoch.loss:.3f}，留出 {epoch.watched:.3f}")
        _judge(model, data, samples, np.flatnonzero(folds == fold), held_back)
        members.append(model)
    return members, held_back


def make_model(
    samples: Sequence[Sample], learnt: Sequence[Sample], data: Dataset, settings: NeuralSettings, seed: int
) -> DialogueModel:
    """A fresh model for the widths of the samples, its vectors standardised on the dialogues to learn."""
    torch.manual_seed(seed)
    shape = Shape(
        vector=samples[0].vectors.shape[1],
        signals=samples[0].signals.shape[1],
        customer=data.turn_answers["customer"].shape[1],
        agent=data.turn_answers["agent"].shape[1],
        topics=data.topics.shape[1],
        outcomes=data.outcomes.shape[1],
        project=settings.project,
        hidden=settings.hidden,
        dropout=settings.dropout,
        vector_dropout=settings.vector_dropout,
    )
    model = DialogueModel(shape)
    model.standardise(torch.from_numpy(np.concatenate([sample.vectors for sample in learnt])))
    return model


def _split(
    rows: NDArray[np.int64], settings: NeuralSettings, fold: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.random.default_rng([settings.seed, fold]).permutation(rows)
    aside = int(len(rows) * settings.inner_share)
    return order[aside:], order[:aside]


@torch.no_grad()
def _judge(
    model: DialogueModel,
    data: Dataset,
    samples: Sequence[Sample],
    chosen: NDArray[np.int64],
    held_back: Logits,
) -> None:
    own = held_back.turns["customer"].shape[1]
    for i in chosen:
        sample = samples[i]
        inputs = [torch.from_numpy(np.asarray(getattr(sample, name)))[None] for name in INPUTS]
        turns, topics, outcomes = (said[0].numpy() for said in model(*inputs))
        for number, (role, columns) in enumerate((("customer", slice(0, own)), ("agent", slice(own, None)))):
            spans = data.frame.of(role).spans
            held_back.turns[role][spans[i] : spans[i + 1]] = turns[sample.roles == number, columns]
        held_back.topics[i], held_back.outcomes[i] = topics, outcomes
