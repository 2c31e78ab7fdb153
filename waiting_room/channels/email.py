"""Sends plain mail: a neutral sentence and a link, never more."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, formataddr, parseaddr
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from waiting_room import clock, library
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure, words_of
from waiting_room.errors import StartRefused
from waiting_room.kill_points import under_way
from waiting_room.letters import leading_to
from waiting_room.sending import Parcel
from waiting_room.settings import LOOPBACK

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 6.0
PLAIN = r"[!#-'*-+\--9=?A-Z^-~]+"
# One @, visible ASCII, no brackets or commas: nothing that could end a header or an envelope.
MAIL_ADDRESS = re.compile(f"{PLAIN}@{PLAIN}")
# RFC 3463: the second number says what is wrong. 1 is the address, 2 the mailbox; 7, for example,
# is a policy of the server, which says nothing about the person's box.
ENHANCED = re.compile(r"\s*5\.(\d+)\.\d+")
# Other final answers (552, a full box; 554, taken for spam) are about this mail, not the box.
NO_SUCH_BOX = (550, 551, 553)
# An administrator must put this right; knocking every second would get us locked out.
SETTINGS_WRONG = 60.0


class EmailChannel:
    """A mail server, reached anew for each mail."""

    resting = 0.0

    def __init__(
        self,
        url: str,
        *,
        sender: str,
        address: str,
        connect: float = CONNECT_SECONDS,
        answer: float = ANSWER_SECONDS,
    ) -> None:
        name, self._sender = parseaddr(sender)
        if not MAIL_ADDRESS.fullmatch(self._sender) or not sender.isprintable():
            raise StartRefused("WAITING_ROOM_MAIL_FROM: must be one mail address")
        self.at_once = 5
        self._from = formataddr((name, self._sender))
        self._server, self._address = urlsplit(url), address
        self._connect, self._answer = connect, answer

    async def close(self) -> None:
        """Nothing is kept open."""

    async def send(self, parcel: Parcel) -> str:
        """Send one mail; returns its number, which begins the Message-ID of every copy."""
        mail = self.written(parcel)
        server = self._new_connection()
        try:
            await self._hand_over(server, parcel.place, mail)
        finally:
            server.close()
        # Not the whole Message-ID: with the name of a host in it no column was ever long enough.
        return parcel.letter_id

    async def prove(self, parcel: Parcel) -> str:
        """Write the mail, sign in at the server, and ask it for nothing (NOOP)."""
        self.written(replace(parcel, place=self._sender))
        server = self._new_connection()
        try:
            await self._reach(server)
            await server.noop()
        except (SMTPException, OSError) as error:
            raise _before_the_words(error) from None
        finally:
            server.close()
        return "drill"

    def written(self, parcel: Parcel) -> EmailMessage:
        """The letter as a mail. A place that is no mail address is refused, not repaired."""
        if not MAIL_ADDRESS.fullmatch(parcel.place):
            raise Permanent("not a mail address", gone=True)
        mail = EmailMessage(policy=WIRE)
        mail["From"], mail["To"] = self._from, parcel.place
        # An editor's line end must not keep an alert from leaving, nor start a header of its own.
        subject = str(parcel.page.meta.get("subject") or parcel.page.title)
        mail["Subject"] = " ".join(subject.split())
        mail["Date"] = format_datetime(clock.wall())
        mail["Message-ID"] = f"<{parcel.letter_id}@{self._sender.rpartition('@')[2]}>"
        # RFC 3834: two machines that answer each other would write for ever.
        mail["Auto-Submitted"] = "auto-generated"
        values = leading_to(self._address, parcel.values)
        mail.set_content(library.to_text(words_of(parcel), values))
        return mail

    async def _hand_over(self, server: SMTP, place: str, mail: EmailMessage) -> None:
        await self._reach(server)
        try:
            await server.mail(self._sender)
            await server.rcpt(place)
        except (SMTPException, OSError) as error:
            raise _before_the_words(error) from None
        under_way("mail under way")
        try:
            await server.data(mail.as_bytes())
        except (SMTPException, OSError, RuntimeError) as error:
            raise _after_the_words(error) from None
        # It was taken already. A farewell that fails must not send the mail a second time.
        with suppress(SMTPException, OSError, RuntimeError):
            await server.quit()

    async def _reach(self, server: SMTP) -> None:
        try:
            await server.connect(timeout=self._connect)
        except aiosmtplib.SMTPAuthenticationError:
            raise Later("the mail server refused our password", SETTINGS_WRONG) from None
        except (SMTPException, OSError, ValueError):
            raise Later("the mail server cannot be reached") from None

    def _new_connection(self) -> SMTP:
        host, user = self._server.hostname or "", unquote(self._server.username or "")
        secret = unquote(self._server.password or "")
        always = self._server.scheme == "smtps"
        # A password never goes over the wire unsealed; without one, sealed when that can be.
        must = True if user and host not in LOOPBACK and not always else None
        return SMTP(
            hostname=host,
            port=self._server.port,
            username=user or None,
            password=secret or None,
            timeout=self._answer,
            # Its own guess asks the name service, which may be what is broken.
            local_hostname=urlsplit(self._address).hostname,
            use_tls=always,
            start_tls=False if always else must,
        )


def _before_the_words(error: Exception) -> NotSent:
    """No word of the mail has left yet: only a refusal of the place itself is final."""
    if not isinstance(error, aiosmtplib.SMTPRecipientRefused) or error.code < 500:
        return Later("the mail server did not take it now")
    enhanced = ENHANCED.match(error.message)
    about_the_box = enhanced is None or enhanced[1] in ("1", "2")
    gone = error.code in NO_SUCH_BOX and about_the_box
    return Permanent(f"the mail server said {error.code}", gone=gone)


def _after_the_words(error: Exception) -> NotSent:
    """The mail was handed over; without a plain no nobody knows whether it was taken."""
    if not isinstance(error, SMTPResponseException):
        return Unsure("the mail server fell silent")
    if 400 <= error.code < 500:
        return Later("the mail server did not take it now")
    if 500 <= error.code < 600:
        return Permanent(f"the mail server said {error.code}")
    return Unsure("the mail server said what nobody can read")
