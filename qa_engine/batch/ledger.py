"""The run ledger: every finished chunk in one SQLite transaction beside the output file.

A chunk is either wholly in the ledger or not at all, so a run that was killed goes on where the
last commit ended, and the final file is only ever assembled from a complete ledger.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

from qa_engine.batch.errors import InputsChanged, LedgerBusy, LedgerDamaged, LedgerMismatch, LedgerNotWritten
from qa_engine.batch.record import Failed, Failure, Record, Scored

_SCHEMA = """
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE scored (seq INTEGER PRIMARY KEY, transcript_id TEXT NOT NULL, report BLOB NOT NULL);
CREATE TABLE failed (seq INTEGER PRIMARY KEY, failure BLOB NOT NULL);
"""
# Reports repeat their field names on every line; level 1 already takes nine tenths of them away.
_COMPRESSION = 1
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


def ledger_path(out: Path) -> Path:
    """Where the ledger of an output file lies."""
    return out.with_name(out.name + ".progress.sqlite")


def discard_ledger(path: Path) -> None:
    """Remove a ledger together with the side files of SQLite."""
    for suffix in ("-wal", "-shm", "-journal", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


class RunLedger:
    """An open ledger; one process at a time may hold it.

    ``identity`` maps Chinese names (评分表, 输入文件, …) to digests; a ledger with other digests is
    refused by name.

    Raises:
        LedgerMismatch, LedgerDamaged, LedgerBusy, LedgerNotWritten: see there.
    """

    def __init__(self, path: Path, identity: Mapping[str, str]) -> None:
        self.path = path
        try:
            self._db = sqlite3.connect(path, timeout=0.2, isolation_level=None)
        except sqlite3.OperationalError as error:
            raise LedgerNotWritten(path) from error
        try:
            self._open(identity)
        except sqlite3.OperationalError as error:
            self._db.close()
            if "locked" in str(error):
                raise LedgerBusy(path) from error
            if error.sqlite_errorcode & 0xFF in _NO_ROOM:
                raise LedgerNotWritten(path) from error
            raise LedgerDamaged(path) from error
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise LedgerDamaged(path) from error
        except LedgerMismatch:
            self._db.close()
            raise

    def _open(self, identity: Mapping[str, str]) -> None:
        # The exclusive lock lives as long as the connection and dies with the process.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("BEGIN IMMEDIATE")
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        if not tables:
            for statement in _SCHEMA.split(";"):
                self._db.execute(statement)
            self._db.executemany("INSERT INTO run VALUES (?, ?)", identity.items())
        found = dict(self._db.execute("SELECT key, value FROM run"))
        self._db.execute("COMMIT")
        differing = tuple(key for key in {**identity, **found} if identity.get(key) != found.get(key))
        if differing:
            raise LedgerMismatch(self.path, differing)
        if self._db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise LedgerDamaged(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger and let go of its lock; the file stays."""
        self._db.close()

    @property
    def count(self) -> int:
        """How many records are done (scored or failed)."""
        (count,) = self._db.execute(
            "SELECT (SELECT count(*) FROM scored) + (SELECT count(*) FROM failed)"
        ).fetchone()
        return int(count)

    @property
    def has_reports(self) -> bool:
        """Whether any conversation was scored."""
        return self._db.execute("SELECT 1 FROM scored LIMIT 1").fetchone() is not None

    def has(self, first_seq: int, ids: Sequence[str | None]) -> bool:
        """Tell whether the chunk that starts at ``first_seq`` is done.

        ``ids`` are the transcript ids of the chunk as read now (None for unreadable records).

        Raises:
            InputsChanged: done, but with other transcripts than these.
        """
        span = (first_seq, first_seq + len(ids) - 1)
        scored = dict(
            self._db.execute("SELECT seq, transcript_id FROM scored WHERE seq BETWEEN ? AND ?", span)
        )
        failed = dict(self._db.execute("SELECT seq, failure FROM failed WHERE seq BETWEEN ? AND ?", span))
        if not scored and not failed:
            return False
        for seq, transcript_id in enumerate(ids, first_seq):
            if seq in failed:
                known = Failure.from_json(failed[seq]).transcript_id
            elif seq in scored:
                known = scored[seq]
            else:
                raise InputsChanged(self.path, seq)
            if known != transcript_id:
                raise InputsChanged(self.path, seq)
        return True

    def add(self, records: Sequence[Record]) -> None:
        """Commit one chunk: all of its records or, if the process dies, none.

        Raises:
            LedgerNotWritten: the disk takes no more; what was committed before stays.
        """
        try:
            self._add(records)
        except sqlite3.OperationalError as error:
            raise LedgerNotWritten(self.path) from error

    def _add(self, records: Sequence[Record]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "INSERT INTO scored VALUES (?, ?, ?)",
            [
                (item.seq, item.transcript_id, zlib.compress(item.report, _COMPRESSION))
                for item in records
                if isinstance(item, Scored)
            ],
        )
        self._db.executemany(
            "INSERT INTO failed VALUES (?, ?)",
            [(item.seq, item.failure.to_json()) for item in records if isinstance(item, Failed)],
        )
        self._db.execute("COMMIT")

    def scored(self) -> Iterator[Scored]:
        """Yield every report in input order without holding more than one."""
        try:
            for seq, transcript_id, report in self._db.execute("SELECT * FROM scored ORDER BY seq"):
                yield Scored(seq, transcript_id, zlib.decompress(report))
        except (sqlite3.DatabaseError, zlib.error) as error:
            raise LedgerDamaged(self.path) from error

    def failures(self) -> Iterator[Failure]:
        """Yield every failure in input order."""
        for (failure,) in self._db.execute("SELECT failure FROM failed ORDER BY seq"):
            yield Failure.from_json(failure)
