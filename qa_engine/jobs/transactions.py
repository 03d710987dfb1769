"""Transactions of workers: tried again when they lost a race, given up when the database is gone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from qa_engine.domain.errors import QAEngineError
from qa_engine.service import Service
from qa_engine.services.work import Work

Result = TypeVar("Result")
_TRIES = 8
# PostgreSQL: serialization_failure, deadlock_detected. Whoever gets one has lost a race and may try again.
_LOST_RACE = frozenset({"40001", "40P01"})


class DatabaseLost(QAEngineError):
    """The database does not answer (stopped, restarted, unreachable, full)."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"数据库无法使用（{kind}）。")


def settled(service: Service, body: Callable[[Work], Result]) -> Result:
    """Run ``body`` in one writing transaction; again, whole, when it lost a race against another.

    Raises:
        DatabaseLost: the database does not answer. Nothing of ``body`` has happened, or all of it has: the
            answer to the commit may be what was lost.
    """
    for attempt in range(1, _TRIES):
        try:
            with service.work() as work:
                return body(work)
        except DBAPIError as error:
            if not lost_race(error):
                raise_if_lost(error)
                raise
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
        except PoolTimeout as error:
            raise DatabaseLost(type(error).__name__) from None
    try:
        with service.work() as work:
            return body(work)
    except DBAPIError as error:
        raise_if_lost(error)
        raise


def lost_race(error: DBAPIError) -> bool:
    """True when another transaction was faster and this one may simply be run again."""
    return isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) in _LOST_RACE


def raise_if_lost(error: DBAPIError) -> None:
    """Turn what a vanished database raises into one named error.

    Raises:
        DatabaseLost: it is gone.
    """
    gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    if gone and getattr(error.orig, "sqlstate", None) not in _LOST_RACE:
        raise DatabaseLost(type(error).__name__) from None
