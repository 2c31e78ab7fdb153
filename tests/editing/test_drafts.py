"""From a first change to what patients read: who may, what is kept, and the way back."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import people
from waiting_room import db, library
from waiting_room.editing import drafts, second_reader
from waiting_room.editing.drafts import Typed, Vouching
from waiting_room.errors import BadInput, NotFound, Refused
from waiting_room.library import versions
from waiting_room.models import Confirmation, PageDraft, PageVersion, Staff
from waiting_room.models.staff import CASE_WORKER, EDITOR

SLEEP, CRISIS, LINE = "en/self-care/sleep", "en/crisis/now", "en/help-lines/samaritans"
ADDED = "Tea with a neighbour can help."


@pytest.fixture
def ana(room: Path, now: datetime) -> Staff:
    """An editor."""
    with db.write() as session:
        return people.staff(session, "Sample Ana", role=EDITOR, now=now)


@pytest.fixture
def ben(room: Path, now: datetime) -> Staff:
    """A second editor."""
    with db.write() as session:
        return people.staff(session, "Sample Ben", role=EDITOR, now=now)


def begun(session: Session, name: str, by: Staff, now: datetime, add: str = ADDED) -> PageDraft:
    """A draft with one more sentence."""
    draft = drafts.begin(session, name, by=by, now=now)
    words = f"{draft.source.rstrip()}\n\n{add}\n"
    drafts.save(session, draft, Typed(words, "A first step.", draft.saves), by=by, now=now)
    return draft


def published(name: str, by: Staff, now: datetime) -> None:
    """Change a page and publish it, and show it here."""
    with db.write() as session:
        draft = begun(session, name, by, now)
        drafts.publish(session, draft, by=by, today=now.date(), now=now)
    follow()


def follow() -> None:
    with db.read() as session:
        library.follow(session)


def body(name: str) -> str:
    return library.page(name.removeprefix("en/")).body


def history(name: str) -> list[PageVersion]:
    with db.read() as session:
        return versions.of(session, name)


def test_nobody_reads_a_draft_until_it_is_published(ana: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, SLEEP, ana, now)
    follow()
    assert ADDED not in body(SLEEP)
    with db.write() as session:
        draft = drafts.find(session, SLEEP)
        drafts.publish(session, draft, by=ana, today=now.date(), now=now)
    follow()
    assert ADDED in body(SLEEP)
    newest, first = history(SLEEP)
    assert (newest.by, newest.why, newest.exported_at) == (ana.id, "A first step.", None)
    assert first.by == versions.FOLDER and first.exported_at


def test_a_page_has_one_draft_whoever_opens_it(ana: Staff, ben: Staff, now: datetime) -> None:
    with db.write() as session:
        one = drafts.begin(session, SLEEP, by=ana, now=now)
        assert drafts.begin(session, SLEEP, by=ben, now=now).id == one.id


def test_two_people_do_not_save_over_each_other(ana: Staff, ben: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = drafts.begin(session, SLEEP, by=ana, now=now)
        drafts.save(session, draft, Typed("a"), by=ana, now=now)
        with pytest.raises(Refused, match="Somebody else has saved"):
            drafts.save(session, draft, Typed("b"), by=ben, now=now)
        assert draft.source == "a"


def test_what_cannot_be_shown_is_not_published(ana: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, SLEEP, ana, now, add="<script>alert(1)</script>")
        with pytest.raises(BadInput, match="HTML is not allowed"):
            drafts.publish(session, draft, by=ana, today=now.date(), now=now)
        with pytest.raises(BadInput, match="HTML is not allowed"):
            drafts.ask(session, draft, by=ana, today=now.date(), now=now)


def test_a_page_that_moved_on_is_not_overwritten(ana: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, SLEEP, ana, now)
        library.put(session, {SLEEP: "---\ntitle: Sleep\n---\n\nOther.\n"}, by="x", why="", now=now)
    follow()
    with db.write() as session:
        draft = drafts.find(session, SLEEP)
        with pytest.raises(Refused, match="has changed since"):
            drafts.publish(session, draft, by=ana, today=now.date(), now=now)
        drafts.rebase(session, draft)
        drafts.publish(session, draft, by=ana, today=now.date(), now=now)


@pytest.mark.parametrize("name", [CRISIS, LINE, "en/conversation/consent-worker"])
def test_some_pages_need_a_second_reader(name: str, ana: Staff, ben: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, name, ana, now)
        with pytest.raises(Refused, match="second person"):
            drafts.publish(session, draft, by=ana, today=now.date(), now=now)
        drafts.ask(session, draft, by=ana, today=now.date(), now=now)
        drafts.publish(session, draft, by=ben, today=now.date(), now=now)
        assert draft.read_by == "Sample Ben"
    follow()
    assert ADDED in body(name)


def test_who_read_a_crisis_page_stands_in_it_and_is_confirmed(
    ana: Staff, ben: Staff, now: datetime
) -> None:
    with db.write() as session:
        draft = begun(session, CRISIS, ana, now)
        drafts.publish(session, draft, by=ben, today=now.date(), now=now)
    follow()
    page = library.page("crisis/now")
    assert page.meta["reviewers"] == ["Sample Ana", "Sample Ben"]
    assert page.meta["reviewed"] == now.date()
    with db.read() as session:
        assert CRISIS not in library.unconfirmed(session)


def test_a_change_takes_a_page_back_from_its_reader(ana: Staff, ben: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, CRISIS, ana, now)
        drafts.ask(session, draft, by=ana, today=now.date(), now=now)
        drafts.save(session, draft, Typed(draft.source + "\nMore.\n", "", 1), by=ben, now=now)
        assert draft.state == drafts.DRAFT
        # Who changed it last is its author now, and reads it for nobody.
        with pytest.raises(Refused, match="second person"):
            drafts.publish(session, draft, by=ben, today=now.date(), now=now)


def test_a_reader_sends_it_back_with_a_word(ana: Staff, ben: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, CRISIS, ana, now)
        drafts.ask(session, draft, by=ana, today=now.date(), now=now)
        with pytest.raises(BadInput, match="what should be changed"):
            drafts.send_back(session, draft, " ", by=ben, now=now)
        drafts.send_back(session, draft, "Shorter, please.", by=ben, now=now)
        assert (draft.state, draft.note) == (drafts.DRAFT, "Shorter, please.")


@pytest.mark.parametrize("reader", ["", " ", "sample ana"])
def test_the_only_editor_names_somebody_else(reader: str, ana: Staff, now: datetime) -> None:
    with db.write() as session:
        people.staff(session, "Sample Sam", role=CASE_WORKER, now=now)
        draft = begun(session, CRISIS, ana, now)
        with pytest.raises(BadInput, match="Name the second person"):
            drafts.publish(session, draft, Vouching(reader), by=ana, today=now.date(), now=now)
        drafts.publish(session, draft, Vouching("Sample Cy"), by=ana, today=now.date(), now=now)
        row = session.scalars(select(Confirmation)).one()
        assert row.by == "Sample Ana and Sample Cy"


def test_a_wrong_help_line_is_right_at_once_and_read_within_a_day(
    ana: Staff, ben: Staff, now: datetime
) -> None:
    with db.write() as session:
        draft = begun(session, LINE, ana, now)
        drafts.correct(session, draft, by=ana, today=now.date(), now=now)
        assert draft.state == drafts.URGENT
        assert drafts.overdue(session, now=now + timedelta(hours=23)) == []
        assert drafts.overdue(session, now=now + timedelta(hours=24)) == [draft]
    follow()
    assert ADDED in body(LINE)
    with db.write() as session:
        draft = drafts.find(session, LINE)
        with pytest.raises(Refused, match="second person"):
            drafts.read_over(session, draft, by=ana, now=now)
        with pytest.raises(Refused, match="is live"):
            drafts.save(session, draft, Typed("x", "", draft.saves), by=ana, now=now)
        drafts.read_over(session, draft, by=ben, now=now)
        assert draft.state == drafts.PUBLISHED
        assert drafts.overdue(session, now=now + timedelta(days=9)) == []


def test_only_a_help_line_may_hurry(ana: Staff, ben: Staff, now: datetime) -> None:
    with db.write() as session:
        draft = begun(session, CRISIS, ana, now)
        with pytest.raises(Refused, match="Only a help line"):
            drafts.correct(session, draft, by=ana, today=now.date(), now=now)


def test_the_words_before_come_back_at_once(ana: Staff, now: datetime) -> None:
    before = body(SLEEP)
    published(SLEEP, ana, now)
    with db.write() as session:
        old = history(SLEEP)[-1]
        assert drafts.undo(session, SLEEP, old.id, by=ana, why="", now=now) is None
    follow()
    assert body(SLEEP) == before
    assert [row.why for row in history(SLEEP)][:2] == ["Undone", "A first step."]


def test_a_crisis_page_comes_back_as_a_draft_unless_it_was_read(
    ana: Staff, ben: Staff, now: datetime
) -> None:
    with db.write() as session:
        draft = begun(session, CRISIS, ana, now)
        drafts.publish(session, draft, by=ben, today=now.date(), now=now)
    follow()
    newest, first = history(CRISIS)
    with db.write() as session:
        draft = drafts.undo(session, CRISIS, first.id, by=ana, why="", now=now)
        assert draft and draft.state == drafts.DRAFT
        drafts.publish(session, draft, by=ben, today=now.date(), now=now)
    follow()
    assert ADDED not in body(CRISIS)
    with db.write() as session:
        assert drafts.undo(session, CRISIS, newest.id, by=ana, why="", now=now) is None
    follow()
    assert ADDED in body(CRISIS)


def test_a_new_page_and_its_end(ana: Staff, now: datetime) -> None:
    name = "en/self-care/knitting"
    with db.write() as session:
        for key, title in (("Knitting!", "Knitting"), ("knitting", " "), ("sleep", "Sleep")):
            with pytest.raises(BadInput):
                drafts.begin_new(session, key, title, by=ana, now=now)
        draft = drafts.begin_new(session, "knitting", "Knitting", by=ana, now=now)
        drafts.publish(session, draft, by=ana, today=now.date(), now=now)
    follow()
    assert library.page("self-care/knitting").title == "Knitting"
    with db.write() as session:
        drafts.take_away(session, name, by=ana, why="", now=now)
        with pytest.raises(Refused):
            drafts.take_away(session, CRISIS, by=ana, why="", now=now)
    follow()
    with pytest.raises(NotFound):
        library.page("self-care/knitting")
    assert [row.digest == "" for row in history(name)] == [True, False]


def test_a_page_nobody_knows(ana: Staff, now: datetime) -> None:
    with db.write() as session:
        for verb in (drafts.begin,):
            with pytest.raises(NotFound):
                verb(session, "en/self-care/nothing", by=ana, now=now)
        with pytest.raises(NotFound):
            drafts.find(session, SLEEP)
        with pytest.raises(NotFound):
            drafts.undo(session, SLEEP, "x", by=ana, why="", now=now)


def test_only_whom_may_edit_counts_as_a_reader(ana: Staff, now: datetime) -> None:
    with db.write() as session:
        people.staff(session, "Sample Sam", role=CASE_WORKER, now=now)
        assert [person.name for person in second_reader.editors(session)] == ["Sample Ana"]
