"""The PostgreSQL of the tests is real, empty when asked for, and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.postgres import Postgres, fresh_database, postgres

__all__ = ["fresh_database", "postgres"]

pytestmark = pytest.mark.postgres


def names(server: Postgres) -> set[str]:
    engine = create_engine(server.url())
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT datname FROM pg_database")))
    engine.dispose()
    return found


def test_each_database_is_empty_and_apart(fresh_database: Callable[[], str]) -> None:
    one, two = create_engine(fresh_database()), create_engine(fresh_database())
    with one.begin() as connection:
        connection.execute(text("CREATE TABLE sample (id int)"))
    with two.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('sample')")) is None
        assert "PostgreSQL 18" in str(connection.scalar(text("SELECT version()")))


def test_databases_are_dropped_after_the_test(postgres: Postgres) -> None:
    assert not any(name.startswith("room_") for name in names(postgres))


def test_the_server_can_crash_and_come_back(
    postgres: Postgres, fresh_database: Callable[[], str]
) -> None:
    engine = create_engine(fresh_database(), pool_pre_ping=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE sample AS SELECT 1 AS id"))
    postgres.halt("immediate")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres.url().replace("+psycopg", ""))
    postgres.resume()
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM sample")) == 1
