"""A draft of a page: from the first change to the moment patients read it, and back again.

Crisis pages, help lines and what people consent to need a second reader. One thing does not wait
for them: a help line that is wrong is put right at once, and read by a second person within a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from waiting_room import audit, library
from waiting_room.care import states
from waiting_room.editing import preview, second_reader, source
from waiting_room.errors import BadInput, NotFound, Refused
from waiting_room.library import live, versions
from waiting_room.library.page import FALLBACK_LANGUAGE, KEY, digest_of
from waiting_room.library.starting import PAGE, REVIEW_AFTER
from waiting_room.models import PageDraft, Staff

DRAFT, REVIEW, URGENT, PUBLISHED, DROPPED = "draft", "review", "urgent", "published", "dropped"
MOVES = states.table(
    draft="review urgent published dropped",
    review="draft published dropped",
    urgent="published dropped",
)
OPEN = tuple(MOVES)
READ_WITHIN = timedelta(hours=24)
MOST_WHY = 200
# Editors begin pages only where patients find them by themselves.
NEW_IN = "self-care"


@dataclass(frozen=True)
class Typed:
    """What a form sends: the words, why, and the count of saves it was made at."""

    words: str
    why: str = ""
    saves: int = 0


@dataclass(frozen=True)
class Vouching:
    """Who else has read it, where they have no account; and whether the editor has read the whole
    page and vouches for it."""

    reader: str = ""
    checked: bool = False


NOBODY_ELSE = Vouching()


def waiting(session: Session) -> list[PageDraft]:
    """Every page somebody is changing, the oldest change first."""
    rows = select(PageDraft).where(PageDraft.state.in_(OPEN))
    return list(session.scalars(rows.order_by(PageDraft.changed_at)))


def of_page(session: Session, name: str) -> PageDraft | None:
    """What somebody is changing on this page now."""
    rows = select(PageDraft).where(PageDraft.name == name, PageDraft.state.in_(OPEN))
    return session.scalar(rows)


def find(session: Session, name: str) -> PageDraft:
    """The same, where there must be one. Raises NotFound."""
    draft = of_page(session, name)
    if draft is None:
        raise NotFound("Nobody is changing this page. Open the page to begin.")
    return draft


def begin(session: Session, name: str, *, by: Staff, now: datetime) -> PageDraft:
    """The draft of a live page, begun now unless somebody is at it. Raises NotFound."""
    draft = of_page(session, name)
    if draft:
        return draft
    digest = live_digest(name)
    words = versions.words(session, digest) if digest else ""
    if not words:
        raise NotFound("There is no such page.")
    return _begin(session, name, words, based_on=digest, by=by, now=now)


def begin_new(session: Session, key: str, title: str, *, by: Staff, now: datetime) -> PageDraft:
    """A new page of self-care in English. Raises BadInput when its name is no good or taken."""
    name = f"{FALLBACK_LANGUAGE}/{NEW_IN}/{key}"
    if not KEY.fullmatch(f"{NEW_IN}/{key}"):
        raise BadInput("key", "Use small letters, digits and hyphens, such as moving-more.")
    if not title.strip():
        raise BadInput("title", "Give the page a title, such as Moving more.")
    if live_digest(name) or of_page(session, name):
        raise BadInput("key", "There is such a page already. Choose another name.")
    words = PAGE.format(title=title.replace('"', "'"), review_by=now.date() + REVIEW_AFTER)
    return _begin(session, name, words, based_on=versions.NOTHING, by=by, now=now)


def _begin(
    session: Session, name: str, words: str, *, based_on: str, by: Staff, now: datetime
) -> PageDraft:
    draft = PageDraft(
        name=name, state=DRAFT, based_on=based_on, source=words, by_staff_id=by.id, changed_at=now
    )
    session.add(draft)
    session.flush()
    audit.record(session, by=by.id, did="began page draft", to=("page_draft", draft.id), now=now)
    return draft


def save(session: Session, draft: PageDraft, typed: Typed, *, by: Staff, now: datetime) -> None:
    """Keep the words as they are now, good or not.

    Raises Refused when somebody else saved meanwhile, BadInput when the reason is too long.
    """
    if draft.saves != typed.saves:
        raise Refused("Somebody else has saved this page since you opened it. Copy your words.")
    if draft.state == URGENT:
        raise Refused("This correction is live. A second person must read it first.")
    if len(typed.why) > MOST_WHY:
        raise BadInput("why", f"Say it in {MOST_WHY} characters or fewer.")
    if draft.state == REVIEW:
        # What was read is no longer what stands there.
        _move(session, draft, DRAFT, did="changed page in review", by=by, now=now)
    draft.source, draft.why, draft.by_staff_id = typed.words, typed.why.strip(), by.id
    draft.saves, draft.changed_at = draft.saves + 1, now


def ask(session: Session, draft: PageDraft, *, by: Staff, today: date, now: datetime) -> None:
    """Ready for a second reader. Raises BadInput when it cannot be shown."""
    _check(draft, today=today)
    draft.note = ""
    _move(session, draft, REVIEW, did="asked for a reader", by=by, now=now)


def send_back(session: Session, draft: PageDraft, note: str, *, by: Staff, now: datetime) -> None:
    """The second reader wants something changed. Raises BadInput without a word of what."""
    if not note.strip():
        raise BadInput("note", "Say what should be changed.")
    draft.note = note.strip()[:500]
    _move(session, draft, DRAFT, did="sent page back", by=by, now=now)


def drop(session: Session, draft: PageDraft, *, by: Staff, now: datetime) -> None:
    """Throw the draft away; what is live stays."""
    if draft.state == URGENT:
        raise Refused("This correction is live already. Undo it on the page.")
    _move(session, draft, DROPPED, did="dropped page draft", by=by, now=now)


def publish(
    session: Session,
    draft: PageDraft,
    vouching: Vouching = NOBODY_ELSE,
    *,
    by: Staff,
    today: date,
    now: datetime,
) -> None:
    """Patients read it from now on.

    Raises Refused when a second reader is missing or the live page has changed since; BadInput when
    it cannot be shown.
    """
    _check(draft, today=today)
    if draft.based_on != live_digest(draft.name):
        raise Refused("The page has changed since this draft was begun. Compare, then save again.")
    author = session.get_one(Staff, draft.by_staff_id)
    readers = second_reader.of(session, draft.name, author=author, by=by, reader=vouching.reader)
    draft.read_by = ", ".join(readers[1:])
    vouched = vouching.checked or second_reader.is_needed(draft.name)
    marks = second_reader.marks(draft.name, readers, today=today) if vouched else {}
    _show(session, draft, readers, marks=marks, by=by, now=now)
    _move(session, draft, PUBLISHED, did="published page", by=by, now=now)


def correct(session: Session, draft: PageDraft, *, by: Staff, today: date, now: datetime) -> None:
    """A wrong help line is put right at once; a second person reads it within a day.

    Raises Refused for any other page, BadInput when it cannot be shown.
    """
    if not second_reader.may_be_urgent(draft.name):
        raise Refused("Only a help line can be put right without a second reader.")
    _check(draft, today=today)
    marks = second_reader.marks(draft.name, [by.name], today=today)
    _show(session, draft, [by.name], marks=marks, by=by, now=now)
    draft.read_due_at = now + READ_WITHIN
    _move(session, draft, URGENT, did="corrected help line", by=by, now=now)


def read_over(
    session: Session, draft: PageDraft, *, by: Staff, now: datetime, reader: str = ""
) -> None:
    """A second person has read the urgent correction and finds it right. Raises Refused."""
    author = session.get_one(Staff, draft.by_staff_id)
    readers = second_reader.of(session, draft.name, author=author, by=by, reader=reader)
    draft.read_by = ", ".join(readers[1:])
    second_reader.confirm(session, draft.name, live_digest(draft.name), readers, now=now)
    _move(session, draft, PUBLISHED, did="read correction", by=by, now=now)


def overdue(session: Session, *, now: datetime) -> list[PageDraft]:
    """Urgent corrections no second person has read in time."""
    rows = select(PageDraft).where(PageDraft.state == URGENT, PageDraft.read_due_at <= now)
    return list(session.scalars(rows))


def undo(
    session: Session, name: str, version_id: str, *, by: Staff, why: str, now: datetime
) -> PageDraft | None:
    """Show an earlier text of this page again.

    At once when patients have read it before and no second reader is asked for here, or had read
    it; else it becomes a draft, which is returned. Raises NotFound, and Refused while somebody
    changes the page.
    """
    known = {row.id: row for row in versions.of(session, name)}
    version = known.get(version_id)
    words = versions.words(session, version.digest) if version else ""
    if version is None or not words:
        raise NotFound("There is no such text.")
    draft = of_page(session, name)
    if draft and draft.state == URGENT:
        _move(session, draft, DROPPED, did="undid correction", by=by, now=now)
    elif draft:
        raise Refused("Somebody is changing this page. Publish or throw that draft away first.")
    if version.is_shown and second_reader.had_read(session, name, version.digest):
        library.put(session, {name: words}, by=by.id, why=why or "Undone", now=now)
        audit.record(session, by=by.id, did="undid page", to=("page", name), now=now)
        return None
    return _begin(session, name, words, based_on=live_digest(name), by=by, now=now)


def take_away(session: Session, name: str, *, by: Staff, why: str, now: datetime) -> None:
    """Patients no longer find this page of self-care. Its texts are kept. Raises Refused."""
    if f"/{NEW_IN}/" not in name:
        raise Refused("The room needs this page. Change its words instead.")
    if of_page(session, name):
        raise Refused("Somebody is changing this page. Publish or throw that draft away first.")
    library.put(session, {name: versions.NOTHING}, by=by.id, why=why or "Taken away", now=now)
    audit.record(session, by=by.id, did="took page away", to=("page", name), now=now)


def rebase(session: Session, draft: PageDraft) -> None:
    """The editor has seen what is live now and goes on from there."""
    draft.based_on = live_digest(draft.name)


def live_words(session: Session, name: str) -> str:
    """The whole text that is live under this name; "" when nothing is."""
    return versions.words(session, live_digest(name))


def live_digest(name: str) -> str:
    """The digest of what is live under exactly this name; "" when nothing is."""
    language, _, key = name.partition("/")
    page = live.current().shelf.pages.get((language, key))
    return page.digest if page else versions.NOTHING


def _check(draft: PageDraft, *, today: date) -> None:
    errors = preview.look(draft.name, draft.source, today=today).errors
    if errors:
        raise BadInput("body", errors[0].message)


def _show(
    session: Session,
    draft: PageDraft,
    readers: list[str],
    *,
    marks: dict[str, Any],
    by: Staff,
    now: datetime,
) -> None:
    draft.source = source.with_values(draft.source, marks) if marks else draft.source
    library.put(session, {draft.name: draft.source}, by=by.id, why=draft.why, now=now)
    digest = digest_of(draft.source.encode())
    second_reader.confirm(session, draft.name, digest, readers, now=now)


def _move(
    session: Session, draft: PageDraft, state: str, *, did: str, by: Staff, now: datetime
) -> None:
    states.check_move(MOVES, "draft", draft.state, state)
    draft.state, draft.changed_at = state, now
    audit.record(session, by=by.id, did=did, to=("page_draft", draft.id), now=now)
