"""Sends letters by a Telegram bot: one instance for patients, one with another token for staff."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from waiting_room import library, sending
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure, words_of
from waiting_room.channels.http_request import (
    CONNECTIONS,
    READ_SECONDS,
    HttpRequest,
    NotDelivered,
)
from waiting_room.channels.pacing import Pacer, Resting
from waiting_room.letters import Priority, leading_to
from waiting_room.sending import Parcel

# The library logs its address, which holds the token, and every text it sends, at DEBUG.
logging.getLogger("telegram").setLevel(logging.WARNING)
log = logging.getLogger(__name__)

Json = dict[str, Any]
NO_PREVIEW = {"is_disabled": True}
# A letter whose turn does not come is put back, so that its lease never runs out while it waits.
TURN_WITHIN = 5.0
# Asking, the turn and the sending together stay below what a channel may take.
ASK_WITHIN = 5.0
# Later and not Permanent: it is our setting that is wrong, and the letter still has its reader.
TOKEN_WRONG = 60.0

# What each of Telegram's errors means for a letter; the first line that fits counts.
REFUSALS: tuple[tuple[type[TelegramError], str, Callable[[], NotSent]], ...] = (
    (ChatMigrated, "", partial(Permanent, "the chat moved", gone=True)),
    (Forbidden, "blocked by the user", partial(Permanent, "blocked", gone=True)),
    (Forbidden, "deactivated", partial(Permanent, "account deleted", gone=True)),
    (Forbidden, "initiate conversation", partial(Permanent, "never opened the bot", gone=True)),
    (Forbidden, "", partial(Permanent, "forbidden", gone=True)),
    (BadRequest, "chat not found", partial(Permanent, "no such chat", gone=True)),
    (BadRequest, "peer_id_invalid", partial(Permanent, "no such chat", gone=True)),
    (BadRequest, "", partial(Permanent, "Telegram refused these words or buttons")),
    (InvalidToken, "", partial(Later, "Telegram refused the bot's token", TOKEN_WRONG)),
    (TimedOut, "", partial(Unsure, "no answer from Telegram")),
    (NetworkError, "", partial(Later, "Telegram cannot be reached")),
    (TelegramError, "", partial(Unsure, "an answer nobody can read")),
)


@dataclass(frozen=True)
class _Message:
    """One message of a letter, as it goes over the wire."""

    text: str
    entities: list[Json]
    keyboard: Json | None


class TelegramChannel:
    """A bot that speaks.

    How far a long letter got is remembered here only: after a restart a letter that broke off in
    the middle is sent again from its beginning.
    """

    def __init__(
        self,
        token: str,
        *,
        api: str,
        address: str,
        protect: bool,
        pacer: Pacer | None = None,
        read: float = READ_SECONDS,
    ) -> None:
        self._request = HttpRequest(read=read)
        self._url, self._ask_within = f"{api}/bot{token}", min(read, ASK_WITHIN)
        self._address = address
        self._protect = protect
        self._pacer = pacer or Pacer()
        # As many as leave in a second: nobody stands in the queue for long, and none is idle.
        self.at_once = max(20, min(CONNECTIONS, round(self._pacer.per_second)))
        self._parts_sent: dict[str, int] = {}
        self._doubtful, self._silences = False, 0
        self._asking: asyncio.Task[bool] | None = None

    @property
    def resting(self) -> float:
        """Seconds for which routine letters must wait: Telegram asked for it, or is away."""
        return self._pacer.resting

    async def close(self) -> None:
        """Close the connections."""
        await self._request.shutdown()

    async def send(self, parcel: Parcel) -> str:
        """Send a letter, all its parts; a second try goes on where the first broke off."""
        await self._be_sure(parcel)
        messages = list(render(parcel, self._address))
        start = min(self._parts_sent.get(parcel.letter_id, 0), len(messages) - 1)
        message_id = ""
        try:
            for number, message in enumerate(messages[start:], start):
                message_id = await self._send_part(parcel, message)
                if len(messages) > 1:
                    self._parts_sent[parcel.letter_id] = number + 1
        # It surely did not arrive: the next try goes on with this part.
        except Later:
            raise
        except NotSent:
            # A routine letter is not tried again, so nobody will ask how far it came.
            if not parcel.is_crisis:
                self._parts_sent.pop(parcel.letter_id, None)
            raise
        self._parts_sent.pop(parcel.letter_id, None)
        return message_id

    async def prove(self, parcel: Parcel) -> str:
        """Word the letter, and ask Telegram who we are: the token and the way there work."""
        list(render(parcel, self._address))
        try:
            await self._request.ask(f"{self._url}/getMe", read=self._ask_within)
        except TelegramError as error:
            raise verdict_of(error) from None
        return "drill"

    async def say_plain(self, place: str, text: str) -> str:
        """Say words of our own from memory, before every letter. Raises NotSent."""
        return await self._post(place, _Message(text, [], None), urgency=Priority.CRISIS)

    async def _be_sure(self, parcel: Parcel) -> None:
        """After a silence one harmless question goes first, so that an outage which swallows
        answers costs the routine letters of one moment and not all of them."""
        # A crisis letter asks nothing first: twice is better than late.
        if not self._doubtful or parcel.is_crisis:
            return
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        # One question for all who wait; whoever stops waiting does not stop it.
        if not await asyncio.shield(self._asking):
            raise Later("Telegram does not answer", self._pacer.resting, tried=False)

    async def _ask(self) -> bool:
        try:
            await self._request.ask(f"{self._url}/getMe", read=self._ask_within)
        except TelegramError:
            # While Telegram is away the queue stays where it is, and is looked at less and less.
            self._silences += 1
            self._pacer.rest(sending.pause_after(self._silences))
            return False
        self._heard()
        return True

    def _heard(self) -> None:
        self._doubtful, self._silences = False, 0

    async def _send_part(self, parcel: Parcel, message: _Message) -> str:
        try:
            return await self._post(parcel.place, message, urgency=parcel.priority)
        except Permanent as refusal:
            if refusal.gone or not (message.entities or message.keyboard):
                raise
        # Words matter more than their dress: once more without marks and keys.
        log.error("letter %s: Telegram refused its marks or keys; sent plain", parcel.letter_id)
        plain = _Message(message.text, [], None)
        return await self._post(parcel.place, plain, urgency=parcel.priority)

    async def _post(self, place: str, message: _Message, *, urgency: int) -> str:
        body: Json = {"chat_id": int(place), "text": message.text}
        body |= {"protect_content": self._protect, "link_preview_options": NO_PREVIEW}
        body |= {"entities": message.entities} if message.entities else {}
        body |= {"reply_markup": message.keyboard} if message.keyboard else {}
        try:
            async with asyncio.timeout(TURN_WITHIN):
                await self._pacer.turn(place, urgency=urgency)
        except Resting as rest:
            raise Later("Telegram asked for a pause", rest.seconds, tried=False) from None
        except TimeoutError:
            raise Later("too long a queue", 1.0, tried=False) from None
        try:
            sent = await self._request.ask(f"{self._url}/sendMessage", body)
        except TelegramError as error:
            raise self._meaning(error) from None
        self._heard()
        return str(sent["message_id"])

    def _meaning(self, error: TelegramError) -> NotSent:
        if isinstance(error, RetryAfter):
            seconds = _seconds(error)
            self._pacer.rest(seconds)
            return Later("Telegram asked for a pause", seconds)
        self._doubtful = self._doubtful or isinstance(error, TimedOut | NotDelivered)
        return verdict_of(error)


def verdict_of(error: TelegramError) -> NotSent:
    """What an error of Telegram's means for the letter."""
    said = error.message.casefold()
    fits = (made for kind, words, made in REFUSALS if isinstance(error, kind) and words in said)
    return next(fits)()


