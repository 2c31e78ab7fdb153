"""Which danger words watch in this process: those of the folder, or, when its files are broken,
the last good ones. Then people are told until the files are put right.

Each process reads its own folder. Good files are copied into the data folder, so that a start with
broken ones does not leave us with the few words in the code.
"""

from __future__ import annotations

import logging
import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from waiting_room.care import alerts, danger
from waiting_room.care.colours import Colour
from waiting_room.errors import BadInput

log = logging.getLogger(__name__)
BROKEN, FEW = "danger words broken", "few danger words"
# The kind of alert that is due in this process, and where good files are kept.
_state: dict[str, str] = {"trouble": "", "kept": ""}


def begin(folder: Path, kept: Path) -> None:
    """Read the rules at a start; of broken files the copy of the last good ones, and without one
    the minimum in the code watches."""
    _state.update(trouble="", kept=str(kept))
    if follow(folder):
        return
    try:
        danger.use(danger.load(kept))
    except BadInput:
        _state["trouble"] = FEW
        log.error("no good danger words were kept: only the built-in ones watch")


def follow(folder: Path) -> bool:
    """Read the rules anew; False when they are broken, and the last good ones go on watching."""
    try:
        danger.use(danger.load(folder))
    except BadInput as problem:
        # After a start with too few words a second slip is no better.
        _state["trouble"] = _state["trouble"] or BROKEN
        log.error("danger words: %s: %s; the last good ones watch", problem.field, problem)
        return False
    _state["trouble"] = ""
    if _state["kept"]:
        _keep(folder, Path(_state["kept"]))
    return True


def is_broken() -> bool:
    """Whether the files of this process are broken."""
    return bool(_state["trouble"])


def watch(session: Session, *, now: datetime) -> None:
    """While the files are broken an alert about them is open, and stands on the desk."""
    if _state["trouble"]:
        alerts.raise_once(session, alerts.Cause(Colour.AMBER, _state["trouble"]), now=now)


def _keep(folder: Path, kept: Path) -> None:
    fresh = kept.with_suffix(".new")
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for file in folder.glob("*.md"):
            shutil.copy(file, fresh)
        shutil.rmtree(kept, ignore_errors=True)
        fresh.rename(kept)
    except OSError as problem:
        # The rules are in use all the same; only a start with broken files would miss the copy.
        log.warning("the good danger words could not be kept: %s", problem.strerror)
