"""The live stream: something changed, at once; signed out, it ends."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.pages.server import serving
from tests.web.conftest import Browser
from tests.web.desk.conftest import Person, raise_alert, says
from waiting_room import clock, db, settings
from waiting_room.care import caseload, sign_ins
from waiting_room.models import Staff
from waiting_room.web import app

PATIENCE = 5.0


class Stream:
    """A stream read as a browser reads it: one event after the other."""

    def __init__(self, address: str, token: str, seen: str) -> None:
        parts = urlsplit(address)
        self._line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=PATIENCE)
        self._line.request("GET", f"/desk/events?seen={seen}", headers={"cookie": f"desk={token}"})
        self.answer = self._line.getresponse()

    def event(self) -> dict[str, str]:
        """The next event that is no comment; {} when the stream has ended."""
        found: dict[str, str] = {}
        while raw := self.answer.readline():
            name, _, words = raw.decode().rstrip("\n").partition(":")
            if name:
                found[name] = words.strip()
            elif found:
                return found
        return {}

    def close(self) -> None:
        """Go away."""
        self.answer.close()
        self._line.close()


@pytest.fixture
def address(room: Path, ready: None) -> Iterator[str]:
    """The room served on a real port."""
    with serving(app.build(settings.load(data=room))) as at:
        yield at


def _sign_in(staff: Staff) -> str:
    with db.write() as session:
        return sign_ins.begin(session, staff, now=clock.now(), wall=clock.wall())


def _version(staff: Staff) -> str:
    with db.read() as session:
        return caseload.version(session, staff, now=clock.now())


@pytest.fixture
def stream(address: str, sam: Staff) -> Iterator[Stream]:
    """Sam's stream, from the list as it is now."""
    opened = Stream(address, _sign_in(sam), _version(sam))
    yield opened
    opened.close()


def test_a_new_alert_is_pushed_and_says_nothing_about_anybody(
    stream: Stream, sam: Staff, person: Person, now: datetime
) -> None:
    assert stream.answer.getheader("content-type", "").startswith("text/event-stream")
    assert stream.answer.getheader("cache-control") == "no-store"
    patient = person("Sample Alex", sam)
    raise_alert(patient, now)
    assert stream.event() == {"event": "alerts", "data": "", "id": _version(sam)}
    says(patient, "Hello?", now)
    assert stream.event()["id"] == _version(sam)


def test_what_somebody_missed_is_pushed_at_once(
    address: str, sam: Staff, person: Person, now: datetime
) -> None:
    before = _version(sam)
    raise_alert(person("Sample Alex", sam), now)
    stream = Stream(address, _sign_in(sam), before)
    assert stream.event()["event"] == "alerts"
    stream.close()


def test_the_people_of_others_are_no_news(
    stream: Stream, sam: Staff, kim: tuple[Browser, Staff], person: Person, now: datetime
) -> None:
    says(person("Sample Foreign", kim[1]), "Hello?", now)
    says(person("Sample Own", sam), "Hello?", now)
    # Only the second changed the list of this worker: it is the first thing they hear.
    assert stream.event()["id"] == _version(sam)


def test_a_stream_ends_with_its_session(stream: Stream, sam: Staff) -> None:
    with db.write() as session:
        sign_ins.end_all(session, sam.id)
    assert stream.event() == {"event": "signed-out", "data": ""}
    assert stream.event() == {}


def test_nobody_listens_without_signing_in(address: str) -> None:
    stranger = Stream(address, "nothing", "")
    assert stranger.answer.status == 303
    stranger.close()
