"""The web chat as a site of its own, and somebody with a browser."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from bot.web_chat import door
from tests import people
from waiting_room import db
from waiting_room.care import conversations, invitations
from waiting_room.care.invitations import Issued
from waiting_room.models import Address
from waiting_room.models.address import WEB_CHAT
from waiting_room.pages.setup import install
from waiting_room.pages.site import Site

LOOPBACK, HTTPS = "http://testserver", "https://room.example.org"


def make(public_url: str = LOOPBACK) -> FastAPI:
    """An application with nothing but the shared pages and the web chat."""
    app = FastAPI(docs_url=None, redoc_url=None)
    install(app, public_url=public_url, site=Site(service="Sample Hub", sample=True))
    door.install(app)
    return app


def invited(*, now: datetime) -> Issued:
    """A link and a PIN for a new person."""
    with db.write() as session:
        return invitations.invite(session, people.referral(session, now=now), by="system", now=now)


@dataclass
class Visitor:
    """Somebody with a browser that runs no scripts."""

    web: TestClient
    page: str = ""
    answer: Response | None = field(default=None, repr=False)

    def get(self, path: str) -> str:
        """Open an address and keep the page."""
        return self._keep(self.web.get(path))

    def post(self, path: str, **fields: str) -> str:
        """Send the form of this page that leads there."""
        hidden = self.hidden(path)
        return self._keep(self.web.post(path, data={**hidden, **fields}))

    def join(self, issued: Issued, pin: str = "") -> str:
        """Follow the link and type the numbers."""
        self.get(f"/chat/{issued.token}")
        return self.post(f"/chat/{issued.token}", pin=pin or issued.pin)

    def say(self, text: str) -> str:
        """Write a message and send it."""
        return self.post("/chat/say", message=text)

    def press(self, label: str) -> str:
        """Press the newest button or key with this label."""
        found = re.findall(rf'name="(press|label)" value="([^"]*)">{re.escape(label)}<', self.page)
        name, value = found[-1]
        return self.post("/chat/press", **{name: value})

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the form that leads to this path."""
        form = re.search(rf'<form[^>]*action="{re.escape(path)}".*?</form>', self.page, re.S)
        assert form, f"no form leads to {path}"
        pairs = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        return dict(pairs)

    @property
    def token(self) -> str:
        """What the browser holds to be let in."""
        return str(self.web.cookies["chat"])

    def hold(self, token: str) -> None:
        """Put a token into the browser, where the site itself would put it."""
        self.web.cookies.set("chat", token, domain="testserver.local", path="/")

    @property
    def status(self) -> int:
        """The status of the last answer."""
        assert self.answer is not None
        return self.answer.status_code

    @property
    def bubbles(self) -> list[str]:
        """What the log shows, as plain words."""
        log = re.findall(r'<div class="room-bubble__body"[^>]*>(.*?)</div>', self.page, re.S)
        return [" ".join(re.sub(r"<[^>]+>", " ", body).split()) for body in log]

    @property
    def buttons(self) -> list[str]:
        """Every button of the chat, in the order of the page."""
        return re.findall(r'class="room-key" form="press"[^>]*>([^<]*)<', self.page)

    def _keep(self, answer: Response) -> str:
        self.answer, self.page = answer, answer.text
        return self.page


def let_in(visitor: Visitor, *, now: datetime) -> None:
    """Give this browser the chat of somebody who joined with it."""
    token = secrets.token_hex(16)
    with db.write() as session:
        people.patient(session, now=now, channel=WEB_CHAT, chat_id=token)
    visitor.hold(token)
    visitor.get("/chat")


def address_of(visitor: Visitor) -> Address:
    """The chat this visitor's cookie opens."""
    with db.read() as session:
        found = conversations.address_known(session, WEB_CHAT, visitor.token)
        assert found is not None
        return found
