"""One log, as lines of JSON, in which no secret and nobody's words can stand.

Libraries speak at WARNING at the most, whatever level is asked for: at DEBUG they print whole
requests. Our own lines carry ids and verbs. A last filter hides anything that looks like a token.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any
from urllib.parse import quote

import structlog

OURS = ("bot", "scheduler", "waiting_room")
TOKEN = re.compile(r"\d{6,}(:|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
HIDDEN = "[hidden]"

log = logging.getLogger(__name__)


def set_up(*, level: str, secrets: tuple[str, ...] = ()) -> None:
    """Send every log of the process through one filter to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _brief_errors,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    render = structlog.processors.JSONRenderer(ensure_ascii=True)
    handler.setFormatter(_Sieve(render, shared, secrets))
    root = logging.getLogger()
    root.handlers = [handler]
    # The libraries' lines are the ones that hold addresses, tokens and what people wrote.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    # A line that cannot be written is lost; else its values would be printed beside a trace.
    logging.raiseExceptions = False
    sys.excepthook = _unexpected
    threading.excepthook = _unexpected_in_thread


class _Sieve(structlog.stdlib.ProcessorFormatter):
    """The last thing a line passes: known secrets and anything shaped like a token are hidden."""

    def __init__(self, render: Any, shared: list[Any], secrets: tuple[str, ...]) -> None:
        remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        super().__init__(processors=[remove, render], foreign_pre_chain=shared)
        # As they are, as they stand in an address, and as JSON spells them; the longest first.
        spelled = {json.dumps(form)[1:-1] for s in secrets for form in (s, quote(s, safe=""))}
        self._secrets = sorted(spelled, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The line, sieved."""
        line = TOKEN.sub(HIDDEN, super().format(record))
        for secret in self._secrets:
            line = line.replace(secret, HIDDEN)
        return line


def _unexpected(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """The end of a process is logged like any other error: a trace would show values."""
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("ended by an error", exc_info=(kind, error, trace))


def _unexpected_in_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        _unexpected(ended.exc_type, ended.exc_value, ended.exc_traceback)


def _brief_errors(
    _logger: Any, _name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """An error is its type and where it happened. Its words may hold what a person wrote."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["where"] = _where(error)
    return event


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-6:])
