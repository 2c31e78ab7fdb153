"""What the fake Telegram remembers: bots, chats, messages, and a ledger of all that passed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.bot_api.faults import Faults, Limits
from tests.fakes.bot_api.updates import BATCH, CALLBACK_KEPT, MESSAGE_KEPT, Pending, UpdateQueue

Json = dict[str, Any]

#: Kinds a bot must ask for by name; all others come unasked.
ONLY_ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}


class Clock:
    """The fake's own calendar: real time, moved at will."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._shift = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._source() + self._shift

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._shift += seconds


@dataclass
class Kept:
    """A message in a chat, from either side."""

    json: Json
    ours: bool
    extra: Json = field(default_factory=dict)
    revision: int = 0
    edited: bool = False
    deleted: bool = False


@dataclass
class Chat:
    """A person (or group) and the bot, from the first hello."""

    json: Json
    user: Json
    state: str = "open"
    migrated_to: int = 0
    mark: int = 0
    reply_keyboard: list[list[Json]] = field(default_factory=list)
    messages: dict[int, Kept] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """Return Telegram's id of the chat."""
        return int(self.json["id"])


@dataclass
class Webhook:
    """Where updates are pushed, and what went wrong there last."""

    url: str
    secret: str
    max_connections: int = 40
    error_date: int = 0
    error_message: str = ""
    gone_since: float = 0.0


@dataclass
class Query:
    """A button press waiting for answerCallbackQuery."""

    chat: int
    data: str
    asked_at: float
    answer: Json | None = None


@dataclass
class Ledger:
    """Everything issued, handed over, confirmed, expired and accepted."""

    issued: list[Json] = field(default_factory=list)
    handed: dict[int, int] = field(default_factory=dict)
    confirmed: dict[int, float] = field(default_factory=dict)
    expired: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    unwanted: list[Json] = field(default_factory=list)
    accepted: list[Json] = field(default_factory=list)


class Bot:
    """One token, its chats and its updates."""

    def __init__(self, token: str, *, dice: random.Random, username: str, name: str) -> None:
        self.token = token
        self.id = int(token.split(":")[0])
        self.username = username
        self.name = name
        self.queue = UpdateQueue(dice)
        self.chats: dict[int, Chat] = {}
        self.queries: dict[str, Query] = {}
        self.files: dict[str, Json] = {}
        self.settings: dict[str, Any] = {}
        self.allowed: set[str] = set()
        self.webhook: Webhook | None = None
        self.ledger = Ledger()
        self.echoes: list[Pending] = []
        self._message_ids = 0

    def me(self) -> Json:
        """Return the bot as a user."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def new_message_id(self) -> int:
        """Return the next id; all private chats of a bot share one count."""
        self._message_ids += 1
        return self._message_ids

    def wants(self, kind: str) -> bool:
        """Say whether updates of this kind are made for the bot."""
        return kind in self.allowed if self.allowed else kind not in ONLY_ON_REQUEST


class World:
    """All state, behind one lock; whoever changes it wakes whoever waits."""

    def __init__(self, *, clock: Clock, seed: int = 0) -> None:
        self.lock = threading.RLock()
        self._changed = threading.Condition(self.lock)
        self.clock = clock
        self.dice = random.Random(seed)
        self.faults = Faults(self.dice)
        self.limits = Limits()
        self.revision = 0
        self.bots: dict[str, Bot] = {}
        self.calls: list[Json] = []
        self.listeners: list[Callable[[str], None]] = []

    def touch(self) -> int:
        """Note that something changed."""
        with self.lock:
            self.revision += 1
            self._changed.notify_all()
            return self.revision

    def wait(self, after: int, timeout: float) -> int:
        """Return the revision as soon as it is beyond `after`, or when time is up."""
        with self.lock:
            self._changed.wait_for(lambda: self.revision > after, timeout)
            return self.revision

    def wake(self, token: str) -> None:
        """Tell the server that this bot has news."""
        for listener in self.listeners:
            listener(token)

    def issue(self, bot: Bot, kind: str, body: Json, *, lane: int, date: float) -> int:
        """Queue an update (0 when the bot does not want its kind or it is too old)."""
        now = self.clock.now()
        ttl = CALLBACK_KEPT if kind == "callback_query" else MESSAGE_KEPT
        with self.lock:
            if not bot.wants(kind) or date + ttl <= now:
                bot.ledger.unwanted.append({kind: body})
                return 0
            entry = bot.queue.put(kind, {kind: body}, lane=lane, expires_at=date + ttl, now=now)
            bot.ledger.issued.append(_line(entry, body, now))
            self.touch()
        self.wake(bot.token)
        return entry.update_id

    def expire(self, bot: Bot) -> None:
        """Forget what is too old to be fetched."""
        gone = bot.queue.expire(self.clock.now())
        bot.ledger.expired.extend(entry.update_id for entry in gone)

    def drop(self, bot: Bot) -> None:
        """Forget everything not confirmed, because the bot asked for that."""
        bot.echoes.clear()
        bot.ledger.dropped.extend(entry.update_id for entry in bot.queue.clear())

    def take(self, bot: Bot, offset: int, limit: int = BATCH) -> list[Json]:
        """Answer getUpdates: confirm what lies below the offset, hand out what follows."""
        with self.lock:
            self.expire(bot)
            start = bot.queue.start(offset)
            self.confirm(bot, bot.queue.confirm_before(start))
            # Copies come first and never push out what is new: the last id of a batch is
            # what the bot confirms next, and nothing unseen may lie below it.
            echoes, bot.echoes = bot.echoes[: limit // 2], bot.echoes[limit // 2 :]
            fresh = bot.queue.first(limit - len(echoes))
            batch = [*echoes, *self._shuffled(bot, fresh)]
            bot.echoes += self._echoes(bot, fresh)
            self.handed(bot, batch)
            return [entry.body for entry in batch]

    def confirm(self, bot: Bot, entries: Iterable[Pending]) -> None:
        """Note what Telegram may forget from now on."""
        with self.lock:
            for entry in entries:
                bot.ledger.confirmed[entry.update_id] = self.clock.now()
            self.touch()

    def handed(self, bot: Bot, entries: Iterable[Pending]) -> None:
        """Count what was given to the bot."""
        with self.lock:
            for entry in entries:
                bot.ledger.handed[entry.update_id] = bot.ledger.handed.get(entry.update_id, 0) + 1

    def copies(self, bot: Bot) -> int:
        """Throw the dice: how many needless copies of an update follow."""
        rule = self.faults.in_force("duplicates", bot.token)
        return self.dice.randint(1, 3) if rule and self.dice.random() < rule.share else 0

    def _echoes(self, bot: Bot, entries: list[Pending]) -> list[Pending]:
        return [entry for entry in entries for _ in range(self.copies(bot))]

    def _shuffled(self, bot: Bot, entries: list[Pending]) -> list[Pending]:
        rule = self.faults.in_force("reorder", bot.token)
        if not rule:
            return entries
        mixed: list[Pending] = []
        for start in range(0, len(entries), rule.window):
            part = entries[start : start + rule.window]
            self.dice.shuffle(part)
            mixed += part
        return mixed


def _line(entry: Pending, body: Json, now: float) -> Json:
    """Return the ledger's line for an update."""
    message = body.get("message", body) if entry.kind == "callback_query" else body
    return {
        "update_id": entry.update_id,
        "kind": entry.kind,
        "chat_id": entry.lane[1],
        "message_id": message.get("message_id"),
        "text": body.get("data", body.get("text", body.get("caption", ""))),
        "time": now,
    }
