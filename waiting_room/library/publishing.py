"""Publishing: good pages become the live set, a broken or vanished one keeps its last good words.

A text is kept once by its digest for as long as a letter may point at it; a set only names digests.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room.errors import NotFound
from waiting_room.library import live, versions
from waiting_room.library.front_matter import Unreadable
from waiting_room.library.page import Page, digest_of, parse
from waiting_room.library.reading import EVERYTHING, read
from waiting_room.library.shelf import Shelf
from waiting_room.models.page import PageBody, PublishedSet

# The program asks for these by name, and a help line must not be lost because a file is: they never
# leave by being deleted. A help line is retired by its `expires` date.
NEVER_LOST = {"crisis", "help-lines", "conversation", "check-ins", "staff"}
OLD_PAGES_KEPT = 1000
# Sets are ordered by this time; the smallest step both databases can tell apart.
TICK = timedelta(microseconds=1)
NEWEST_FIRST = (PublishedSet.published_at.desc(), PublishedSet.id.desc())

log = logging.getLogger(__name__)
_old_pages: dict[str, Page] = {}


def publish(
    session: Session,
    folder: Path | Shelf,
    *,
    now: datetime,
    today: date | None = None,
) -> PublishedSet | None:
    """Make the folder's good pages live for every process; None when nothing changed.

    Reading takes a while: a door that must not hold the write lock so long reads first and hands
    the shelf in.
    """
    shelf = folder if isinstance(folder, Shelf) else read(folder, today=today or now.date())
    newest = _newest(session)
    before: dict[str, str] = dict(newest.pages) if newest else {}
    pages = _merged(shelf, before)
    for name in versions.held(session, pages, before, now=now):
        # As it was: also a page taken away stays away.
        pages.pop(name, None)
        pages |= {name: before[name]} if name in before else {}
    _keep(session, shelf.sources)
    return _store(session, newest, pages, by=versions.FOLDER, why="", now=now)


def put(
    session: Session, texts: Mapping[str, str], *, by: str, why: str, now: datetime
) -> PublishedSet | None:
    """Make these texts live over what is live, by page name; an empty text takes its page away.

    The caller has checked them. `by` is a staff id. None when nothing changed.
    """
    newest = _newest(session)
    pages: dict[str, str] = dict(newest.pages) if newest else {}
    sources = {digest_of(text.encode()): text for text in texts.values() if text}
    for name, text in texts.items():
        pages.pop(name, None)
        pages |= {name: digest_of(text.encode())} if text else {}
    _keep(session, sources)
    return _store(session, newest, pages, by=by, why=why, now=now)


def _newest(session: Session) -> PublishedSet | None:
    found: PublishedSet | None = session.scalar(
        select(PublishedSet).order_by(*NEWEST_FIRST).limit(1)
    )
    return found


def _store(
    session: Session,
    newest: PublishedSet | None,
    pages: Mapping[str, str],
    *,
    by: str,
    why: str,
    now: datetime,
) -> PublishedSet | None:
    before: dict[str, str] = dict(newest.pages) if newest else {}
    if pages == before:
        return None
    # Care time may be moved back; the order of sets may not.
    at = max(now, newest.published_at + TICK) if newest else now
    published = PublishedSet(published_at=at, by=by, pages=dict(sorted(pages.items())))
    session.add(published)
    versions.note(session, before, pages, by=by, why=why, now=at)
    session.flush()
    return published


def follow(session: Session) -> bool:
    """Show the newest published set if it is another than the one shown; tells if it changed."""
    newest = session.scalar(select(PublishedSet.id).order_by(*NEWEST_FIRST).limit(1))
    if newest is None or newest == live.current().set_id:
        return False
    published = session.get_one(PublishedSet, newest)
    live.use(_shelf(session, published.pages), set_id=newest)
    return True


def by_digest(session: Session, digest: str) -> Page:
    """The exact words of a letter, however old. Raises NotFound."""
    page = live.current().shelf.by_digest.get(digest) or _old_pages.get(digest)
    if page:
        return page
    row = session.get(PageBody, digest)
    page = _page("/", row.body, digest) if row else None
    if page is None:
        raise NotFound(f"no text has the digest {digest}")
    if len(_old_pages) >= OLD_PAGES_KEPT:
        _old_pages.clear()
    _old_pages[digest] = page
    return page


def _merged(shelf: Shelf, before: Mapping[str, str]) -> dict[str, str]:
    pages = {page.name: page.digest for page in shelf.pages.values()}
    gone = [name for name in before if name not in pages]
    broken = [p.file.removesuffix(".md") for p in shelf.problems if p.severity == "error"]
    # Most pages gone at once is a folder being copied or deleted, not an edit.
    torn = len(gone) * 2 > len(before)
    for name in gone:
        if torn or _kept(name, broken):
            log.warning("content: %s keeps its last good version", name)
            pages[name] = before[name]
    return pages


def _kept(name: str, broken: Collection[str]) -> bool:
    if name.split("/")[1] in NEVER_LOST:
        return True
    return any(file == EVERYTHING or f"{name}/".startswith(f"{file}/") for file in broken)


def _keep(session: Session, sources: Mapping[str, str]) -> None:
    # A text that comes back is the same row: a letter of last year may point at it.
    stored = select(PageBody.digest).where(PageBody.digest.in_(sources))
    known = set(session.scalars(stored))
    session.add_all(
        PageBody(digest=digest, body=source)
        for digest, source in sources.items()
        if digest not in known
    )


def _shelf(session: Session, names: Mapping[str, str]) -> Shelf:
    # Most pages are the same as before; only the others are fetched and parsed.
    shown = live.current().shelf.pages
    pages = {(page.language, page.key): page for page in _unchanged(names, shown)}
    missing = {
        name: digest for name, digest in names.items() if tuple(name.split("/", 1)) not in pages
    }
    rows = session.scalars(select(PageBody).where(PageBody.digest.in_(missing.values())))
    bodies = {row.digest: row.body for row in rows}
    for name, digest in missing.items():
        page = _page(name, bodies.get(digest, ""), digest)
        if page:
            pages[page.language, page.key] = page
    return Shelf(pages)


def _unchanged(names: Mapping[str, str], shown: Mapping[tuple[str, str], Page]) -> Iterator[Page]:
    return (page for page in shown.values() if names.get(page.name) == page.digest)


def _page(name: str, source: str, digest: str) -> Page | None:
    language, _, key = name.partition("/")
    try:
        return parse(source, key=key, language=language, digest=digest)
    except Unreadable as error:
        # It was good when it was stored; the other pages must not wait for this one.
        log.error("content: stored text %s of %s cannot be read: %s", digest, name, error)
        return None
