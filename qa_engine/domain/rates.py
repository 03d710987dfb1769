"""Shares of counted calls with Wilson intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Two-sided 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``n``; value and 95 % interval lie in 0–1 and are None without any calls.

    Wilson's interval (JASA 22, 1927): unlike the normal one it stays within 0–1 and holds its confidence for
    rare events and few calls (Brown, Cai & DasGupta, Statistical Science 16, 2001).
    """

    hits: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.hits <= self.n:
            raise ValueError(f"no rate: {self.hits} of {self.n}")

    @property
    def value(self) -> float | None:
        """The share."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lower and upper limit."""
        if not self.n:
            return None
        n, share, z2 = self.n, self.hits / self.n, _Z * _Z
        middle = share + z2 / (2 * n)
        width = _Z * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
        # Rounding must not push a limit past the ends.
        low = 0.0 if self.hits == 0 else max(0.0, (middle - width) / (1 + z2 / n))
        high = 1.0 if self.hits == n else min(1.0, (middle + width) / (1 + z2 / n))
        return low, high
