"""Sealing, keyed hashes and the master key file. Knows bytes and files, no tables.

A sealed value is `version (1) | data key id (8) | nonce (12) | AES-256-GCM ciphertext`, bound to
the table, row and column it stands in (associated data): moved elsewhere, it does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waiting_room.errors import StartRefused

# In front of each value, so that another cipher can come one day and old values still open.
VERSION = b"\x01"
ID_BYTES = 8
NONCE_BYTES = 12
SHEET = """THE VIRTUAL WAITING ROOM - RECOVERY SHEET

Print this page. Keep it where you keep the charity's seal. Then delete the file.
Whoever has this key AND the data can read everything. Without it nobody can, not even you.

Key file:  {file}
Key id:    {key_id}
Key:       {key}

To recover: make a text file with one line, "{key_id} <the key without spaces>", permissions 0600,
and point WAITING_ROOM_KEY_FILE at it.
"""


class CannotOpen(Exception):
    """A sealed value that does not open: wrong key, moved, or tampered with."""


@dataclass(frozen=True)
class DataKey:
    """The key of one person, chat or role. Its id stands in every value it sealed."""

    # Thousands are remembered: as ciphers they would hold forty times this, to save microseconds.

    key_id: bytes
    secret: bytes = field(repr=False)

    def seal(self, plain: bytes, *, bound_to: str) -> bytes:
        """Seal these bytes for one place only."""
        nonce = os.urandom(NONCE_BYTES)
        body = AESGCM(self.secret).encrypt(nonce, plain, bound_to.encode())
        return VERSION + self.key_id + nonce + body

    def unseal(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Open a value; raises CannotOpen when it is not ours or not from this place."""
        head = len(VERSION) + ID_BYTES
        nonce, body = sealed[head : head + NONCE_BYTES], sealed[head + NONCE_BYTES :]
        try:
            if not sealed.startswith(VERSION + self.key_id):
                raise InvalidTag
            return AESGCM(self.secret).decrypt(nonce, body, bound_to.encode())
        except (InvalidTag, ValueError):  # a ValueError is a value cut short
            raise CannotOpen(bound_to.split("|")[0]) from None


def key_id_of(sealed: bytes) -> bytes:
    """Which data key sealed this value."""
    return sealed[len(VERSION) : len(VERSION) + ID_BYTES]


@dataclass(frozen=True)
class MasterKey:
    """The key that wraps every data key. Kept in a file or on paper, never in the database."""

    key_id: str
    secret: bytes = field(repr=False)
    sample: bool = False

    def wrap(self, key: bytes, *, owner: str) -> bytes:
        """A data key made safe to store."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.secret).encrypt(nonce, key, owner.encode())

    def unwrap(self, wrapped: bytes, *, owner: str) -> bytes:
        """The data key again; raises CannotOpen when this master key did not wrap it."""
        nonce, body = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return AESGCM(self.secret).decrypt(nonce, body, owner.encode())
        except InvalidTag:
            raise CannotOpen("data key") from None


def data_key(key_id: bytes, plain: bytes) -> DataKey:
    """A data key ready for use."""
    return DataKey(key_id, plain)


def new_data_key() -> tuple[bytes, bytes]:
    """A fresh key id and key."""
    return os.urandom(ID_BYTES), AESGCM.generate_key(256)


def new_master_key(*, sample: bool = False) -> MasterKey:
    """A fresh master key; `sample` marks one made for the demo, which production refuses."""
    return MasterKey(secrets.token_hex(4), AESGCM.generate_key(256), sample)


def read_key_file(file: Path) -> list[MasterKey]:
    """The master keys in this file, current first; raises StartRefused with a plain reason."""
    try:
        if not file.exists():
            return []
        # As ssh does with its keys: a key that others on this machine can read is no secret.
        if file.stat().st_mode & 0o077:
            raise StartRefused(f"key file {file.name}: others can read it; run chmod 600 on it")
        lines = file.read_text("ascii", errors="replace").splitlines()
    except OSError as error:
        raise StartRefused(f"key file {file.name}: {error.strerror}") from None
    keys = [_parse(line, file) for line in lines if line.strip()]
    if not keys:
        raise StartRefused(f"key file {file.name}: it is empty; restore it from the recovery sheet")
    return keys


def _parse(line: str, file: Path) -> MasterKey:
    parts = line.split()
    try:
        secret = bytes.fromhex(parts[1])
    except (IndexError, ValueError):
        secret = b""
    if len(secret) != 32:
        raise StartRefused(f"key file {file.name}: a line must be a key id and 64 hex digits")
    return MasterKey(parts[0], secret, "sample" in parts[2:])


def write_key_file(file: Path, keys: list[MasterKey]) -> None:
    """Write the keys, current first, readable by the owner only; never leaves half a file."""
    words = (f"{k.key_id} {k.secret.hex()}{' sample' if k.sample else ''}\n" for k in keys)
    _write_private(file, "".join(words))


def write_recovery_sheet(file: Path, key: MasterKey, *, key_file: Path) -> None:
    """A page to print: the key in groups of four, and how to use it."""
    text = key.secret.hex()
    # Groups of four, as on a bank card: this page is there to be typed from.
    groups = " ".join(text[i : i + 4] for i in range(0, len(text), 4))
    _write_private(file, SHEET.format(file=key_file.name, key_id=key.key_id, key=groups))


def _write_private(file: Path, text: str) -> None:
    fresh = file.with_suffix(file.suffix + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # What a crash left behind; O_EXCL then makes sure that nobody put a link in its place.
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
        sync_folder(file.parent)
    except OSError as error:
        raise StartRefused(f"{file.name} cannot be written: {error.strerror}") from None


def sync_folder(folder: Path) -> None:
    """Have the names in this folder on disk."""
    # Data sealed with a key may reach the disk before the key's new name does.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def keyed_hash(key: bytes, *parts: str) -> str:
    """A short fingerprint that only the holder of the key can make (HMAC-SHA-256, 128 bits)."""
    # Parted by a sign that no part holds: ("ab", "c") and ("a", "bc") must differ.
    message = "\x1f".join(parts).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def derived_key(secret: bytes, *, salt: bytes, purpose: str) -> bytes:
    """A key for one purpose and one salt, which says nothing about the secret (HKDF, RFC 5869)."""
    return HKDF(SHA256(), 32, salt, f"waiting-room {purpose}".encode()).derive(secret)


def token_hash(token: str) -> str:
    """How a random token is kept: SHA-256 is enough where the token itself has 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """32 random bytes as 43 letters that fit a link and a Telegram start parameter."""
    return secrets.token_urlsafe(32)


def same(left: str, right: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
