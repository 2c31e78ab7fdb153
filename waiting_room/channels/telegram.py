"""Sends letters by a Telegram bot: one instance for patients, one with another token for staff."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MessageEntity,
    ReplyKeyboardMarkup,
)
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

from waiting_room import library
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure
from waiting_room.channels.http_request import CONNECTIONS, READ_SECONDS, HttpRequest
from waiting_room.channels.pacing import Pacer, Resting
from waiting_room.letters import Priority, leading_to
from waiting_room.sending import Parcel

# The library logs its address, which holds the token, and every text it sends, at DEBUG.
logging.getLogger("telegram").setLevel(logging.WARNING)
log = logging.getLogger(__name__)

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
# A letter whose turn does not come is put back, so that its lease never runs out while it waits.
TURN_WITHIN = 5.0
ASK_AGAIN = 2.0
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
    """One message of a letter, as the library takes it."""

    text: str
    entities: list[MessageEntity]
    keyboard: InlineKeyboardMarkup | ReplyKeyboardMarkup | None


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
        # Never initialised: that asks Telegram, and a room starts when Telegram is down.
        self._bot = Bot(
            token,
            base_url=f"{api}/bot",
            request=self._request,
            get_updates_request=self._request,
        )
        self._address = address
        self._protect = protect
        self._pacer = pacer or Pacer()
        # As many as leave in a second: nobody stands in the queue for long, and none is idle.
        self.at_once = max(20, min(CONNECTIONS, round(self._pacer.per_second)))
        self._parts_sent: dict[str, int] = {}
        self._doubtful = self._asking = False

    @property
    def resting(self) -> float:
        """Seconds of silence Telegram still wants from this bot."""
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

    async def say_plain(self, place: str, text: str) -> str:
        """Say words of our own from memory, before every letter. Raises NotSent."""
        return await self._post(place, _Message(text, [], None), urgency=Priority.CRISIS)

    async def _be_sure(self, parcel: Parcel) -> None:
        """After a silence one harmless question goes first, so that an outage which swallows
        answers costs the routine letters of one moment and not all of them."""
        # A crisis letter asks nothing first: twice is better than late.
        if not self._doubtful or parcel.is_crisis:
            return
        if self._asking:
            raise Later("waiting whether Telegram answers", ASK_AGAIN)
        self._asking = True
        try:
            await self._bot.get_me()
            self._doubtful = False
        except TelegramError:
            raise Later("Telegram does not answer") from None
        finally:
            self._asking = False

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
        try:
            await asyncio.wait_for(self._pacer.turn(place, urgency=urgency), TURN_WITHIN)
        except Resting as rest:
            raise Later("Telegram asked for a pause", rest.seconds) from None
        except TimeoutError:
            raise Later("too long a queue", 1.0) from None
        try:
            sent = await self._bot.send_message(
                int(place),
                message.text,
                entities=message.entities or None,
                reply_markup=message.keyboard,
                protect_content=self._protect,
                link_preview_options=NO_PREVIEW,
            )
        except TelegramError as error:
            raise self._meaning(error) from None
        self._doubtful = False
        return str(sent.message_id)

    def _meaning(self, error: TelegramError) -> NotSent:
        if isinstance(error, RetryAfter):
            seconds = _seconds(error)
            self._pacer.rest(seconds)
            return Later("Telegram asked for a pause", seconds)
        verdict = verdict_of(error)
        self._doubtful = self._doubtful or isinstance(verdict, Unsure)
        return verdict


def verdict_of(error: TelegramError) -> NotSent:
    """What an error of Telegram's means for the letter."""
    said = error.message.casefold()
    fits = (made for kind, words, made in REFUSALS if isinstance(error, kind) and words in said)
    return next(fits)()


def render(parcel: Parcel, address: str) -> Iterator[_Message]:
    """A letter as Telegram messages; the last one carries the keys."""
    parts = library.to_telegram(parcel.page, leading_to(address, parcel.values))
    links = [_link(offer, address) for row in parcel.choices for offer in row if offer["url"]]
    # Telegram puts only https addresses on a button; any other one is told in words.
    told = [f"{label}: {url}" for label, url in links if not url.startswith("https://")]
    if told:
        parts.append(("\n".join(told), []))
    if not parts:
        raise Permanent("the page is empty")
    for text, entities in parts[:-1]:
        yield _Message(text, [_entity(one) for one in entities], None)
    text, entities = parts[-1]
    yield _Message(text, [_entity(one) for one in entities], _keyboard(parcel, address))


def _keyboard(parcel: Parcel, address: str) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    if parcel.keys:
        labels = [[offer["label"] for offer in row] for row in parcel.choices]
        return ReplyKeyboardMarkup(labels, resize_keyboard=True, is_persistent=True)
    rows = [[_button(offer, address) for offer in row] for row in parcel.choices]
    shown = [[button for button in row if button] for row in rows]
    return InlineKeyboardMarkup([row for row in shown if row]) if any(shown) else None


def _button(offer: dict[str, str], address: str) -> InlineKeyboardButton | None:
    if not offer["url"]:
        return InlineKeyboardButton(offer["label"], callback_data=offer["token"])
    label, url = _link(offer, address)
    return InlineKeyboardButton(label, url=url) if url.startswith("https://") else None


def _link(offer: dict[str, str], address: str) -> tuple[str, str]:
    url = offer["url"]
    return offer["label"], f"{address}{url}" if url.startswith("/") else url


def _entity(mark: dict[str, Any]) -> MessageEntity:
    return MessageEntity(**mark)


def _seconds(error: RetryAfter) -> float:
    pause = error.retry_after
    return pause.total_seconds() if isinstance(pause, timedelta) else float(pause)
