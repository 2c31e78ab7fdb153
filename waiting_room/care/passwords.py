"""Passwords of staff: which ones are taken, and how they are kept.

Hashing is slow on purpose, so it happens before a door opens its write transaction, never inside.
"""

from __future__ import annotations

import threading

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from waiting_room.errors import BadInput

# Length instead of rules about signs, which people meet with "Password1!".
SHORTEST = 12
# Hashing a book would be a way to keep us busy.
LONGEST = 200
# One hash takes 64 MB: a flood of sign-ins must not take all the memory.
AT_ONCE = 2
# The hash of a random word nobody kept, so that an unknown account takes as long as a known one.
NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$WrLhIqyh5oNlnCr+kL6JlA"
    "$cTF1HhBvCcUyJ/i21rYLOJB47AIf3wtc8Z5RJ1+Hs6Y"
)

_hashes = PasswordHash((Argon2Hasher(),))
_turns = threading.BoundedSemaphore(AT_ONCE)


def check(password: str, *, name: str, email: str) -> None:
    """Raises BadInput when it is too short or anybody would try it first."""
    if len(password) < SHORTEST:
        raise BadInput("password", f"Use at least {SHORTEST} characters. Three words will do.")
    if len(password) > LONGEST:
        raise BadInput("password", f"Use at most {LONGEST} characters.")
    if len(set(password)) < 5:
        raise BadInput("password", "Use more than a few different characters.")
    said = password.casefold()
    parts = [email.partition("@")[0], email, *name.split()]
    if any(len(part) > 2 and part.casefold() in said for part in parts):
        raise BadInput("password", "Leave your name and your e-mail address out of it.")


def hashed(password: str) -> str:
    """The password as it is kept (argon2id)."""
    with _turns:
        return _hashes.hash(password)


def fits(password: str, kept: str) -> bool:
    """Whether this is the password; as slow for an account without one as for any other."""
    with _turns:
        return _hashes.verify(password[:LONGEST], kept or NOBODY) and bool(kept)
