"""The mail server takes real mail and fails in the ways mail servers fail."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from tests.fakes.smtp import MailServer


@pytest.fixture
def post() -> Iterator[MailServer]:
    with MailServer() as post:
        yield post


def send(post: MailServer, subject: str = "You have a message", timeout: float = 2) -> None:
    message = EmailMessage()
    message["From"] = "room@example.org"
    message["To"] = "sample.alex@example.org"
    message["Subject"] = subject
    message.set_content("Please open your page. Zażółć.")
    address = urlsplit(post.url)
    with smtplib.SMTP(str(address.hostname), address.port or 0, timeout=timeout) as client:
        client.send_message(message)


def test_mail_arrives_and_is_read(post: MailServer) -> None:
    send(post)
    mail = post.wait_for(1)
    assert (mail.sender, mail.to) == ("room@example.org", ("sample.alex@example.org",))
    assert mail.subject == "You have a message" and "Zażółć" in mail.text
    assert post.wait_for(lambda mail: "open your page" in mail.text) is mail


@pytest.mark.parametrize(("how", "code"), [("421", 421), ("451", 451), ("550", 550)])
def test_refusals_carry_their_code(post: MailServer, how: str, code: int) -> None:
    post.suffers(how, to="sample.alex@example.org", times=1)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(post)
    assert refused.value.recipients["sample.alex@example.org"][0] == code
    send(post, "again")
    assert [mail.subject for mail in post.mails] == ["again"]


def test_a_mail_too_big_is_refused_after_data(post: MailServer) -> None:
    post.suffers("552")
    with pytest.raises(smtplib.SMTPDataError, match="552"):
        send(post)
    assert post.mails == []


def test_silence(post: MailServer) -> None:
    post.suffers("time_out")
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(post, timeout=0.2)
    assert post.mails == []


def test_a_mail_can_arrive_though_the_line_is_cut(post: MailServer) -> None:
    post.suffers("close_after_data", times=1)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(post)
    assert len(post.mails) == 1


def test_a_closed_server_comes_back_on_its_port(post: MailServer) -> None:
    before = post.url
    post.stop()
    with pytest.raises(ConnectionRefusedError):
        send(post)
    post.start()
    send(post)
    assert post.url == before and len(post.mails) == 1


def test_waiting_in_vain_says_what_came(post: MailServer) -> None:
    send(post, "the only one")
    with pytest.raises(AssertionError, match="the only one"):
        post.wait_for(2, timeout=0.05)
