"""A link and a PIN that travel apart: in the wrong hands neither gives anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy.orm import Session

from tests import people as sample
from waiting_room import db
from waiting_room.care import conversations, invitations, referrals
from waiting_room.care.invitations import Issued, WrongPin
from waiting_room.errors import NotFound, Refused
from waiting_room.models import Address, Invitation, Referral

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _invited(session: Session, now: datetime) -> tuple[Referral, Issued, str]:
    referral = sample.referral(session, now=now)
    issued = invitations.invite(session, referral, by="system", now=now)
    return referral, issued, invitations.find(session, issued.token, now=now).id


def _chat(session: Session, now: datetime, chat_id: str = "1") -> Address:
    return conversations.address(session, "telegram", chat_id, now=now)


def _wrong(pin: str) -> str:
    return f"{(int(pin) + 1) % 10**7:07}"


def test_the_right_pin_pairs_the_chat_with_the_person(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        referral, issued, invitation_id = _invited(session, now)
        chat = _chat(session, now)
        assert invitations.join(session, invitation_id, issued.pin, chat, now=now) is referral
        assert (chat.patient_id, chat.proved_at) == (referral.patient_id, now)
        used = invitations.find_used(session, issued.token)
        assert used is not None and used.used_by == chat.id


def test_inviting_moves_the_referral_and_says_the_secrets_once(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral, issued, invitation_id = _invited(session, now)
        assert referral.state == referrals.INVITED
        assert len(issued.pin) == 7 and len(issued.token) >= 43
        row = session.get_one(Invitation, invitation_id)
        assert issued.token not in row.token_hash and issued.pin not in row.pin_hash
        assert invitations.patient_of(session, invitation_id) == referral.patient_id


def test_looking_at_a_link_uses_nothing_up(room: Path, now: datetime) -> None:
    with db.write() as session:
        _, issued, _ = _invited(session, now)
        for _ in range(20):
            assert invitations.find(session, issued.token, now=now).tries == 0
        assert invitations.find_used(session, issued.token) is None


@pytest.mark.parametrize(("by_post", "life"), [(False, 72 * HOUR), (True, 21 * DAY)])
def test_a_link_lives_three_days_or_three_weeks_by_post(
    room: Path, now: datetime, by_post: bool, life: timedelta
) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        issued = invitations.invite(session, referral, by="system", now=now, by_post=by_post)
        assert issued.expires_at == now + life
        row = invitations.find(session, issued.token, now=now + life - HOUR)
        with pytest.raises(NotFound):
            invitations.find(session, issued.token, now=now + life)
        with pytest.raises(NotFound):
            invitations.join(session, row.id, issued.pin, _chat(session, now), now=now + life)


def test_every_bad_link_looks_the_same(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral, used, used_id = _invited(session, now)
        invitations.join(session, used_id, used.pin, _chat(session, now), now=now)
        revoked = invitations.invite(session, referral, by="system", now=now)
        locked = invitations.invite(session, referral, by="system", now=now)
        invitations.find(session, locked.token, now=now).tries = invitations.TRIES
        said = set()
        for token in (used.token, revoked.token, locked.token, "hand-made", ""):
            with pytest.raises(NotFound) as refused:
                invitations.find(session, token, now=now)
            said.add(str(refused.value))
        assert len(said) == 1


def test_an_earlier_link_dies_with_a_new_one(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral, first, first_id = _invited(session, now)
        second = invitations.invite(session, referral, by="system", now=now)
        with pytest.raises(NotFound):
            invitations.join(session, first_id, first.pin, _chat(session, now), now=now)
        assert invitations.find(session, second.token, now=now)


def test_an_ended_referral_invites_nobody(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        referrals.close(session, referral, reason="not needed", by="system", now=now)
        with pytest.raises(Refused, match="closed"):
            invitations.invite(session, referral, by="system", now=now)


def test_somebody_in_support_may_get_a_new_link(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral = sample.referral(session, now=now)
        referrals.accept(session, referral, by="system", now=now)
        invitations.invite(session, referral, by="system", now=now)
        assert referral.state == referrals.WAITING


def test_five_wrong_pins_lock_the_link_for_the_right_one_too(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, issued, invitation_id = _invited(session, now)
        chat = _chat(session, now)
        for left in (4, 3, 2, 1, 0):
            with pytest.raises(WrongPin) as wrong:
                invitations.join(session, invitation_id, _wrong(issued.pin), chat, now=now)
            assert wrong.value.tries_left == left
        with pytest.raises(NotFound):
            invitations.join(session, invitation_id, issued.pin, chat, now=now)
        assert chat.patient_id is None


def test_the_fifth_try_may_be_the_right_one(room: Path, now: datetime) -> None:
    with db.write() as session:
        referral, issued, invitation_id = _invited(session, now)
        chat = _chat(session, now)
        for _ in range(4):
            with pytest.raises(WrongPin):
                invitations.join(session, invitation_id, _wrong(issued.pin), chat, now=now)
        assert invitations.join(session, invitation_id, issued.pin, chat, now=now) is referral


def _race(now: datetime, invitation_id: str, pins: list[str]) -> list[str]:
    """What each account got that tried its PIN at the same moment."""
    start = Barrier(len(pins))

    def attempt(number: int) -> str:
        start.wait()
        with db.write() as session:
            chat = _chat(session, now, f"account {number}")
            try:
                invitations.join(session, invitation_id, pins[number], chat, now=now)
            except (NotFound, WrongPin) as refused:
                return type(refused).__name__
            return "in"

    with ThreadPoolExecutor(len(pins)) as pool:
        return sorted(pool.map(attempt, range(len(pins))))


def test_of_two_accounts_with_the_right_pin_one_comes_in(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, issued, invitation_id = _invited(session, now)
    assert _race(now, invitation_id, [issued.pin] * 2) == ["NotFound", "in"]


def test_eight_accounts_guess_five_times_in_all(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        _, issued, invitation_id = _invited(session, now)
    said = _race(now, invitation_id, [_wrong(issued.pin)] * 8)
    assert said == ["NotFound"] * 3 + ["WrongPin"] * 5
