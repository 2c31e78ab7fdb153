"""A real mail server with a mailbox, and the faults of mail servers."""

from __future__ import annotations

import asyncio
import email
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

#: What the server says; those without a sentence hang or cut the line.
SAYS = {
    "421": "421 4.3.2 Service not available, closing transmission channel",
    "451": "451 4.7.1 Greylisted, please try again later",
    "550": "550 5.1.1 Mailbox does not exist",
    "552": "552 5.3.4 Message too big",
    "gibberish": "Certainly",
    "time_out": "",
    "close_after_data": "",
}


@dataclass(frozen=True)
class Mail:
    """A delivered mail: the envelope, and the message as the email library reads it."""

    sender: str
    to: tuple[str, ...]
    message: EmailMessage
    raw: bytes
    at: float

    @property
    def subject(self) -> str:
        """Return the subject line."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """Return the plain text, or the HTML when there is none."""
        body = self.message.get_body(("plain", "html"))
        return str(body.get_content()) if body is not None else ""


@dataclass
class Trouble:
    """A fault: for one recipient or all, a number of times or until it is ended."""

    how: str
    to: str
    left: float


class _Server(Controller):
    """Listens on a free port when asked for port 0."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class MailServer:
    """`with MailServer() as post: ... post.wait_for(1)`; mail goes to `post.url`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._mails: list[Mail] = []
        self._troubles: list[Trouble] = []
        self._port = 0
        self._controller: _Server | None = None
        self.attempts = 0

    def __enter__(self) -> MailServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> MailServer:
        """Listen (again, on the same port)."""
        self._controller = _Server(self, hostname="127.0.0.1", port=self._port)
        self._controller.start()
        self._port = self._controller.port
        return self

    def stop(self) -> None:
        """Refuse connections; the mailbox stays."""
        self.recovers()
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    @property
    def url(self) -> str:
        """Return where to send mail."""
        return f"smtp://127.0.0.1:{self._port}"

    @property
    def mails(self) -> list[Mail]:
        """Return the mails delivered, oldest first."""
        with self._changed:
            return list(self._mails)

    def suffers(self, how: str, *, to: str = "", times: int = 0) -> None:
        """Misbehave in one of the ways of SAYS; for ever unless so many `times`."""
        if how not in SAYS:
            raise ValueError(f"unknown fault {how!r}; known: {', '.join(SAYS)}")
        with self._changed:
            self._troubles.append(Trouble(how, to, times or math.inf))

    def recovers(self) -> None:
        """End all misbehaviour; those left hanging are cut off."""
        with self._changed:
            self._troubles.clear()

    def wait_for(self, wanted: int | Callable[[Mail], bool] = 1, timeout: float = 5) -> Mail:
        """Return the n-th mail, or the first that fits."""
        end = time.monotonic() + timeout
        with self._changed:
            while (found := self._pick(wanted)) is None:
                if not self._changed.wait(max(0.0, end - time.monotonic())):
                    subjects = [mail.subject for mail in self._mails]
                    raise AssertionError(f"no such mail within {timeout} s; came: {subjects}")
        return found

    def _pick(self, wanted: int | Callable[[Mail], bool]) -> Mail | None:
        if isinstance(wanted, int):
            return self._mails[wanted - 1] if len(self._mails) >= wanted else None
        return next((mail for mail in self._mails if wanted(mail)), None)

    def _trouble(self, *kinds: str, to: str = "") -> Trouble | None:
        with self._changed:
            for trouble in self._troubles:
                if trouble.how in kinds and trouble.left > 0 and trouble.to in ("", to):
                    trouble.left -= 1
                    return trouble
        return None

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        """Take or refuse a recipient."""
        self.attempts += 1
        trouble = self._trouble("421", "451", "550", "time_out", to=address)
        if trouble and trouble.how == "time_out":
            await self._hang(trouble)
            _cut(server)
        if trouble and trouble.how == "421":
            asyncio.get_running_loop().call_later(0.01, _cut, server)
        if trouble:
            return SAYS[trouble.how] or SAYS["421"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take or refuse the mail itself."""
        if self._trouble("552"):
            return SAYS["552"]
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        message = email.message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        sender, to = envelope.mail_from or "", tuple(envelope.rcpt_tos)
        with self._changed:
            self._mails.append(Mail(sender, to, message, raw, time.monotonic()))
            self._changed.notify_all()
        if self._trouble("close_after_data", to=to[0]):
            _cut(server)
        if self._trouble("gibberish", to=to[0]):
            return SAYS["gibberish"]
        return "250 Message accepted for delivery"

    async def _hang(self, trouble: Trouble) -> None:
        while any(known is trouble for known in self._troubles):
            await asyncio.sleep(0.02)


def _cut(server: SMTP) -> None:
    """Cut the line without a word."""
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()
