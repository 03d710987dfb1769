"""What a running application knows of itself beyond the service: whether it is on its way out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from fastapi import FastAPI

from qa_engine.service import Service


@dataclass(slots=True)
class Running:
    """One application at work.

    Attributes:
        service: what it serves.
        draining: True from the moment it was asked to stop: ``/readyz`` then answers 503.
        first_password: the one-time password of the first administrator, at the very first start.
        degraded: why something that was wanted is not in use, Chinese sentences.
        workers: how many worker processes should be alive beside it; 0 = none were wanted.
    """

    service: Service
    draining: bool = False
    first_password: str | None = None
    degraded: tuple[str, ...] = ()
    workers: int = 0
    since: float = field(default_factory=time.time)


def running_of(app: FastAPI) -> Running:
    """What the application's lifespan has opened."""
    found = app.state.running
    assert isinstance(found, Running)
    return found
