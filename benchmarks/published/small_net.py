"""A small network in plain numpy, trained on the measure itself: the benchmarks need no torch.

NMD is the mean absolute difference of cumulative shares, so for votes the network ends in one softmax
per quality, sums it up over the ordered bins and minimises exactly that difference (smoothed at zero).
For classes it minimises cross-entropy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
BINS = 5
# |x| is replaced by sqrt(x² + SMOOTH²): below the resolution of 19 votes, so the optimum stays the median.
SMOOTH = 0.02


@dataclass(frozen=True, slots=True)
class NetSettings:
    """Size and training of one network; chosen by cross-validation in the training file."""

    hidden: int = 64
    input_dropout: float = 0.2
    dropout: float = 0.4
    epochs: int = 40
    batch: int = 64
    rate: float = 2e-3
    decay: float = 1e-2


def softmax(logits: Array) -> Array:
    """Shares over the last axis."""
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return grown / grown.sum(axis=-1, keepdims=True)


def cumulative(logits: Array) -> Array:
    """(n, qualities · 5) logits → (n, qualities, 4) cumulative shares without the last, trivial one."""
    return softmax(logits.reshape(len(logits), -1, BINS)).cumsum(axis=2)[:, :, : BINS - 1]


def nmd_gradient(logits: Array, target: Array) -> Array:
    """Gradient of the summed smoothed NMD, mean over rows; ``target`` (n, qualities, 4) cumulative shares."""
    shares = softmax(logits.reshape(len(logits), -1, BINS))
    gap = shares.cumsum(axis=2)[:, :, : BINS - 1] - target
    slope = gap / np.sqrt(gap * gap + SMOOTH * SMOOTH) / (len(logits) * (BINS - 1))
    by_share = np.zeros_like(shares)
    # A share counts in its own and every later cumulative sum.
    by_share[:, :, : BINS - 1] = slope[:, :, ::-1].cumsum(axis=2)[:, :, ::-1]
    by_logit = shares * (by_share - (shares * by_share).sum(axis=2, keepdims=True))
    return by_logit.reshape(logits.shape)


def class_gradient(logits: Array, target: Array) -> Array:
    """Gradient of the mean cross-entropy; ``target`` (n, classes), rows scaled by example weight."""
    weight = target.sum(axis=1, keepdims=True)
    return (softmax(logits) * weight - target) / np.float32(len(logits))


def _rate(step: int, steps: int, peak: float) -> float:
    """Warm up over three tenths of the steps, then fall along a cosine."""
    rise = max(1, int(0.3 * steps))
    if step < rise:
        return peak * (0.04 + 0.96 * step / rise)
    return float(peak * 0.5 * (1 + np.cos(np.pi * (step - rise) / max(1, steps - rise))))


class SmallNet:
    """Two hidden layers with dropout, trained with AdamW; the same seed gives the same weights."""

    def __init__(
        self, outputs: int, gradient: Callable[[Array, Array], Array], settings: NetSettings, seed: int
    ) -> None:
        self.outputs = outputs
        self.gradient = gradient
        self.settings = settings
        self.random = np.random.default_rng(seed)
        self.weights: list[Array] = []

    def fit(self, inputs: Array, target: Array) -> SmallNet:
        """Train on standardised ``inputs`` (n, features) and a ``target`` the gradient understands."""
        self._start(inputs.shape[1])
        chosen = self.settings
        first = [np.zeros_like(weight) for weight in self.weights]
        second = [np.zeros_like(weight) for weight in self.weights]
        steps = -(-len(inputs) // chosen.batch) * chosen.epochs
        step = 0
        for _ in range(chosen.epochs):
            order = self.random.permutation(len(inputs))
            for start in range(0, len(order), chosen.batch):
                taken = order[start : start + chosen.batch]
                rate = np.float32(_rate(step, steps, chosen.rate))
                step += 1
                for k, gradient in enumerate(self._gradients(inputs[taken], target[taken])):
                    first[k] += 0.1 * (gradient - first[k])
                    second[k] += 0.001 * (gradient * gradient - second[k])
                    move = (first[k] / (1 - 0.9**step)) / (np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8)
                    if k % 2 == 0:
                        self.weights[k] *= 1 - rate * chosen.decay
                    self.weights[k] -= rate * move
        return self

    def _start(self, features: int) -> None:
        """Uniform weights by the number of inputs of a layer; zero biases."""
        sizes = [features, self.settings.hidden, self.settings.hidden, self.outputs]
        self.weights = []
        for rows, columns in pairwise(sizes):
            bound = 1 / np.sqrt(rows)
            self.weights.append(self.random.uniform(-bound, bound, (rows, columns)).astype(np.float32))
            self.weights.append(np.zeros(columns, np.float32))

    def _gradients(self, inputs: Array, target: Array) -> list[Array]:
        """Gradients by all weights for one batch, with fresh dropout."""
        w1, b1, w2, b2, w3, b3 = self.weights
        chosen = self.settings
        x = inputs * self._mask(inputs.shape, chosen.input_dropout)
        raw1 = x @ w1 + b1
        mask1 = self._mask(raw1.shape, chosen.dropout) * (raw1 > 0)
        h1 = raw1 * mask1
        raw2 = h1 @ w2 + b2
        mask2 = self._mask(raw2.shape, chosen.dropout) * (raw2 > 0)
        h2 = raw2 * mask2
        d3 = self.gradient(h2 @ w3 + b3, target)
        d2 = (d3 @ w3.T) * mask2
        d1 = (d2 @ w2.T) * mask1
        return [x.T @ d1, d1.sum(0), h1.T @ d2, d2.sum(0), h2.T @ d3, d3.sum(0)]

    def _mask(self, shape: tuple[int, ...], share: float) -> Array:
        """Inverted dropout: zero for the dropped, 1 / kept share for the others."""
        kept = self.random.random(shape, dtype=np.float32) >= share
        return kept.astype(np.float32) / np.float32(1 - share)

    def logits(self, inputs: Array) -> Array:
        """Outputs (n, outputs) before any softmax."""
        w1, b1, w2, b2, w3, b3 = self.weights
        hidden = np.maximum(np.maximum(inputs @ w1 + b1, 0) @ w2 + b2, 0)
        return hidden @ w3 + b3
