"""Sessions, one-time links, codes and the count of failed tries, all on wall time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from sqlalchemy import func, select

from tests import people
from waiting_room import clock, db
from waiting_room.care import one_time_codes, sign_ins, staff
from waiting_room.errors import NotFound, RoomError
from waiting_room.models import AuditRow, SignInLink, SignInTry, Staff, StaffSession

WALL = datetime(2026, 11, 25, 10, 0, 5, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def robin(room: Path, now: datetime) -> Staff:
    """A worker with an app for codes."""
    with db.write() as session:
        person = people.staff(session, "Sample Robin", now=now)
        person.totp = one_time_codes.new_secret()
        return person


def begin(person: Staff, *, wall: datetime = WALL) -> str:
    """Sign in and give the token."""
    with db.write() as session:
        return sign_ins.begin(session, person, now=clock.now(), wall=wall)


def is_in(token: str, wall: datetime) -> bool:
    """Whether this token still opens the desk."""
    with db.read() as session:
        return sign_ins.who(session, token, wall=wall) is not None


def with_code(step: str, code: str, *, peer: str = "192.0.2.1", wall: datetime = WALL) -> str:
    """Try the second step of a sign-in."""
    with db.write() as session:
        return sign_ins.with_code(session, step, code, peer=peer, now=clock.now(), wall=wall)


def test_a_session_names_its_person_and_is_stored_only_as_a_hash(robin: Staff) -> None:
    token = begin(robin)
    with db.read() as session:
        seat = sign_ins.who(session, token, wall=WALL)
        kept = session.scalars(select(StaffSession.token_hash)).all()
    assert seat is not None and seat.staff.id == robin.id
    assert len(token) == 43
    assert kept != [token] and len(kept[0]) == 64


def test_each_sign_in_has_a_new_token(robin: Staff) -> None:
    assert begin(robin) != begin(robin)


def test_half_an_hour_without_a_sign_of_life_ends_a_session(robin: Staff) -> None:
    token = begin(robin)
    assert is_in(token, WALL + 29 * MINUTE)
    assert not is_in(token, WALL + 30 * MINUTE)


def test_a_sign_of_life_starts_the_half_hour_again(robin: Staff) -> None:
    token = begin(robin)
    with db.write() as session:
        sign_ins.touch(session, token, wall=WALL + 20 * MINUTE)
    assert is_in(token, WALL + 49 * MINUTE)
    assert not is_in(token, WALL + 50 * MINUTE)


def test_twelve_hours_end_a_session_however_busy(robin: Staff) -> None:
    token = begin(robin)
    for minutes in range(20, 12 * 60, 20):
        with db.write() as session:
            sign_ins.touch(session, token, wall=WALL + minutes * MINUTE)
    assert is_in(token, WALL + 719 * MINUTE)
    with db.write() as session:
        sign_ins.touch(session, token, wall=WALL + 719 * MINUTE)
    assert not is_in(token, WALL + 720 * MINUTE)


def test_a_jump_of_care_time_ends_no_session(robin: Staff) -> None:
    token = begin(robin)
    clock.advance(timedelta(days=30))
    assert is_in(token, WALL + MINUTE)


def test_signing_out_ends_one_session_and_signing_out_everywhere_all(robin: Staff) -> None:
    first, second, third = begin(robin), begin(robin), begin(robin)
    with db.write() as session:
        sign_ins.end(session, first)
    assert [is_in(token, WALL) for token in (first, second, third)] == [False, True, True]
    with db.write() as session:
        sign_ins.end_all(session, robin.id, but=third)
    assert [is_in(token, WALL) for token in (second, third)] == [False, True]
    with db.write() as session:
        sign_ins.end_all(session, robin.id)
    assert not is_in(third, WALL)


def test_a_disabled_person_is_out_at_the_next_look(robin: Staff, now: datetime) -> None:
    token = begin(robin)
    with db.write() as session:
        staff.disable(session, robin, by="somebody else", now=now, wall=WALL)
    assert not is_in(token, WALL)


def test_the_right_code_signs_in_and_is_recorded(robin: Staff) -> None:
    with db.write() as session:
        step = sign_ins.make_link(session, robin.id, sign_ins.CODE, wall=WALL)
    token = with_code(step, pyotp.TOTP(robin.totp).at(WALL))
    assert is_in(token, WALL)
    with db.read() as session:
        verbs = session.scalars(select(AuditRow.did).where(AuditRow.by == robin.id)).all()
    assert verbs == ["signed in"]


def test_a_code_signs_in_once_in_its_half_minute(robin: Staff) -> None:
    """I65."""
    code = pyotp.TOTP(robin.totp).at(WALL)
    with db.write() as session:
        first = sign_ins.make_link(session, robin.id, sign_ins.CODE, wall=WALL)
        second = sign_ins.make_link(session, robin.id, sign_ins.CODE, wall=WALL)
    assert with_code(first, code)
    assert with_code(second, code, wall=WALL + timedelta(seconds=10)) == ""
    following = pyotp.TOTP(robin.totp).at(WALL + timedelta(seconds=30))
    assert with_code(second, following, wall=WALL + timedelta(seconds=30))


def test_the_second_step_waits_five_minutes_and_works_once(robin: Staff) -> None:
    with db.write() as session:
        step = sign_ins.make_link(session, robin.id, sign_ins.CODE, wall=WALL)
    late = WALL + 5 * MINUTE
    with pytest.raises(NotFound):
        with_code(step, pyotp.TOTP(robin.totp).at(late), wall=late)
    assert with_code(step, pyotp.TOTP(robin.totp).at(WALL))
    soon = WALL + MINUTE
    with pytest.raises(NotFound):
        with_code(step, pyotp.TOTP(robin.totp).at(soon), wall=soon)


def test_codes_cannot_be_guessed_for_ever(robin: Staff) -> None:
    with db.write() as session:
        step = sign_ins.make_link(session, robin.id, sign_ins.CODE, wall=WALL)
    for number in range(10):
        assert with_code(step, "000000", peer=f"192.0.2.{number}") == ""
    with pytest.raises(sign_ins.TooManyTries):
        with_code(step, pyotp.TOTP(robin.totp).at(WALL), peer="198.51.100.7")


def test_ten_tries_in_fifteen_minutes_for_an_account_whoever_asks(room: Path) -> None:
    for number in range(10):
        with db.write() as session:
            sign_ins.try_once(session, "Nobody@example.org", f"192.0.2.{number}", wall=WALL)
    with pytest.raises(sign_ins.TooManyTries), db.write() as session:
        sign_ins.try_once(session, "nobody@EXAMPLE.org", "198.51.100.7", wall=WALL + 14 * MINUTE)
    with db.write() as session:
        sign_ins.try_once(session, "nobody@example.org", "198.51.100.7", wall=WALL + 15 * MINUTE)


def test_ten_tries_in_fifteen_minutes_for_a_place_whatever_the_account(room: Path) -> None:
    for number in range(10):
        with db.write() as session:
            sign_ins.try_once(session, f"{number}@example.org", "192.0.2.1", wall=WALL)
    with pytest.raises(sign_ins.TooManyTries), db.write() as session:
        sign_ins.try_once(session, "other@example.org", "192.0.2.1", wall=WALL)
    with db.write() as session:
        sign_ins.try_once(session, "other@example.org", "192.0.2.2", wall=WALL)


def at_once(act: Callable[[int], object], times: int) -> list[object]:
    """Do it many times at the same moment; gives what each gave or raised."""

    def one(number: int) -> object:
        try:
            return act(number)
        except RoomError as error:
            return type(error)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_a_burst_of_tries_cannot_slip_past_the_limit(any_room: Path) -> None:
    def once(number: int) -> None:
        with db.write() as session:
            sign_ins.try_once(session, "robin@example.org", f"192.0.2.{number}", wall=WALL)

    assert at_once(once, 20).count(sign_ins.TooManyTries) == 10


def test_of_many_who_use_a_link_at_once_one_gets_in(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        person = people.staff(session, "Sample Robin", now=now)
        token = staff.one_time_sign_in(session, person, wall=WALL)

    def use(_number: int) -> str:
        with db.write() as session:
            return sign_ins.with_link(session, token, now=now, wall=WALL)

    assert at_once(use, 8).count(NotFound) == 7


def test_of_many_who_send_a_code_at_once_one_gets_in(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        person = people.staff(session, "Sample Robin", now=now)
        person.totp = one_time_codes.new_secret()
        steps = [sign_ins.make_link(session, person.id, sign_ins.CODE, wall=WALL) for _ in range(8)]
    code = pyotp.TOTP(person.totp).at(WALL)
    found = at_once(lambda number: with_code(steps[number], code, peer=f"192.0.2.{number}"), 8)
    assert found.count("") == 7


def test_tries_are_kept_without_address_or_place(room: Path) -> None:
    with db.write() as session:
        sign_ins.try_once(session, "robin@example.org", "192.0.2.1", wall=WALL)
    with db.read() as session:
        kept = session.scalars(select(SignInTry.who)).all()
    assert len(kept) == 2
    assert not any("robin" in who or "192." in who for who in kept)


def test_a_complete_sign_in_forgives_the_account_but_a_right_password_does_not(
    room: Path,
) -> None:
    for number in range(9):
        with db.write() as session:
            sign_ins.try_once(session, "robin@example.org", f"192.0.2.{number}", wall=WALL)
    for _ in range(3):
        with db.write() as session:
            sign_ins.try_once(session, "robin@example.org", "198.51.100.7", wall=WALL)
            sign_ins.forgive(session, "robin@example.org", "198.51.100.7", whole=False)
    with db.write() as session:
        sign_ins.try_once(session, "robin@example.org", "198.51.100.7", wall=WALL)
    with pytest.raises(sign_ins.TooManyTries), db.write() as session:
        sign_ins.try_once(session, "robin@example.org", "198.51.100.7", wall=WALL)
    with db.write() as session:
        sign_ins.forgive(session, "robin@example.org", "198.51.100.7", whole=True)
        sign_ins.try_once(session, "robin@example.org", "198.51.100.7", wall=WALL)


def test_a_sign_in_link_works_once_and_for_half_an_hour(robin: Staff, now: datetime) -> None:
    with db.write() as session:
        late = staff.one_time_sign_in(session, robin, wall=WALL)
    with pytest.raises(NotFound), db.write() as session:
        sign_ins.with_link(session, late, now=now, wall=WALL + 30 * MINUTE)
    with db.write() as session:
        token = sign_ins.with_link(session, late, now=now, wall=WALL + 29 * MINUTE)
    assert is_in(token, WALL + 30 * MINUTE)
    with pytest.raises(NotFound), db.write() as session:
        sign_ins.with_link(session, late, now=now, wall=WALL + 29 * MINUTE)


def test_a_newer_link_ends_the_older_one(robin: Staff, now: datetime) -> None:
    with db.write() as session:
        older = staff.one_time_sign_in(session, robin, wall=WALL)
        staff.one_time_sign_in(session, robin, wall=WALL)
    with pytest.raises(NotFound), db.write() as session:
        sign_ins.with_link(session, older, now=now, wall=WALL)


def test_a_link_for_one_purpose_serves_no_other(robin: Staff, now: datetime) -> None:
    with db.write() as session:
        welcome = staff.welcome_link(session, robin, wall=WALL)
    with pytest.raises(NotFound), db.write() as session:
        sign_ins.with_link(session, welcome, now=now, wall=WALL)


def test_what_can_never_be_used_again_is_swept_away(robin: Staff) -> None:
    begin(robin)
    with db.write() as session:
        sign_ins.try_once(session, "robin@example.org", "192.0.2.1", wall=WALL)
        sign_ins.make_link(session, robin.id, sign_ins.CODE, wall=WALL)
        sign_ins.sweep(session, wall=WALL + timedelta(days=8))
        for kind in (StaffSession, SignInTry, SignInLink):
            assert session.scalar(select(func.count()).select_from(kind)) == 0
