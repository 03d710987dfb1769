"""How often one caller may ask, counted in this process."""

from __future__ import annotations

import math
import time
from ipaddress import IPv6Address, IPv6Network

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from qa_engine.domain.refusal import TooManyRequests
from qa_engine.settings import Settings


class Rates:
    """Counts requests of callers, failed proofs of addresses, and log-in attempts of addresses."""

    def __init__(self, settings: Settings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(settings.rate_per_minute)
        self._logins = RateLimitItemPerMinute(settings.login_rate_per_minute)

    def admit(self, actor: str) -> None:
        """Count one request of a caller.

        Raises:
            TooManyRequests: it is one too many within a minute.
        """
        self._hit(self._requests, "caller", actor)

    def admit_stranger(self, address: str) -> None:
        """Count one request of somebody who could not prove who they are.

        Raises:
            TooManyRequests: it is one too many within a minute.
        """
        self._hit(self._requests, "stranger", _network(address))

    def admit_login(self, address: str) -> None:
        """Count one attempt to log in.

        Raises:
            TooManyRequests: it is one too many within a minute.
        """
        self._hit(self._logins, "login", _network(address))

    def _hit(self, limit: RateLimitItemPerMinute, *who: str) -> None:
        if self._limiter.hit(limit, *who):
            return
        reset = self._limiter.get_window_stats(limit, *who).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        raise TooManyRequests(
            f"请求过于频繁，请在 {wait} 秒后再试。", f"Too many requests, try again in {wait} seconds.", wait
        )


def _network(address: str) -> str:
    """By what an address is counted: whoever has one of IPv6 has 2^64 of them. Other names stay."""
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return address if found.ipv4_mapped else str(IPv6Network((found, 64), strict=False))
