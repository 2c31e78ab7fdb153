"""The store of the peers: SQLAlchemy's async ORM on aiosqlite, durable (synchronous=FULL)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from sqlalchemy import BigInteger, Connection, ForeignKey, create_engine, event, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.peers.chats import FIRST_CHAT


class Base(DeclarativeBase):
    """Every table."""


class Patient(Base):
    """Somebody who may write."""

    __tablename__ = "patient"
    id: Mapped[int] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    name: Mapped[str]
    heard: Mapped[int] = mapped_column(default=0)
    heard_at: Mapped[datetime | None]


class Message(Base):
    """What somebody wrote."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    text: Mapped[str]
    at: Mapped[datetime]


def sessions(file: str) -> async_sessionmaker[AsyncSession]:
    """Sessions on this file, with the pragmas and the BEGIN that SQLAlchemy's pages advise."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}", connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # The transaction reads and then writes: without this, two at once fail with "locked".
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return async_sessionmaker(engine, expire_on_commit=False)


async def remember(make: async_sessionmaker[AsyncSession], chat_id: int, text: str) -> None:
    """The simple work, in one transaction."""
    now = datetime.now(UTC).replace(tzinfo=None)
    async with make.begin() as session:
        patient = (await session.scalars(select(Patient).where(Patient.chat_id == chat_id))).one()
        session.add(Message(patient_id=patient.id, text=text, at=now))
        patient.heard += 1
        patient.heard_at = now


def make(file: str, patients: int) -> None:
    """A fresh file with so many patients."""
    engine = create_engine(f"sqlite:///{file}")
    Base.metadata.create_all(engine)
    rows = [{"chat_id": FIRST_CHAT + n, "name": f"Sample {n}"} for n in range(patients)]
    with engine.begin() as connection:
        connection.execute(insert(Patient), rows)


if __name__ == "__main__":
    make(sys.argv[1], int(sys.argv[2]))
