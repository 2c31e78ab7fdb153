"""Codes from an app: which step they belong to, and which are too old or too early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from waiting_room.care import one_time_codes

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
WALL = datetime(2026, 11, 25, 10, 0, 10, tzinfo=UTC)
STEP = int(WALL.timestamp()) // 30


def code_at(moment: datetime) -> str:
    """What the app shows then."""
    return pyotp.TOTP(SECRET).at(moment)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_clock_may_be_one_step_off(steps: int) -> None:
    code = code_at(WALL + timedelta(seconds=30 * steps))
    assert one_time_codes.step_of(SECRET, code, wall=WALL) == STEP + steps


@pytest.mark.parametrize("steps", [-2, 2])
def test_two_steps_off_is_refused(steps: int) -> None:
    code = code_at(WALL + timedelta(seconds=30 * steps))
    assert one_time_codes.step_of(SECRET, code, wall=WALL) is None


def test_a_step_that_was_used_is_refused_and_the_next_is_taken() -> None:
    used, following = code_at(WALL), code_at(WALL + timedelta(seconds=30))
    assert one_time_codes.step_of(SECRET, used, wall=WALL, after=STEP) is None
    assert one_time_codes.step_of(SECRET, following, wall=WALL, after=STEP) == STEP + 1


def test_blanks_in_a_code_are_no_matter() -> None:
    code = code_at(WALL)
    assert one_time_codes.step_of(SECRET, f" {code[:3]} {code[3:]} ", wall=WALL) == STEP


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２３４５６", "0" * 400])
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert one_time_codes.step_of(SECRET, typed, wall=WALL) is None


def test_a_new_secret_can_be_typed_and_is_never_the_same() -> None:
    first, second = one_time_codes.new_secret(), one_time_codes.new_secret()
    assert first != second
    assert one_time_codes.is_secret(first)
    assert not one_time_codes.is_secret(first[:-1] + "1")


def test_the_app_is_told_room_and_account() -> None:
    address = one_time_codes.address(SECRET, name="sam@example.org", room="Sample Hub")
    assert address.startswith("otpauth://totp/Sample%20Hub:sam%40example.org")
    assert f"secret={SECRET}" in address
