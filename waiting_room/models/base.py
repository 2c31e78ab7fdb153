"""What every table shares: our own ids, UTC times, and fields that are sealed at rest."""

from __future__ import annotations

import json
import os
import secrets
import threading
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self, overload

from sqlalchemy import DateTime, Dialect, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON, TypeDecorator

from waiting_room import clock, keyring

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
REFERENCE_LETTERS = "23456789CDFGHJKMNPQRTVWXYZ"  # no vowels, nothing that looks like another


class _Counter:
    """The last id's place in time. Ids of one process only ever grow, so that letters written in
    one breath leave in the order they were written (RFC 9562, method 1: a counter in rand_a)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        """Milliseconds and a 12-bit counter as one number, larger than any before."""
        fresh = int(clock.wall().timestamp() * 1000) << 12
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return self._last


_counter = _Counter()


def new_id() -> str:
    """A UUIDv7 as text: ours from the start, sorted by time, the same for ever (RFC 9562)."""
    place = _counter.next()
    raw = bytearray((place >> 12).to_bytes(6, "big") + os.urandom(10))
    raw[6] = 0x70 | (place >> 8 & 0x0F)
    raw[7] = place & 0xFF
    raw[8] = 0x80 | (raw[8] & 0x3F)
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def new_reference(length: int = 5) -> str:
    """A short reference a person can read out, such as K7F3P."""
    return "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(length))


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC on every database. A time without a zone is refused, never guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: SQLite forgets the zone, so it is given back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """One table. Ids are made before the row is stored."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
        list[str]: JSON(),
        bytes: LargeBinary(),
    }

    def __init__(self, **values: Any) -> None:
        """Plain columns first: a sealed field needs to know whose row it stands in."""
        # Before the sealed fields: each value is bound to the id of its row.
        if "id" not in values and isinstance(self, Row):
            values["id"] = new_id()
        for name in _in_order(type(self), tuple(values)):
            setattr(self, name, values[name])

    @property
    def sealed_for(self) -> str:
        """The owner whose key seals this row's personal fields."""
        raise TypeError(f"{type(self).__name__} has no owner to seal for")


@cache
def _in_order(kind: type[Base], names: tuple[str, ...]) -> list[str]:
    """Worked out once for each way of making a row, of which there are few."""
    unknown = [name for name in names if not hasattr(kind, name)]
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {unknown[0]}")
    return sorted(names, key=lambda name: isinstance(getattr(kind, name), Sealed))


class Row(Base):
    """A table with an id of its own."""

    __abstract__ = True
    id: Mapped[str] = mapped_column(String(36), primary_key=True)


class Sealed:
    """A personal field: plain in Python, sealed in the row, unreadable once the key is destroyed.

    Declare it beside its column: `name_sealed: Mapped[bytes | None]` and `name = Sealed()`.
    The value may be anything JSON can hold.
    """

    def __set_name__(self, kind: type, name: str) -> None:
        self._column = f"{name}_sealed"
        self._name = name

    @overload
    def __get__(self, row: None, kind: type) -> Self: ...
    @overload
    def __get__(self, row: Base, kind: type) -> Any: ...
    def __get__(self, row: Base | None, kind: type) -> Any:
        if row is None:
            return self
        sealed = getattr(row, self._column)
        if sealed is None:
            return None
        plain = keyring.current().unseal(row.sealed_for, sealed, bound_to=self._place(row))
        return None if plain is None else json.loads(plain)

    def __set__(self, row: Base, value: Any) -> None:
        if value is None:
            setattr(row, self._column, None)
            return
        # JSON and not pickle: what is read back is data, even if somebody else wrote it.
        plain = json.dumps(value, separators=(",", ":")).encode()
        sealed = keyring.current().seal(row.sealed_for, plain, bound_to=self._place(row))
        setattr(row, self._column, sealed)

    def _place(self, row: Base) -> str:
        # A value that is copied to another row or column does not open there.
        return f"{row.__tablename__}|{row.id}|{self._name}"  # type: ignore[attr-defined]
