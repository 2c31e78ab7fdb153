"""Mail is plain, neutral and well-formed; a server's answers mean the right thing."""

from __future__ import annotations

import asyncio

import pytest

from tests.channels.parcels import page, parcel
from tests.fakes.smtp import MailServer
from waiting_room.channels.contract import Later, NotSent, Permanent, Unsure
from waiting_room.channels.email import EmailChannel
from waiting_room.errors import StartRefused
from waiting_room.sending import Parcel

SAM = "sample.sam@example.org"


def channel(post: MailServer, sender: str = "Sample Room <room@example.org>") -> EmailChannel:
    address = "https://room.example.org"
    return EmailChannel(post.url, sender=sender, address=address, connect=0.3, answer=0.3)


def mail(place: str = SAM, body: str = "Open {link}", **meta: str) -> Parcel:
    return parcel(place, page=page(body, **meta), values={"link": "/desk/alerts/1"})


def trouble(post: MailServer, letter: Parcel) -> NotSent:
    with pytest.raises(NotSent) as caught:
        asyncio.run(channel(post).send(letter))
    assert SAM not in str(caught.value)
    return caught.value


def test_a_mail_is_plain_and_says_where_it_comes_from(post: MailServer) -> None:
    body = "**ALERT** K7F3P: {link}. Zażółć."
    number = asyncio.run(channel(post).send(mail(body=body, subject="Open the desk")))
    found = post.wait_for(1)
    assert (found.sender, found.to) == ("room@example.org", (SAM,))
    assert found.message["From"] == "Sample Room <room@example.org>"
    assert found.message["Message-ID"] == f"<{number}@example.org>" == "<letter-1@example.org>"
    assert found.subject == "Open the desk" and found.message["Date"]
    assert found.message.get_content_type() == "text/plain"
    assert found.text.strip() == "ALERT K7F3P: https://room.example.org/desk/alerts/1. Zażółć."


def test_without_a_subject_the_title_stands_in(post: MailServer) -> None:
    asyncio.run(channel(post).send(mail()))
    assert post.wait_for(1).subject == "A title"


@pytest.mark.parametrize(
    "place",
    [
        "sam@example.org\r\nBcc: other@example.org",
        "sam@example.org\nX: y",
        "sam@example.org, other@example.org",
        "<sam@example.org>",
        "sam",
        "sam @example.org",
        "sąm@example.org",
        "",
    ],
)
def test_a_place_that_is_no_address_is_refused(post: MailServer, place: str) -> None:
    found = trouble(post, mail(place))
    assert isinstance(found, Permanent) and found.gone
    assert post.attempts == 0


def test_a_line_end_in_a_subject_starts_no_header(post: MailServer) -> None:
    asyncio.run(channel(post).send(mail(subject="Open\r\nBcc: other@example.org")))
    found = post.wait_for(1)
    assert found.subject == "Open Bcc: other@example.org" and found.message["Bcc"] is None


def test_a_sender_that_is_no_address_stops_the_start(post: MailServer) -> None:
    for sender in ("room", "room@example.org\r\nBcc: x@example.org", ""):
        with pytest.raises(StartRefused, match="MAIL_FROM"):
            channel(post, sender)


@pytest.mark.parametrize(
    ("fault", "kind", "gone"),
    [
        ("421", Later, False),
        ("451", Later, False),
        ("550", Permanent, True),
        ("552", Permanent, False),
        ("time_out", Later, False),
        ("close_after_data", Unsure, False),
        ("gibberish", Unsure, False),
    ],
)
def test_what_a_servers_trouble_means(post: MailServer, fault: str, kind: type, gone: bool) -> None:
    post.suffers(fault)
    found = trouble(post, mail())
    assert type(found) is kind and getattr(found, "gone", False) is gone


def test_a_server_that_is_down_means_later(post: MailServer) -> None:
    post.stop()
    assert isinstance(trouble(post, mail()), Later)
