"""Six figures from an app on the worker's phone (TOTP): good for one use, around half a minute."""

from __future__ import annotations

import re
from datetime import datetime

import pyotp

STEP_SECONDS = 30
# A phone's clock may be half a minute wrong; more would give a thief more time (ASVS 6.5.5).
AROUND = 1
SECRET = re.compile(r"[A-Z2-7]{32}")


def new_secret() -> str:
    """A secret to put into the app, as 32 letters a person could type."""
    return pyotp.random_base32()


def is_secret(text: str) -> bool:
    """Whether this has the shape `new_secret` gives."""
    return SECRET.fullmatch(text) is not None


def address(secret: str, *, name: str, room: str) -> str:
    """What the QR code says to the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=room)


def step_of(secret: str, code: str, *, wall: datetime, after: int = 0) -> int | None:
    """The step this code belongs to: now, one before or one after, and later than `after`."""
    # Apps show a gap in the middle, and people paste it with the rest.
    figures = "".join(code.split())
    clock, here = pyotp.TOTP(secret), int(wall.timestamp()) // STEP_SECONDS
    found = None
    # Every step is looked at, so that the time taken says nothing.
    for step in range(here - AROUND, here + AROUND + 1):
        fits = pyotp.utils.strings_equal(figures, clock.generate_otp(step))
        if fits and step > after and found is None:
            found = step
    return found
