"""The training loop as a generator: every epoch is told to whoever drives it, and can be resumed."""

from __future__ import annotations

import copy
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits

from qa_engine.domain.errors import QAEngineError
from training.neural.network import DialogueModel
from training.neural.samples import Batch, Sample, collate
from training.neural.settings import NeuralSettings

_WARM = 0.1
_EVALUATION_BATCH = 32
_CLIP = 1.0


class DeviceMissing(QAEngineError):
    """The device asked for is not there."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the data came to; ``watched`` is the loss on dialogues kept for watching."""

    number: int
    loss: float
    watched: float
    best: bool


def loss_of(model: DialogueModel, batch: Batch, settings: NeuralSettings) -> torch.Tensor:
    """Weighted sum of the losses of turns, topics and outcomes; heads without an answer weigh nothing."""
    half = torch.autocast(batch.answers.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16")
    with half:
        said = model(**batch.inputs, lengths=batch.lengths)
    turns, topics, outcomes = (logits.float() for logits in said)
    by_turn = binary_cross_entropy_with_logits(turns, batch.answers, reduction="none") * batch.weight
    spoken = by_turn.sum() / batch.weight.sum().clamp(min=1.0) * (turns.shape[-1] / 2)

    def whole(logits: torch.Tensor, answers: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return (binary_cross_entropy_with_logits(logits, answers, reduction="none") * weight).sum(1).mean()

    total: torch.Tensor = (
        spoken
        + settings.topic_weight * whole(topics, batch.topics, batch.topic_weight)
        + settings.outcome_weight * whole(outcomes, batch.outcomes, batch.outcome_weight)
    )
    return total


def fit(
    model: DialogueModel,
    samples: Sequence[Sample],
    watched: Sequence[Sample],
    settings: NeuralSettings,
    seed: int,
    checkpoint: Path | None = None,
) -> Iterator[Epoch]:
    """Train ``model`` in place, one ``Epoch`` a step; at the end it holds its best weights.

    Args:
        model: freshly made; overwritten when ``checkpoint`` exists.
        samples: to learn from.
        watched: to decide when to stop; empty means the last epoch is taken.
        settings: see ``neural.toml``.
        seed: order of samples and dropout depend on it and on the epoch alone (on one kind of device).
        checkpoint: written after every epoch; an existing one is continued.
    """
    device = chosen_device(settings)
    model.to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    state: dict[str, Any] = {"epoch": 0, "best": math.inf, "stale": 0, "weights": model.state_dict()}
    earlier = _read(checkpoint)
    if earlier is not None and earlier["seed"] == seed:
        model.load_state_dict(earlier["model"])
        optimizer.load_state_dict(earlier["optimizer"])
        state = earlier["state"]
    steps = math.ceil(len(samples) / settings.batch)
    while state["epoch"] < settings.epochs and state["stale"] < settings.patience:
        number = state["epoch"]
        torch.manual_seed(seed * 1000 + number)
        order = np.random.default_rng([seed, number]).permutation(len(samples))
        loss = _one_epoch(model, optimizer, samples, order, settings, number * steps)
        seen = evaluate(model, watched, settings) if watched else loss
        best = not watched or seen < state["best"]
        state = {
            "epoch": number + 1,
            "best": seen if best else state["best"],
            "stale": 0 if best else state["stale"] + 1,
            "weights": copy.deepcopy(model.state_dict()) if best else state["weights"],
        }
        if checkpoint is not None:
            now = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            _write(checkpoint, {"seed": seed, "state": state, **now})

        yield Epoch(number, loss, seen, best)
    model.load_state_dict(state["weights"])
    model.to("cpu").eval()


def chosen_device(settings: NeuralSettings) -> torch.device:
    """The device of ``settings.device``.

    Raises:
        DeviceMissing: "cuda" was asked for and there is none.
    """
    present = torch.cuda.is_available()
    if settings.device == "cuda" and not present:
        raise DeviceMissing(
            '训练配置要求 device = "cuda"，但这里没有可用的 GPU，或安装的是 CPU 版 torch。'
            '处理办法：改为 "cpu" 或 "auto"，或安装 GPU 版 torch。'
        )
    return torch.device("cuda" if present and settings.device != "cpu" else "cpu")


def _one_epoch(
    model: DialogueModel,
    optimizer: torch.optim.Optimizer,
    samples: Sequence[Sample],
    order: NDArray[np.int64],
    settings: NeuralSettings,
    step: int,
) -> float:
    model.train()
    total = settings.epochs * math.ceil(len(samples) / settings.batch)
    losses = []
    for start in range(0, len(order), settings.batch):
        rate = settings.learning_rate * _schedule(step / max(1, total))
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = collate([samples[i] for i in order[start : start + settings.batch]]).to(device_of(model))
        loss = loss_of(model, batch, settings)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
        optimizer.step()
        losses.append(float(loss.detach()))
        step += 1
    return float(np.mean(losses))


def _schedule(done: float) -> float:
    if done < _WARM:
        return 0.05 + 0.95 * done / _WARM
    return 0.5 * (1 + math.cos(math.pi * (done - _WARM) / (1 - _WARM)))


@torch.no_grad()
def evaluate(model: DialogueModel, samples: Sequence[Sample], settings: NeuralSettings) -> float:
    """Mean loss on ``samples``."""
    model.eval()
    losses = [
        float(loss_of(model, collate(samples[i : i + _EVALUATION_BATCH]).to(device_of(model)), settings))
        for i in range(0, len(samples), _EVALUATION_BATCH)
    ]
    return float(np.mean(losses))


def device_of(model: torch.nn.Module) -> torch.device:
    """Where the model's weights lie."""
    return next(model.parameters()).device


def _read(checkpoint: Path | None) -> dict[str, Any] | None:
    if checkpoint is None or not checkpoint.exists():
        return None
    try:
        found: dict[str, Any] = torch.load(checkpoint, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, EOFError, UnpicklingError, zipfile.BadZipFile):
        return None  # cut off while it was written: start this fold again
    return found


def _write(checkpoint: Path, content: dict[str, Any]) -> None:
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    fresh = checkpoint.with_suffix(".part")
    torch.save(content, fresh)
    fresh.replace(checkpoint)
