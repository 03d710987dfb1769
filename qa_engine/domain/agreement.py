"""How far people agree with one another and with the machine: Cohen's and Fleiss' kappa.

Cohen, Educational and Psychological Measurement 20 (1960), for two raters; Fleiss, Psychological Bulletin
76 (1971), for more. Intervals are bootstrapped over calls, since the criteria of one call belong together,
bias-corrected and accelerated (Efron, JASA 82, 1987): with the dozens of calls a session has, plain
percentiles cover too little.

Kappa compares agreement with what chance would give. Where everybody always said the same there is no
chance to beat, and kappa does not exist: that is told as None with the reason, never as 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from qa_engine.domain.scorecard import Outcome

Floats = NDArray[np.float64]
CATEGORIES = tuple(Outcome)
_PLACE = {outcome: place for place, outcome in enumerate(CATEGORIES)}
ROUNDS = 2000
MIN_CALLS = 5
# Resamples without any kappa say that the calls are too alike; beyond this share the rest would mislead.
MAX_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of raters over calls.

    Attributes:
        items: judgements compared (call × criterion); calls: calls they come from.
        observed: share of agreeing pairs; None without items.
        kappa: chance-corrected, at most 1; None with ``reason``.
        low, high: its 95 % interval; None with ``reason``.
        reason: a Chinese sentence when kappa or its interval is missing.
    """

    items: int
    calls: int
    observed: float | None
    kappa: float | None
    low: float | None
    high: float | None
    reason: str | None = None


def cohen(pairs: Sequence[Sequence[tuple[Outcome, Outcome]]], seed: int = 0) -> Agreement:
    """Agreement of two raters. ``pairs``: per call, both outcomes of each criterion judged by both."""
    filled = [call for call in pairs if call]
    size = len(CATEGORIES)
    tables = np.zeros((len(filled), size, size))
    for place, call in enumerate(filled):
        for one, other in call:
            tables[place, _PLACE[one], _PLACE[other]] += 1
    return _agreement(tables.reshape(len(filled), size * size), _cohen, sum(map(len, filled)), seed)


def fleiss(ratings: Sequence[Sequence[Sequence[Outcome]]], seed: int = 0) -> Agreement:
    """Agreement of any one number of raters. ``ratings``: per call and criterion, everybody's outcome.

    Raises:
        ValueError: fewer than two raters, or not the same number everywhere.
    """
    filled = [call for call in ratings if call]
    raters = {len(item) for call in filled for item in call}
    if len(raters) > 1 or (raters and min(raters) < 2):
        raise ValueError(f"Fleiss' kappa needs the same number of raters (two or more), not {sorted(raters)}")
    # Per call: agreeing pairs as a share of all pairs, summed over items; items; judgements by category.
    rows = np.zeros((len(filled), 2 + len(CATEGORIES)))
    for place, call in enumerate(filled):
        for item in call:
            counts = np.zeros(len(CATEGORIES))
            for outcome in item:
                counts[_PLACE[outcome]] += 1
            rows[place, 0] += (counts @ counts - len(item)) / (len(item) * (len(item) - 1))
            rows[place, 1] += 1
            rows[place, 2:] += counts
    return _agreement(rows, _fleiss, sum(map(len, filled)), seed)


def _cohen(sums: Floats) -> tuple[Floats, Floats]:
    size = len(CATEGORIES)
    tables = sums.reshape(*sums.shape[:-1], size, size)
    whole = tables.sum((-1, -2))
    observed = np.trace(tables, axis1=-2, axis2=-1) / whole
    expected = (tables.sum(-1) * tables.sum(-2)).sum(-1) / whole**2
    return observed, expected


def _fleiss(sums: Floats) -> tuple[Floats, Floats]:
    shares = sums[..., 2:] / sums[..., 2:].sum(-1, keepdims=True)
    return sums[..., 0] / sums[..., 1], (shares**2).sum(-1)


Measure = Callable[[Floats], tuple[Floats, Floats]]


def _kappa(measure: Measure, sums: Floats) -> Floats:
    observed, expected = measure(sums)
    defined = expected < 1.0 - 1e-12
    return np.where(defined, (observed - expected) / np.where(defined, 1.0 - expected, 1.0), np.nan)


def _agreement(rows: Floats, measure: Measure, items: int, seed: int) -> Agreement:
    calls = len(rows)
    if not calls:
        return Agreement(0, 0, None, None, None, None, "没有双方都判过的质检项")
    observed = float(measure(rows.sum(0))[0])
    kappa = float(_kappa(measure, rows.sum(0)))
    if np.isnan(kappa):
        return Agreement(
            items, calls, observed, None, None, None, "所有结论都相同，无从扣除偶然一致，Kappa 没有定义"
        )
    if calls < MIN_CALLS:
        reason = f"只有 {calls} 通会话，不足 {MIN_CALLS} 通，不给区间"
        return Agreement(items, calls, observed, kappa, None, None, reason)
    draws = np.random.default_rng(seed).multinomial(calls, np.full(calls, 1.0 / calls), size=ROUNDS)
    resampled = _kappa(measure, draws.astype(np.float64) @ rows)
    defined = resampled[~np.isnan(resampled)]
    if len(defined) < ROUNDS * (1.0 - MAX_UNDEFINED):
        reason = "结论几乎全部相同，重抽样时 Kappa 常常没有定义，不给区间"
        return Agreement(items, calls, observed, kappa, None, None, reason)
    if np.ptp(defined) < 1e-9:
        reason = "每通会话都完全一致，自助法看不出波动，不给区间"
        return Agreement(items, calls, observed, kappa, None, None, reason)
    without = _kappa(measure, rows.sum(0) - rows)
    low, high = _accelerated(defined, without[~np.isnan(without)], kappa)
    return Agreement(items, calls, observed, kappa, low, high)


def _accelerated(resampled: Floats, without_one: Floats, value: float) -> tuple[float, float]:
    """The BCa interval of ``value`` from its resamples and its values with one call left out each."""
    below = ((resampled < value).mean() + (resampled <= value).mean()) / 2
    # At the very edge the correction would be infinite.
    bias = norm.ppf(np.clip(below, 1.0 / (len(resampled) + 1), 1.0 - 1.0 / (len(resampled) + 1)))
    gaps = without_one.mean() - without_one
    spread = (gaps**2).sum() ** 1.5
    bend = (gaps**3).sum() / (6.0 * spread) if spread > 0 else 0.0
    tails = norm.ppf([0.025, 0.975])
    levels = norm.cdf(bias + (bias + tails) / (1.0 - bend * (bias + tails)))
    low, high = np.quantile(resampled, levels)
    return float(low), float(high)
