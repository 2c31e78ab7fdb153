"""What each page has said: every text with who brought it, when and why; and what the folder has
that is not shown.

The folder and the desk both change pages, and neither may undo the other in silence. A text of the
folder that this page has had before is an old copy of the folder, not an edit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.models import Confirmation, PageBody, PageVersion

FOLDER = "folder"
# The digest of a page that was taken away.
NOTHING = ""
NOT_IN_FOLDER = "Not shown: the desk has changed this page too. Compare the two."
UNREAD = "Not shown: a second person must read it first."


def of(session: Session, name: str) -> list[PageVersion]:
    """Every text this page has had, the newest first."""
    rows = select(PageVersion).where(PageVersion.name == name)
    return list(session.scalars(rows.order_by(PageVersion.at.desc(), PageVersion.id.desc())))


def words(session: Session, digest: str) -> str:
    """The whole text of the file with this digest; "" when it is kept no longer."""
    row = session.get(PageBody, digest)
    return row.body if row else ""


def note(
    session: Session,
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    by: str,
    why: str,
    now: datetime,
) -> None:
    """Write down which pages changed from one set to the next."""
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    known = _known(session, names)
    for name in sorted(names):
        # A page of the time before versions were kept: what it said came from the folder.
        texts = [] if known.get(name) or name not in before else [(before[name], FOLDER, "")]
        for digest, who, words in [*texts, (after.get(name, NOTHING), by, why)]:
            row = PageVersion(name=name, digest=digest, at=now, by=who, why=words)
            row.exported_at = now if who == FOLDER else None
            session.add(row)


def held(
    session: Session, found: Mapping[str, str], before: Mapping[str, str], *, now: datetime
) -> set[str]:
    """The pages of the folder that must not become live as they lie there; what is new among them
    is kept for whoever looks at the page on the desk."""
    changed = {name for name in found.keys() | before.keys() if found.get(name) != before.get(name)}
    if not changed:
        return set()
    known = _known(session, changed)
    confirmed = _confirmed(session)
    names = set()
    for name in changed:
        live, digest = before.get(name, NOTHING), found.get(name, NOTHING)
        why = _why_not(known.get(name, []), live, digest, confirmed=confirmed)
        if why is None:
            continue
        names.add(name)
        if why:
            row = PageVersion(name=name, digest=digest, at=now, by=FOLDER, why=why, is_shown=False)
            session.add(row)
    return names


def _why_not(
    known: Sequence[PageVersion], live: str, digest: str, *, confirmed: set[str]
) -> str | None:
    """Why the folder's text is not shown; "" when that is written down already; None: show it."""
    seen = digest == NOTHING or any(row.digest == digest for row in known)
    desk = _by_desk(known, live)
    if desk and seen:
        return ""
    if desk and desk.exported_at is None:
        return NOT_IN_FOLDER
    if live in confirmed and digest != NOTHING and digest not in confirmed:
        return "" if seen else UNREAD
    return None


def _by_desk(known: Sequence[PageVersion], live: str) -> PageVersion | None:
    """The edit of the desk that is live; a page of before versions were kept has none."""
    newest = next((row for row in known if row.is_shown), None)
    return newest if newest and newest.digest == live and newest.by != FOLDER else None


def _known(session: Session, names: set[str]) -> dict[str, list[PageVersion]]:
    rows = select(PageVersion).where(PageVersion.name.in_(names))
    found: dict[str, list[PageVersion]] = {}
    for row in session.scalars(rows.order_by(PageVersion.at.desc(), PageVersion.id.desc())):
        found.setdefault(row.name, []).append(row)
    return found


def _confirmed(session: Session) -> set[str]:
    return set(session.scalars(select(Confirmation.digest)))


def unread(session: Session) -> list[PageVersion]:
    """Texts of the folder that wait for a second reader, the newest of each page."""
    waiting = select(PageVersion.name).where(PageVersion.why == UNREAD).distinct()
    newest = [of(session, name)[0] for name in session.scalars(waiting)]
    return [row for row in newest if not row.is_shown and row.why == UNREAD]


def to_export(session: Session) -> list[PageVersion]:
    """Edits made on the desk that are not in the folder yet, the newest of each page."""
    waiting = select(PageVersion).where(PageVersion.exported_at.is_(None), PageVersion.is_shown)
    rows = session.scalars(waiting.order_by(PageVersion.at, PageVersion.id))
    return list({row.name: row for row in rows}.values())


def exported(session: Session, rows: Iterable[PageVersion], *, now: datetime) -> None:
    """These, and what came before them on the same pages, are in the folder now."""
    for row in rows:
        waiting = select(PageVersion).where(
            PageVersion.name == row.name,
            PageVersion.exported_at.is_(None),
            PageVersion.is_shown,
            PageVersion.at <= row.at,
        )
        for each in session.scalars(waiting):
            each.exported_at = now
