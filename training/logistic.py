"""Many logistic regressions at once: shared inputs, one column of answers each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from models.layers import Layer

DoubleArray = NDArray[np.float64]


def fit_heads(
    rows: sparse.csr_matrix | NDArray[np.float32],
    answers: DoubleArray,
    weight: DoubleArray,
    l2: float,
    iterations: int,
) -> Layer:
    """Fit one L2-penalised logistic regression a column, jointly by L-BFGS (deterministic).

    Args:
        rows: (n, inputs).
        answers: (n, heads) in 0–1.
        weight: (n, heads) non-negative; 0 leaves a row out of a head.
        l2: penalty on squared weights; the bias is free.
        iterations: limit of L-BFGS steps.
    """
    inputs, heads = rows.shape[1], answers.shape[1]
    transposed = np.ascontiguousarray(rows.T) if isinstance(rows, np.ndarray) else rows.T.tocsr()

    def objective(flat: DoubleArray) -> tuple[float, DoubleArray]:
        table = flat.reshape(inputs + 1, heads)
        logits = np.asarray(rows @ table[:-1].astype(np.float32), dtype=np.float64) + table[-1]
        loss = float((weight * (np.logaddexp(0.0, logits) - answers * logits)).sum())
        residual = weight * (1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))) - answers)
        gradient = np.empty_like(table)
        gradient[:-1] = transposed @ residual.astype(np.float32)
        gradient[:-1] += l2 * table[:-1]
        gradient[-1] = residual.sum(axis=0)
        return loss + 0.5 * l2 * float((table[:-1] ** 2).sum()), gradient.ravel()

    start = np.zeros((inputs + 1, heads))
    total = np.maximum(weight.sum(axis=0), 1e-9)
    rate = np.clip((weight * answers).sum(axis=0) / total, 1e-4, 1 - 1e-4)
    start[-1] = np.log(rate / (1 - rate))
    best = optimize.minimize(
        objective, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": iterations, "maxcor": 8}
    )
    table = best.x.reshape(inputs + 1, heads).astype(np.float32)
    return Layer(np.ascontiguousarray(table[:-1]), table[-1])


def fit_wide_heads(
    rows: sparse.csr_matrix, answers: DoubleArray, weight: DoubleArray, l2: float, iterations: int
) -> Layer:
    """``fit_heads`` for far more inputs than rows: solved in the span of the rows, where the optimum lies."""
    gram = (rows @ rows.T).toarray().astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    kept = values > values[-1] * 1e-7
    root = np.sqrt(values[kept])
    turned = (vectors[:, kept] * root).astype(np.float32)
    layer = fit_heads(turned, answers, weight, l2, iterations)
    back = (vectors[:, kept] / root).astype(np.float32) @ layer.weights
    return Layer(np.asarray(rows.T @ back, dtype=np.float32), layer.bias)


def fit_scaled_heads(
    rows: NDArray[np.float32], answers: DoubleArray, weight: DoubleArray, l2: float, iterations: int
) -> Layer:
    """Like ``fit_heads`` on columns brought to unit spread; the returned layer takes raw columns."""
    spread = rows.std(axis=0)
    scale = np.where(spread > 1e-4, 1.0 / np.maximum(spread, 1e-4), 0.0).astype(np.float32)
    centre = rows.mean(axis=0)
    layer = fit_heads(((rows - centre) * scale).astype(np.float32), answers, weight, l2, iterations)
    weights = layer.weights * scale[:, None]
    return Layer(weights, (layer.bias - centre @ weights).astype(np.float32))


def platt(logits: DoubleArray, answers: DoubleArray) -> tuple[float, float]:
    """Slope and shift that make one column of log-odds fit its answers; (1, 0) if it cannot be told.

    A weak prior holds the slope near one, so that a rare label is not stretched by a few cases.
    """
    if answers.sum() < 5 or (1 - answers).sum() < 5:
        return 1.0, 0.0

    def objective(pair: DoubleArray) -> tuple[float, DoubleArray]:
        slope, shift = pair
        moved = slope * logits + shift
        residual = 1.0 / (1.0 + np.exp(-np.clip(moved, -30, 30))) - answers
        loss = float((np.logaddexp(0.0, moved) - answers * moved).sum())
        prior = np.array([8.0 * (slope - 1.0), 0.2 * shift])
        return loss + 4.0 * (slope - 1.0) ** 2 + 0.1 * shift**2, (
            np.array([float(residual @ logits), float(residual.sum())]) + prior
        )

    best = optimize.minimize(objective, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B")
    slope = max(float(best.x[0]), 0.05)
    return slope, float(best.x[1])
