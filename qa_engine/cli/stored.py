"""The database and the keys of an installation, for commands that look after them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from qa_engine.domain.access import SYSTEM
from qa_engine.domain.errors import QAEngineError
from qa_engine.settings import Settings
from qa_engine.store.audit import note
from qa_engine.store.columns import from_ms, to_ms
from qa_engine.store.engine import Database
from qa_engine.store.migrations import schema_state
from qa_engine.store.sealing import Keyring, load_keyring


class StoreUnusable(QAEngineError):
    """The database or the keys of the installation are not there, or cannot be used."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a command works on."""

    settings: Settings
    database: Database
    keyring: Keyring

    def audit(self, action: str, subject: str, **detail: Any) -> None:
        """Note in the audit log what the person at this machine did."""
        with self.database.writing() as session:
            note(
                session,
                self.keyring,
                actor=SYSTEM.actor,
                action=action,
                subject=subject,
                detail=detail,
                at=now(),
                address="cli",
            )


@contextmanager
def open_store(settings: Settings) -> Iterator[Stored]:
    """Open what the service has stored; nothing is made that is not there.

    Raises:
        StoreUnusable: the database or the keys are missing, or the database failed.
        KeyringError: the keys cannot be read.
    """
    keyring = find_keyring(settings)
    with open_database(settings) as database:
        state = schema_state(database)
        if not state.at_head:
            raise StoreUnusable(
                f"数据库的结构版本是 {state.current or '空'}，本软件是 {state.head}。"
                "处理办法：先启动一次服务（qa-engine serve），它会升级数据库。"
            )
        yield Stored(settings, database, keyring)


@contextmanager
def open_database(settings: Settings, *, make: bool = False) -> Iterator[Database]:
    """Open the database; an embedded one must exist unless ``make``.

    Raises:
        StoreUnusable: it is not there, or failed.
    """
    try:
        file = database_file(settings)
        if not make and file is not None and not file.is_file():
            raise StoreUnusable(
                f"没有数据库 {file}。处理办法：检查环境变量 QA_ENGINE_HOME 和 QA_ENGINE_DATABASE_URL；"
                "还没有数据时先运行 qa-engine serve。"
            )
        database = Database(settings.url)
    except (SQLAlchemyError, ImportError) as error:
        raise StoreUnusable("QA_ENGINE_DATABASE_URL 不是可用的数据库网址。") from error
    try:
        yield database
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnusable(
            f"数据库 {database.url.render_as_string()} 出错（{type(cause).__name__}）。"
            "处理办法：确认数据库在运行、网址和密码正确、磁盘未满，再试一次。"
        ) from error
    finally:
        database.close()


def find_keyring(settings: Settings) -> Keyring:
    """The keys, never made anew: with others nothing stored could be read.

    Raises:
        StoreUnusable: there are none.
        KeyringError: they cannot be read.
    """
    if settings.keyring is not None:
        return Keyring.parse(settings.keyring.get_secret_value())
    if not settings.keys.is_file():
        raise StoreUnusable(
            f"没有密钥文件 {settings.keys}。处理办法：检查 QA_ENGINE_HOME 和 QA_ENGINE_KEY_FILE，"
            "或放回备份的密钥文件。"
        )
    return load_keyring(settings.keys)


def database_file(settings: Settings) -> Path | None:
    """Where the embedded database lies; None for one behind a server.

    Raises:
        ArgumentError: the URL is none.
    """
    url = make_url(settings.url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


@contextmanager
def one_moment(database: Database) -> Iterator[Session]:
    """A session that sees the database as it is at this moment, however long the command takes."""
    engine = database.engine
    if database.kind == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, autoflush=False) as session, session.begin():
        yield session


def now() -> datetime:
    """Now, to the millisecond."""
    return from_ms(to_ms(datetime.now(UTC)))


def local(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as people read it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"
