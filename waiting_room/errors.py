"""Refusals with a name. A door maps each to its own kind of answer, once."""

from __future__ import annotations


class RoomError(Exception):
    """Something a person did or asked for that we answer in plain words."""

    status = 400
    code = "refused"


class Refused(RoomError):
    """This stage does not allow it: somebody was first, or the thing is closed."""

    status = 409
    code = "conflict"


class NotFound(RoomError):
    """Absent, or not yours to see: both look the same from outside."""

    status = 404
    code = "not_found"


class Forbidden(RoomError):
    """This person may not do that."""

    status = 403
    code = "forbidden"


class BadInput(RoomError):
    """A field is wrong. `field` names it; the message says how to put it right."""

    status = 422
    code = "bad_input"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadForm(RoomError):
    """Several fields are wrong at once: a form shows them together."""

    status = 422
    code = "bad_input"

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {words}" for field, words in problems.items()))
        self.problems = problems


class StartRefused(RoomError):
    """The process must not start. The message is the one line an administrator reads."""

    status = 500
    code = "start_refused"


class StorageRefused(RoomError):
    """The database did not take it: full, read-only, locked or gone. Nothing was stored."""

    status = 503
    code = "storage_refused"
