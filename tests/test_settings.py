"""Every setting that cannot be right is refused in one line that names its variable."""

from __future__ import annotations

import os

import pytest

from waiting_room import settings
from waiting_room.errors import StartRefused

TOKEN = "123456:" + "A" * 35
PRODUCTION = {
    "WAITING_ROOM_ENV": "production",
    "WAITING_ROOM_PUBLIC_URL": "https://room.example.org",
    "WAITING_ROOM_SMTP_URL": "smtps://user:secret@mail.example.org",
}


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("WAITING_ROOM_") or name.upper() == "PORT":
            monkeypatch.delenv(name)


def load(monkeypatch: pytest.MonkeyPatch, **values: str) -> settings.Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return settings.load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WAITING_ROOM_ENV", "prod"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "eighty"),
        ("WAITING_ROOM_LOG_LEVEL", "LOUD"),
        ("WAITING_ROOM_DATABASE_URL", "mysql://localhost/room"),
        ("WAITING_ROOM_DATABASE_URL", "sqlite:///"),
        ("WAITING_ROOM_DATABASE_URL", "sqlite:///:memory:"),
        ("WAITING_ROOM_KEYS_URL", "keys.db"),
        ("WAITING_ROOM_PUBLIC_URL", "room.example.org"),
        ("WAITING_ROOM_PUBLIC_URL", "https://"),
        ("WAITING_ROOM_PUBLIC_URL", "javascript:alert(1)"),
        ("WAITING_ROOM_PUBLIC_URL", "https://[::1"),
        ("WAITING_ROOM_PUBLIC_URL", "https://room.example.org:port"),
        ("WAITING_ROOM_TELEGRAM_API", "ftp://api.telegram.org"),
        ("WAITING_ROOM_HEARTBEAT_URL", "watch"),
        ("WAITING_ROOM_ANCHOR_URL", "file:///etc/passwd"),
        ("WAITING_ROOM_SMTP_URL", "https://mail.example.org"),
        ("WAITING_ROOM_SMTP_URL", "smtp://"),
        ("WAITING_ROOM_SMTP_URL", "smtp://mail.example.org:x"),
        ("WAITING_ROOM_TELEGRAM_TOKEN", "hello"),
        ("WAITING_ROOM_TELEGRAM_TOKEN", "123456:short"),
        ("WAITING_ROOM_STAFF_TELEGRAM_TOKEN", "abc:" + "A" * 35),
        ("WAITING_ROOM_TELEGRAM_MODE", "push"),
        ("WAITING_ROOM_TELEGRAM_PER_SECOND", "0"),
        ("WAITING_ROOM_TELEGRAM_PER_SECOND", "1001"),
        ("WAITING_ROOM_TELEGRAM_SECRET", "with a space"),
        ("WAITING_ROOM_TELEGRAM_SECRET", "x" * 257),
        ("WAITING_ROOM_BACKUP_EVERY", "0.4"),
        ("WAITING_ROOM_BACKUP_EVERY", "hourly"),
        ("WAITING_ROOM_BACKUP_FOLDER", "var/copies"),
    ],
)
def test_a_wrong_value_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(StartRefused) as refused:
        load(monkeypatch, **{name: value})
    line = str(refused.value)
    assert line.startswith(f"{name}: ")
    assert "\n" not in line


def test_the_refusal_does_not_repeat_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StartRefused) as refused:
        load(monkeypatch, WAITING_ROOM_TELEGRAM_TOKEN="12a456:" + "Z" * 35)
    assert "ZZZ" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"WAITING_ROOM_PUBLIC_URL": ""}, "WAITING_ROOM_PUBLIC_URL"),
        ({"WAITING_ROOM_PUBLIC_URL": "http://room.example.org"}, "WAITING_ROOM_PUBLIC_URL"),
        ({"WAITING_ROOM_PUBLIC_URL": "http://127.0.0.1:8000"}, "WAITING_ROOM_PUBLIC_URL"),
        ({"WAITING_ROOM_SMTP_URL": ""}, "WAITING_ROOM_SMTP_URL"),
        ({"WAITING_ROOM_TELEGRAM_API": "http://api.example.org"}, "WAITING_ROOM_TELEGRAM_API"),
        ({"WAITING_ROOM_HEARTBEAT_URL": "http://w.example.org"}, "WAITING_ROOM_HEARTBEAT_URL"),
        ({"WAITING_ROOM_ANCHOR_URL": "http://a.example.org"}, "WAITING_ROOM_ANCHOR_URL"),
    ],
)
def test_production_refuses(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str], named: str
) -> None:
    with pytest.raises(StartRefused, match=f"^{named}: "):
        load(monkeypatch, **PRODUCTION | wrong)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "WAITING_ROOM_TELEGRAM_SECRET"),
        ({"WAITING_ROOM_TELEGRAM_SECRET": "s" * 20}, "WAITING_ROOM_PUBLIC_URL"),
    ],
)
def test_a_webhook_needs_more(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str
) -> None:
    both = {"WAITING_ROOM_TELEGRAM_MODE": "webhook", "WAITING_ROOM_TELEGRAM_TOKEN": TOKEN}
    with pytest.raises(StartRefused, match=f"^{named}: "):
        load(monkeypatch, **both, **given)


def test_one_bot_cannot_be_two(monkeypatch: pytest.MonkeyPatch) -> None:
    both = ("WAITING_ROOM_TELEGRAM_TOKEN", "WAITING_ROOM_STAFF_TELEGRAM_TOKEN")
    with pytest.raises(StartRefused, match=r"^WAITING_ROOM_STAFF_TELEGRAM_TOKEN: "):
        load(monkeypatch, **dict.fromkeys(both, TOKEN))


def test_keys_do_not_lie_in_the_database_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    both = ("WAITING_ROOM_DATABASE_URL", "WAITING_ROOM_KEYS_URL")
    with pytest.raises(StartRefused, match=r"^WAITING_ROOM_KEYS_URL: "):
        load(monkeypatch, **dict.fromkeys(both, "sqlite:////tmp/one.db"))


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    room = load(monkeypatch)
    assert room.env == "development"
    assert room.address == "http://127.0.0.1:8000"
    assert room.database.startswith("sqlite:////")
    assert room.keys_database != room.database
    assert not room.secrets


def test_production_with_all_it_needs_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    room = load(monkeypatch, **PRODUCTION, WAITING_ROOM_HEARTBEAT_URL="http://127.0.0.1:9/ping")
    assert room.is_https


def test_every_secret_is_named_for_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    room = load(
        monkeypatch,
        WAITING_ROOM_TELEGRAM_TOKEN=TOKEN,
        WAITING_ROOM_STAFF_TELEGRAM_TOKEN=TOKEN.replace("A", "B"),
        WAITING_ROOM_TELEGRAM_SECRET="hook-secret",
        WAITING_ROOM_SMTP_URL="smtp://user:p%40ss@mail.example.org",
        WAITING_ROOM_DATABASE_URL="postgresql://room:data-pass@127.0.0.1/room",
        WAITING_ROOM_KEYS_URL="postgresql://room:keys-pass@127.0.0.1/keys",
        WAITING_ROOM_HEARTBEAT_URL="https://watch.example.org/7f3e-ping",
        WAITING_ROOM_ANCHOR_URL="https://anchor.example.org/9a1b-anchor",
    )
    expected = {TOKEN, TOKEN.replace("A", "B"), "hook-secret", "p%40ss", "p@ss"}
    expected |= {"data-pass", "keys-pass", "7f3e-ping", "9a1b-anchor"}
    assert set(room.secrets) == expected
    assert room.database.startswith("postgresql+psycopg://")
