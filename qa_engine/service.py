"""Everything a running service consists of, opened once and closed once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Self

from sqlalchemy.orm import Session

from qa_engine.domain.access import SYSTEM, Principal
from qa_engine.services.inspection import Bench, Inspectors
from qa_engine.services.work import Work
from qa_engine.settings import Settings
from qa_engine.store.columns import from_ms, to_ms
from qa_engine.store.engine import Database
from qa_engine.store.sealing import KeyFile, Keyring
from qa_engine.wiring import load_model


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, in which request, from which address."""

    principal: Principal
    request_id: str | None = None
    address: str | None = None


ITSELF = Caller(SYSTEM)


class Service:
    """The database, the keys, the inspectors and the clock of one process."""

    def __init__(self, settings: Settings, database: Database, keys: KeyFile) -> None:
        self.settings = settings
        self.database = database
        self._keys = keys
        self.inspectors = Inspectors(partial(load_model, settings.model))
        self._bench: Bench | None = None
        self._bench_lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open what the settings name; tables are not touched here (see ``store/migrations``).

        Raises:
            KeyringError: the keys cannot be read.
        """
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        inline = settings.keyring.get_secret_value() if settings.keyring else None
        keys = KeyFile(settings.keys, inline)
        return cls(settings, Database(settings.url), keys)

    @property
    def keyring(self) -> Keyring:
        """The keys as they are now: a rotation is known at once."""
        return self._keys.keyring

    @property
    def bench(self) -> Bench:
        """Where single requests are judged; its thread starts with the first use."""
        with self._bench_lock:
            if self._bench is None:
                self._bench = Bench()
            return self._bench

    def clock(self) -> datetime:
        """Now, in UTC, to the millisecond (as fine as moments are stored)."""
        return from_ms(to_ms(datetime.now(UTC)))

    @contextmanager
    def work(self, caller: Caller = ITSELF) -> Iterator[Work]:
        """A unit of work that may write; committed when the block ends, undone when it raises."""
        with self.database.writing() as session:
            yield self._work(session, caller)

    @contextmanager
    def look(self, caller: Caller = ITSELF) -> Iterator[Work]:
        """A unit of work that only reads."""
        with self.database.reading() as session:
            yield self._work(session, caller)

    def close(self) -> None:
        """Let go of everything."""
        if self._bench is not None:
            self._bench.close()
        self.database.close()

    def _work(self, session: Session, caller: Caller) -> Work:
        return Work(
            session=session,
            principal=caller.principal,
            keyring=self.keyring,
            now=self.clock(),
            zone=self.settings.zone,
            request_id=caller.request_id,
            address=caller.address,
        )
