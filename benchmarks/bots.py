"""How each bot that is measured is started: ours as an administrator starts it, peers as their
documentation does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench import PEERS, Bench, Room
from benchmarks.peers.chats import FIRST_CHAT
from benchmarks.processes import ROOT, Child, answers, clean_env, free_port, running
from benchmarks.telegram.client import STAFF_TOKEN, TOKEN, Telegram
from tests.fakes.smtp import MailServer

WARM = 100
START_SECONDS = 60


@contextmanager
def ours(bench: Bench, room: Room, telegram: Telegram, **settings: str) -> Iterator[Child]:
    """`waiting-room serve`: web, poller, worker, ticks and delivery, in one process."""
    port = free_port()
    env = room.env | {
        "WAITING_ROOM_TELEGRAM_TOKEN": TOKEN,
        "WAITING_ROOM_STAFF_TELEGRAM_TOKEN": STAFF_TOKEN,
        "WAITING_ROOM_TELEGRAM_API": telegram.url,
        # The highest that may be set: at 30 Telegram would be all that is measured.
        "WAITING_ROOM_TELEGRAM_PER_SECOND": "1000",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "waiting_room.cli", "serve"]
    # A mail server answers: alerts of the seed write mails, and a missing server costs tries.
    with MailServer() as mail:
        env |= {"WAITING_ROOM_SMTP_URL": mail.url} | settings
        with running(command, env=env, log=bench.file("serve.log")) as child:
            child.wait_for(lambda: answers(f"http://127.0.0.1:{port}/health/live"))
            yield child


@contextmanager
def peer(
    bench: Bench, module: str, patients: int, telegram: Telegram, *more: str
) -> Iterator[Child]:
    """A peer's bot on a fresh store with so many patients."""
    with peer_on(bench, module, peer_store(bench, patients), telegram, *more) as child:
        yield child


@contextmanager
def peer_on(
    bench: Bench, module: str, store: Path, telegram: Telegram, *more: str
) -> Iterator[Child]:
    """A peer's bot on this store."""
    command = [str(PEERS), "-m", f"benchmarks.peers.{module}", telegram.url, TOKEN, str(store)]
    with running([*command, *more], env=clean_env(), log=bench.file("peer.log")) as child:
        yield child


def peer_store(bench: Bench, patients: int) -> Path:
    """A file of the peers' own, filled."""
    store = bench.file("peer.db")
    command = [str(PEERS), "-m", "benchmarks.peers.store", str(store), str(patients)]
    subprocess.run(command, cwd=ROOT, check=True)
    return store


def warm(telegram: Telegram) -> None:
    """Let the first chats be answered once, so that nobody is measured while starting."""
    telegram.offer(FIRST_CHAT, WARM)
    if not telegram.wait_answered(WARM, seconds=START_SECONDS):
        raise TimeoutError("a bot did not begin to answer")
    telegram.clear()
