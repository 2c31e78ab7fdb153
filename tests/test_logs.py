"""No secret, no token and nobody's words can stand in the log, at any level."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog

from waiting_room import logs

TOKEN = "8123456789:AAH-abcdefghijklmnopqrstuvwxyz_12345"
SECRETS = ('pa"ss/wörd', "hook-secret")
log = logging.getLogger("waiting_room.sample")
WORDS = "Sample Alex said something private"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What stands in the log, set up as a process sets it up."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers, root.level
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    logs.set_up(level="DEBUG", secrets=SECRETS)
    yield stream
    root.handlers, root.level = before
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()


def lines(shown: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in shown.getvalue().splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        f"https://api.telegram.org/bot{TOKEN}/getMe",
        f"bot{TOKEN.replace(':', '%3A')}/getMe",
        SECRETS[0],
        "pa%22ss%2Fw%C3%B6rd",
        SECRETS[1],
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(shown: io.StringIO, secret: str) -> None:
    log.debug("in the words: %s", secret)
    log.warning(secret)
    structlog.get_logger("bot.sample").info("event", address=secret, many=[{"a": secret}])
    logging.getLogger("aiohttp").error("library said %s", secret)
    text = shown.getvalue()
    assert len(text.splitlines()) == 4
    for form in (secret, TOKEN, json.dumps(secret)[1:-1]):
        assert form not in text
    assert text.count(logs.HIDDEN) >= 4


def failing() -> None:
    raise ValueError(WORDS)


def test_an_error_is_its_kind_and_place_and_not_its_words(shown: io.StringIO) -> None:
    for logger in (log, logging.getLogger("uvicorn.error")):
        try:
            failing()
        except ValueError:
            logger.exception("it failed")
    structlog.get_logger("scheduler").error("it failed", exc_info=ValueError(WORDS))
    text = shown.getvalue()
    assert WORDS not in text
    assert "Traceback" not in text
    first = json.loads(text.splitlines()[0])
    assert first["error"] == "ValueError"
    assert "failing:" in first["where"]


def test_an_error_nobody_caught_is_logged_the_same_way(shown: io.StringIO) -> None:
    try:
        failing()
    except ValueError:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    thread = threading.Thread(target=failing)
    thread.start()
    thread.join()
    found = lines(shown)
    assert [line["error"] for line in found] == ["ValueError", "ValueError"]
    assert WORDS not in str(found)


def test_libraries_speak_at_warning_at_the_most(shown: io.StringIO) -> None:
    for name in ("httpx", "aiohttp.client", "sqlalchemy.engine", "telegram", "apscheduler", "x"):
        logging.getLogger(name).debug(WORDS)
        logging.getLogger(name).info(WORDS)
        logging.getLogger(name).warning("%s warns", name)
    log.debug("ours")
    found = lines(shown)
    assert [line["level"] for line in found] == ["warning"] * 6 + ["debug"]
    assert found[-1]["event"] == "ours"


def test_a_line_is_one_line_of_json_whatever_is_in_it(shown: io.StringIO) -> None:
    # Handed to our handler alone: half a smile is more than a test runner's own log can take.
    words = "two\nlines \u2028 and half a smile \ud83d"
    record = logging.LogRecord(log.name, logging.INFO, __file__, 1, words, None, None)
    logging.getLogger().handlers[0].handle(record)
    (line,) = lines(shown)
    assert line["event"].startswith("two\nlines")
    assert line["timestamp"].endswith("Z")


def test_a_log_nobody_can_read_any_more_says_nothing_elsewhere(
    shown: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown.close()
    elsewhere = io.StringIO()
    monkeypatch.setattr(sys, "stderr", elsewhere)
    log.error("with a value: %s", WORDS)
    assert elsewhere.getvalue() == ""
