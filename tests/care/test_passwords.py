"""Which passwords are taken, and how they are kept."""

from __future__ import annotations

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from waiting_room.care import passwords
from waiting_room.errors import BadInput

WHO = {"name": "Sample Robin", "email": "robin.h@example.org"}


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars",
        "a" * 201,
        "abababababababab",
        "what-a-ROBIN-sings",
        "robin.h@example.org",
        "this is robin.h now",
        "",
    ],
)
def test_short_long_dull_or_personal_ones_are_refused(password: str) -> None:
    with pytest.raises(BadInput) as refused:
        passwords.check(password, **WHO)
    assert refused.value.field == "password"


@pytest.mark.parametrize(
    "password", ["purple kettle tram", "пурпурный чайник", "🦊🐢🐝🐙🐳 swim far"]
)
def test_three_words_in_any_language_are_taken(password: str) -> None:
    passwords.check(password, **WHO)


def test_a_password_is_kept_as_a_salted_argon2id_hash_that_fits_only_itself() -> None:
    kept = passwords.hashed("purple kettle tram")
    assert kept.startswith("$argon2id$")
    assert kept != passwords.hashed("purple kettle tram")
    assert passwords.fits("purple kettle tram", kept)
    assert not passwords.fits("purple kettle tran", kept)


def test_an_account_without_password_fits_nothing() -> None:
    assert not passwords.fits("", "")
    assert not passwords.fits("purple kettle tram", "")


def test_the_hash_of_nobody_costs_as_much_as_a_real_one() -> None:
    assert not Argon2Hasher().check_needs_rehash(passwords.NOBODY)
    costs = passwords.NOBODY.split("$")[1:4]
    assert passwords.hashed("purple kettle tram").split("$")[1:4] == costs
