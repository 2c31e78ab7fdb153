"""The driver: starts the fake Bot API, or finds one in another process, and acts for people."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.bot_api.host import Host
from tests.fakes.bot_api.people import Refusal
from tests.fakes.bot_api.sent import Json
from tests.fakes.bot_api.telephone import Telephone


class BotApi:
    """A fake Telegram. `with BotApi() as api: chat = api.bot(TOKEN).chat(7_234_567_890)`."""

    def __init__(
        self,
        *,
        port: int = 0,
        control_port: int = 0,
        now: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        self._host: Host | None = Host(port=port, control_port=control_port, now=now, seed=seed)
        self._far = ""
        self._url = ""

    @classmethod
    def at(cls, control: str) -> BotApi:
        """Drive a fake in another process, by its control address."""
        api = cls.__new__(cls)
        api._host, api._far, api._url = None, urlsplit(control).netloc, ""
        return api

    def __enter__(self) -> BotApi:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> BotApi:
        """Listen (a fake in another process listens already)."""
        if self._host is not None:
            self._host.start()
            self._url = ""
        return self

    def stop(self) -> None:
        """Stop listening (a fake in another process is left alone)."""
        if self._host is not None:
            self._host.stop()

    @property
    def url(self) -> str:
        """Return the base address: python-telegram-bot takes f"{url}/bot"."""
        if not self._url:
            self._url = str(self.call("address"))
        return self._url

    @property
    def control_url(self) -> str:
        """Return the address `BotApi.at` takes."""
        port = f"127.0.0.1:{self._host.control_port}" if self._host is not None else self._far
        return f"http://{port}"

    def call(self, verb: str, /, **args: Any) -> Any:
        """Carry out one verb of control, here or far away."""
        if self._host is not None:
            return self._host.control.call(verb, args)
        connection = http.client.HTTPConnection(self._far, timeout=60)
        try:
            connection.request("POST", f"/control/{verb}", json.dumps(args))
            said = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if said["ok"]:
            return said["result"]
        raise (Refusal if said["kind"] == "Refusal" else ValueError)(said["error"])

    def bot(
        self, token: str, *, username: str = "sample_room_bot", name: str = "Sample Room"
    ) -> Robot:
        """Make a token valid and return its driver; any number of tokens can live together."""
        self.call("add_bot", token=token, username=username, name=name)
        return Robot(self, token)

    def suffers(self, how: str, **where: Any) -> int:
        """Misbehave until `recovers`: see faults.STAGES for the ways, Fault for the details."""
        return int(self.call("suffers", how=how, **where))

    def recovers(self, number: int = 0) -> None:
        """End one misbehaviour, or all."""
        self.call("recovers", number=number)

    @contextmanager
    def suffering(self, how: str, **where: Any) -> Iterator[int]:
        """Misbehave for the length of a block."""
        number = self.suffers(how, **where)
        try:
            yield number
        finally:
            self.recovers(number)

    def refuses(self, on: bool = True) -> None:
        """Refuse every connection, as when the host is down; control goes on."""
        self.call("refuse", on=on)

    def limits(self, per_second: float = 30, per_chat: float = 1, chat_burst: int = 1) -> None:
        """Keep Telegram's limits on sending (they are off until asked for)."""
        self.call("limits", per_second=per_second, per_chat=per_chat, chat_burst=chat_burst)

    def tune(self, **figures: float) -> None:
        """Hurry: `conflict_pause` (3 s) between two 409s, `haste` (1) of webhook back-off."""
        self.call("tune", **figures)

    def advance(self, seconds: float) -> float:
        """Let Telegram's calendar jump."""
        return float(self.call("advance", seconds=seconds))

    def calls(self, method: str = "", token: str = "", after: int = 0) -> list[Json]:
        """Return the requests made: method, chat_id, status (0: cut), time, at, fault."""
        found: list[Json] = self.call("calls", method=method, token=token, after=after)
        return found

    def wait_until(self, what: Callable[[], Any], timeout: float = 5) -> Any:
        """Return the first truthy answer; asks again whenever something happened here."""
        end = time.monotonic() + timeout
        seen = 0
        while not (found := what()):
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"nothing of the kind within {timeout} s")
            # The question may also look at things the fake cannot see change.
            seen = self.call("wait", after=seen, timeout=min(left, 0.25))
        return found


class Robot:
    """One token: its people, its updates and its ledger."""

    def __init__(self, api: BotApi, token: str) -> None:
        self.api = api
        self.token = token

    def chat(self, number: int, *, first_name: str = "Sample", **user: Any) -> Telephone:
        """Return a person who has opened the bot: last_name, username, language_code …"""
        user = {"first_name": first_name, "language_code": "en", **user}
        self.api.call("add_chat", token=self.token, chat=number, user=user)
        return Telephone(self.api.call, self.token, number)

    def group(self, number: int, *, title: str = "Sample group") -> Telephone:
        """Return a group that has just added the bot; what is said there is one person's."""
        person = {"id": 7_000_000_001, "first_name": "Sample Member"}
        self.api.call("add_chat", token=self.token, chat=number, user=person, title=title)
        return Telephone(self.api.call, self.token, number)

    def crowd(self, messages: Sequence[tuple[int, str]]) -> list[int]:
        """Let many people speak in this order: (chat, text)."""
        found: list[int] = self.api.call("crowd", token=self.token, messages=list(messages))
        return found

    def suffers(self, how: str, **where: Any) -> int:
        """Misbehave towards this bot only."""
        return self.api.suffers(how, token=self.token, **where)

    def suffering(self, how: str, **where: Any) -> Any:
        """Misbehave towards this bot only, for the length of a block."""
        return self.api.suffering(how, token=self.token, **where)

    def calls(self, method: str = "", after: int = 0) -> list[Json]:
        """Return the requests made with this token."""
        return self.api.calls(method, self.token, after)

    @property
    def ledger(self) -> Json:
        """Return issued, handed, confirmed, expired, dropped, accepted, waiting, answers …"""
        book: Json = self.api.call("ledger", token=self.token)
        return book

    def restart_ids(self, at: int) -> None:
        """Let update ids go on from another number, as after a week without updates."""
        self.api.call("restart_ids", token=self.token, at=at)

    def repeat(self, update_id: int, times: int = 1) -> None:
        """Hand an unconfirmed update to the poller again."""
        self.api.call("repeat", token=self.token, update_id=update_id, times=times)

    def revoke(self) -> None:
        """Make the token invalid."""
        self.api.call("remove_bot", token=self.token)
