"""How are you? Asked once, nudged once, missed once, and never because of us."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db, outbox
from waiting_room.care import alerts, asking, check_ins, conversations, messages, rhythms
from waiting_room.care.colours import Colour
from waiting_room.errors import Refused
from waiting_room.models import Address, Alert, CheckIn, CheckInPlan, LetterRow, Patient

NUDGE, AWAY = "conversation/check-in-nudge", "conversation/check-in-away"
ASK = "check-ins/weekly"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def _weekly(session: Session, now: datetime, **changes: str) -> tuple[Patient, Address]:
    """Somebody with a weekly rhythm: the first asking is at 10am a week from now."""
    patient, address = sample.patient(session, now=now, **changes)
    rhythms.choose(session, patient, "weekly", now=now)
    return patient, address


def _tick(session: Session, now: datetime) -> None:
    rhythms.fill(session, now=now)
    asking.ask_due(session, now=now)
    check_ins.chase_silent(session, now=now)
    session.flush()


def _asked(session: Session, now: datetime, **changes: str) -> tuple[Patient, CheckIn, datetime]:
    """Somebody who was asked just now, at the returned moment."""
    patient, _ = _weekly(session, now, **changes)
    then = now + 7 * DAY
    _tick(session, then)
    row = check_ins.open_one(session, patient.id, now=then)
    assert row is not None and row.state == check_ins.ASKED
    return patient, row, then


def _pages(session: Session, *pages: str) -> list[str]:
    rows = select(LetterRow).where(LetterRow.page.in_(pages or (ASK, NUDGE, AWAY)))
    return [row.page for row in session.scalars(rows.order_by(LetterRow.id))]


def _open_alerts(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(select(Alert).where(Alert.state.in_(alerts.OPEN)))
    return [(row.colour, row.kind) for row in rows]


def test_it_is_asked_once_when_its_time_has_come(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _weekly(session, now)
        _tick(session, now + 7 * DAY - HOUR)
        assert _pages(session) == []
        for minute in range(3):
            _tick(session, now + 7 * DAY + timedelta(minutes=minute))
        assert _pages(session) == [ASK]
        row = session.scalars(select(CheckIn)).one()
        assert row.answer_by == now + 8 * DAY


def test_where_it_is_not_safe_to_write_a_person_is_told_instead(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        patient, _ = _weekly(session, now)
        other, _ = _weekly(session, now, chat_id="8")
        patient.safe_to_message = False
        _tick(session, now + 7 * DAY)
        for day in range(1, 4):
            _tick(session, now + (7 + day) * DAY)
        assert {row.patient_id for row in session.scalars(select(LetterRow))} == {other.id}
        row = session.scalars(select(CheckIn).where(CheckIn.patient_id == patient.id)).one()
        assert (row.state, row.why) == (check_ins.SKIPPED, messages.UNSENT)
        alert = alerts.open_for(session, patient.id)
        assert alert is not None and (alert.colour, alert.kind) == ("green", messages.UNSENT)


def test_a_nudge_that_is_not_safe_any_more_is_not_sent(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _, asked = _asked(session, now)
        patient.safe_to_message = False
        _tick(session, asked + DAY)
        assert NUDGE not in _pages(session)
        alert = alerts.open_for(session, patient.id)
        assert alert is not None and alert.kind == messages.UNSENT


def test_one_that_cannot_be_asked_keeps_no_other_waiting(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        broken, _ = _weekly(session, now)
        whole, _ = _weekly(session, now, chat_id="8")
        plans = update(CheckInPlan).where(CheckInPlan.patient_id == broken.id)
        rhythms.fill(session, now=now + 7 * DAY)
        session.execute(plans.values(page="check-ins/of-nobody"))
        session.expire_all()
        assert asking.ask_due(session, now=now + 7 * DAY) == 1
        states = dict(session.execute(select(CheckIn.patient_id, CheckIn.state)).all())
        assert states == {broken.id: check_ins.SKIPPED, whole.id: check_ins.ASKED}
        assert _open_alerts(session) == [("green", "cannot be reached")]
        assert not asking.is_any_due(session, now=now + 7 * DAY)


def test_one_that_cannot_be_chased_keeps_no_other_waiting(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        broken, row, then = _asked(session, now)
        _, other, _ = _asked(session, now, chat_id="8")
        broken.time_zone = "Nowhere/At_all"
        assert check_ins.chase_silent(session, now=then + DAY) == 2
        assert (row.state, other.state) == (check_ins.SKIPPED, check_ins.NUDGED)
        assert _open_alerts(session) == [("green", "cannot be reached")]
        assert check_ins.chase_silent(session, now=then + DAY) == 0


def test_one_that_cannot_be_told_of_an_outage_keeps_no_other_waiting(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        broken, _, then = _asked(session, now)
        _asked(session, now, chat_id="8")
        broken.time_zone = "Nowhere/At_all"
        check_ins.allow_for_outage(session, away=2 * HOUR, now=then + 3 * HOUR)
        session.expire_all()
        assert check_ins.tell_of_outage(session, now=then + 3 * HOUR) == 2
        assert _pages(session, AWAY) == [AWAY]
        assert not check_ins.is_any_to_tell(session)


def test_the_question_goes_stale_and_may_be_stopped(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _, then = _asked(session, now)
        letter = session.scalars(select(LetterRow).where(LetterRow.page == ASK)).one()
        assert letter.stale_at == then + DAY
        # The question is held, and "You have a message" announces it: both are dropped.
        assert outbox.drop_for(session, patient.id, why="stop", now=then) == 2


def test_quiet_hours_move_it_to_nine(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _weekly(session, now)
        plan = check_ins.plan_of(session, patient.id)
        assert plan is not None
        plan.hour = 22
        night = now + 7 * DAY + 12 * HOUR
        _tick(session, night)
        assert _pages(session) == []
        assert session.scalars(select(CheckIn)).one().due_at == night + 11 * HOUR
        _tick(session, night + 11 * HOUR)
        assert _pages(session) == [ASK]


def test_one_nudge_then_one_task_for_a_person(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        for hour in range(23):
            _tick(session, then + hour * HOUR)
        assert _pages(session) == [ASK]
        for hour in range(24, 48):
            _tick(session, then + hour * HOUR)
        assert row.state == check_ins.NUDGED
        assert _pages(session) == [ASK, NUDGE]
        for hour in range(48, 72):
            _tick(session, then + hour * HOUR)
        assert row.state == check_ins.MISSED
        assert _pages(session) == [ASK, NUDGE]
        assert _open_alerts(session) == [(Colour.GREEN, "silence")]


def test_a_nudge_keeps_quiet_hours_too(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        row.answer_by = then + 10 * HOUR
        assert check_ins.chase_silent(session, now=then + 10 * HOUR) == 0
        assert row.answer_by == then + 23 * HOUR
        assert check_ins.chase_silent(session, now=then + 23 * HOUR) == 1
        assert _pages(session) == [ASK, NUDGE]


@pytest.mark.parametrize(
    ("value", "raised"),
    [("ok", []), ("not-great", [Colour.AMBER]), ("need-help", [Colour.AMBER])],
)
def test_a_bad_answer_reaches_a_person(
    any_room: Path, now: datetime, value: str, raised: list[str]
) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        assert check_ins.answer(session, row, value, now=then) == (raised[0] if raised else None)
        assert [colour for colour, _ in _open_alerts(session)] == raised
        assert (row.state, row.answer, row.answer_by) == (check_ins.ANSWERED, value, None)


def test_the_same_answer_twice_is_stored_once(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        check_ins.answer(session, row, "not-great", now=then)
        assert check_ins.answer(session, row, "not-great", now=then + HOUR) == Colour.AMBER
        assert row.answered_at == then
        alert = session.scalars(select(Alert)).one()
        assert [e.verb for e in alerts.events(session, alert)].count("joined") == 0
        with pytest.raises(Refused, match="closed"):
            check_ins.answer(session, row, "ok", now=then + HOUR)
        assert row.answer == "not-great"


def test_a_late_answer_is_welcome_for_nine_days(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        for days in (1, 2):
            check_ins.chase_silent(session, now=then + days * DAY)
        assert row.state == check_ins.MISSED
        check_ins.answer(session, row, "ok", now=then + 9 * DAY)
        assert row.state == check_ins.ANSWERED
        # The task stays until a person closes it.
        assert _open_alerts(session) == [(Colour.GREEN, "silence")]


def test_an_answer_after_nine_days_is_refused(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, row, then = _asked(session, now)
        late = then + 9 * DAY + timedelta(seconds=1)
        with pytest.raises(Refused, match="closed"):
            check_ins.answer(session, row, "ok", now=late)
        assert check_ins.open_one(session, patient.id, now=late) is None
        assert check_ins.ask_now(session, patient, now=late).id != row.id


def test_what_was_skipped_cannot_be_answered(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, row, then = _asked(session, now)
        rhythms.pause(session, patient, then + 7 * DAY, now=then)
        session.refresh(row)
        with pytest.raises(Refused):
            check_ins.answer(session, row, "ok", now=then)


def test_words_are_kept_with_the_answer(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, row, _ = _asked(session, now)
        check_ins.comment(row, "The shop was closed.")
        assert row.comment == "The shop was closed."
        assert check_ins.one_of(session, patient.id, row.id) is row
        assert check_ins.one_of(session, "somebody else", row.id) is None


def test_after_an_outage_only_the_newest_is_asked(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = _weekly(session, now)
        rhythms.fill(session, now=now + 6 * DAY)
        rhythms.fill(session, now=now + 13 * DAY)
        _tick(session, now + 15 * DAY)
        assert _pages(session) == [ASK]
        states = [row.state for row in check_ins.history(session, patient.id)]
        assert states == [check_ins.SKIPPED, check_ins.ASKED]


def test_the_one_an_outage_swallowed_is_asked_late(room: Path, now: datetime) -> None:
    with db.write() as session:
        _weekly(session, now)
        _tick(session, now + 4 * DAY)  # then nothing runs for five days
        _tick(session, now + 9 * DAY)
        assert _pages(session) == [ASK]
        assert session.scalars(select(CheckIn)).one().due_at == now + 7 * DAY


def test_a_new_asking_lets_go_of_an_older_one(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, first, then = _asked(session, now)
        first.answer_by = then + 30 * DAY
        _tick(session, then + 7 * DAY)
        session.refresh(first)
        assert first.state == check_ins.SKIPPED
        newest = check_ins.open_one(session, patient.id, now=then + 7 * DAY)
        assert newest is not None and newest.id != first.id


def test_time_we_were_away_is_given_back(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        back = then + 30 * HOUR
        assert check_ins.allow_for_outage(session, away=29 * HOUR, now=back) == 1
        assert check_ins.is_any_to_tell(session)
        assert check_ins.tell_of_outage(session, now=back) == 1
        assert not check_ins.is_any_to_tell(session)
        session.refresh(row)
        assert row.answer_by == then + DAY + 29 * HOUR
        assert check_ins.chase_silent(session, now=back) == 0
        assert _pages(session) == [ASK, AWAY]


def test_who_was_asked_after_we_came_back_hears_of_no_outage(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        assert check_ins.allow_for_outage(session, away=HOUR, now=then) == 0
        assert row.answer_by == then + DAY
        assert _pages(session) == [ASK]


def test_never_two_questions_after_an_outage(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, first, then = _asked(session, now)
        back = then + 8 * DAY
        rhythms.fill(session, now=back)
        check_ins.allow_for_outage(session, away=8 * DAY - HOUR, now=back)
        check_ins.tell_of_outage(session, now=back)
        _tick(session, back)
        assert _pages(session) == [ASK, ASK]
        session.refresh(first)
        assert first.state == check_ins.SKIPPED


def test_we_do_not_say_at_night_that_we_were_away(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, _, then = _asked(session, now)
        night = then + 16 * HOUR
        assert check_ins.allow_for_outage(session, away=10 * HOUR, now=night) == 1
        check_ins.tell_of_outage(session, now=night)
        assert _pages(session, AWAY) == []


def test_away_with_no_address_asks_somebody_to_phone(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _, then = _asked(session, now)
        address = session.scalars(select(Address).where(Address.patient_id == patient.id)).one()
        conversations.bury(address, "blocked", now=then)
        check_ins.allow_for_outage(session, away=HOUR, now=then + 2 * HOUR)
        check_ins.tell_of_outage(session, now=then + 2 * HOUR)
        assert _open_alerts(session) == [(Colour.GREEN, "cannot be reached")]


def test_no_living_address_is_not_silence(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, address = _weekly(session, now)
        conversations.bury(address, "blocked", now=now)
        _tick(session, now + 7 * DAY)
        row = session.scalars(select(CheckIn)).one()
        assert (row.state, row.why) == (check_ins.SKIPPED, "no address")
        assert _open_alerts(session) == [(Colour.GREEN, "cannot be reached")]
        assert check_ins.open_one(session, patient.id, now=now + 7 * DAY) is None


def test_an_asking_that_may_never_have_arrived_is_not_silence(
    any_room: Path, now: datetime
) -> None:
    with db.write() as session:
        _, row, then = _asked(session, now)
        session.execute(update(LetterRow).values(state="uncertain"))
        check_ins.chase_silent(session, now=then + DAY)
        session.execute(update(LetterRow).values(state="failed"))
        check_ins.chase_silent(session, now=then + 2 * DAY)
        assert (row.state, row.why) == (check_ins.MISSED, "may not have arrived")
        assert _open_alerts(session) == [(Colour.GREEN, "cannot be reached")]
        check_ins.answer(session, row, "ok", now=then + 3 * DAY)


def test_how_i_am_is_an_asking_of_the_persons_own(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, _ = sample.patient(session, now=now)
        row = check_ins.ask_now(session, patient, now=now)
        assert check_ins.ask_now(session, patient, now=now) is row
        # Nobody is chased for what they began and left.
        check_ins.allow_for_outage(session, away=HOUR, now=now + DAY)
        check_ins.chase_silent(session, now=now + 7 * DAY)
        assert row.state == check_ins.ASKED
        check_ins.answer(session, row, "ok", now=now + HOUR)
        again = check_ins.ask_now(session, patient, now=now + HOUR)
        assert again.id != row.id
        assert _open_alerts(session) == []


def test_an_answer_without_a_question_finds_the_one_it_means(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, row, then = _asked(session, now)
        assert check_ins.meant(session, patient, "ok", now=then) is row
        check_ins.answer(session, row, "ok", now=then)
        session.flush()
        # A second tap is no second answer; another answer is one of its own, and so is a later one.
        assert check_ins.meant(session, patient, "ok", now=then) is row
        assert check_ins.meant(session, patient, "ok", now=then + DAY) is not row
        other = check_ins.meant(session, patient, "not-great", now=then)
        assert other is not row and other.state == check_ins.ASKED


def test_what_is_planned_is_no_history(room: Path, now: datetime) -> None:
    with db.write() as session:
        patient, row, then = _asked(session, now)
        rhythms.fill(session, now=then + 6 * DAY)
        assert check_ins.history(session, patient.id) == [row]


def test_answers_are_offered_as_large_keys_beside_help(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, row, _ = _asked(session, now)
        rows = check_ins.choices_of(row)
        assert [choice.label for (choice,) in rows[:-1]] == ["ok", "not_great", "need_help"]
        assert [choice.label for choice in rows[-1]] == ["help_now", "menu"]
        assert rows[1][0].value == f"check_in.answer:{row.id}:not-great"