def render(parcel: Parcel, address: str) -> Iterator[_Message]:
    """A letter as Telegram messages; the last one carries the keys."""
    parts = library.to_telegram(words_of(parcel), leading_to(address, parcel.values))
    links = [_link(offer, address) for row in parcel.choices for offer in row if offer["url"]]
    # Telegram puts only https addresses on a button; any other one is told in words.
    told = [f"{label}: {url}" for label, url in links if not url.startswith("https://")]
    if told:
        parts.append(("\n".join(told), []))
    if not parts:
        raise Permanent("the page is empty")
    for text, entities in parts[:-1]:
        yield _Message(text, entities, None)
    text, entities = parts[-1]
    yield _Message(text, entities, _keyboard(parcel, address))


def _keyboard(parcel: Parcel, address: str) -> Json | None:
    if parcel.keys:
        labels = [[offer["label"] for offer in row] for row in parcel.choices]
        return {"keyboard": labels, "resize_keyboard": True, "is_persistent": True}
    rows = [[_button(offer, address) for offer in row] for row in parcel.choices]
    shown = [[button for button in row if button] for row in rows]
    return {"inline_keyboard": [row for row in shown if row]} if any(shown) else None


def _button(offer: dict[str, str], address: str) -> Json | None:
    if not offer["url"]:
        return {"text": offer["label"], "callback_data": offer["token"]}
    label, url = _link(offer, address)
    return {"text": label, "url": url} if url.startswith("https://") else None


def _link(offer: dict[str, str], address: str) -> tuple[str, str]:
    url = offer["url"]
    return offer["label"], f"{address}{url}" if url.startswith("/") else url


def _seconds(error: RetryAfter) -> float:
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
