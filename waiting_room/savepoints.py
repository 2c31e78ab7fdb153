"""One piece of work inside a transaction that may fail and take nothing else with it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.orm import Session

from waiting_room.errors import StorageRefused

log = logging.getLogger(__name__)

# SQLite's own code for a statement that is wrong, as opposed to a disk or a lock that is.
SQLITE_ERROR = 1


def attempt(session: Session, act: Callable[[], object], *, what: str) -> bool:
    """Do it in a savepoint; False when it failed and nothing of it happened.

    `what` names the work for the log. Raises what the storage raised when it is the storage that
    failed: then the whole transaction waits, unharmed.
    """
    try:
        with session.begin_nested():
            act()
    except Exception as error:
        if _is_refusal(error):
            raise
        # Neither the words of the error nor its values: both may be the patient's.
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "%s failed: %s in %s line %s", what, type(error).__name__, where.name, where.lineno
        )
        return False
    return True


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, (OperationalError, InterfaceError)):
        # SQLite says "operational" also for a query that is wrong in itself.
        return getattr(error.orig, "sqlite_errorcode", None) != SQLITE_ERROR
    gone = isinstance(error, DBAPIError) and error.connection_invalidated
    return gone or isinstance(error, StorageRefused)
