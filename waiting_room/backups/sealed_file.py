"""A sealed file: one open line that says what it is, then chunks that cannot be changed unseen.

Each chunk is `length (4) | AES-256-GCM`, bound to the open line, to its place and to whether it is
the last: nothing can be edited, swapped, left out or cut off without showing.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from waiting_room import crypto
from waiting_room.errors import BadInput

VERSION = 1
LENGTH_BYTES = 4
LABEL_LIMIT = 1000
# So much is in memory at once, however large the room is.
CHUNK = 1 << 20


@dataclass(frozen=True)
class Label:
    """The open line: enough to find the right key, and no word about anybody."""

    kind: str
    made: datetime
    key_id: str
    salt: str
    version: int = VERSION

    def line(self) -> bytes:
        """The line as it stands in the file, and as every chunk is bound to it."""
        facts = asdict(self) | {"made": self.made.isoformat()}
        return json.dumps({"waiting-room": facts}).encode() + b"\n"

    def cipher(self, secret: bytes) -> AESGCM:
        """What seals this one file: each file has a key of its own."""
        return AESGCM(crypto.derived_key(secret, salt=bytes.fromhex(self.salt), purpose="backup"))


def label_for(kind: str, key_id: str, *, made: datetime) -> Label:
    """The label of a file that is to be written."""
    return Label(kind, made, key_id, os.urandom(16).hex())


def label_of(file: Path) -> Label:
    """What a file says it is; raises BadInput when it is no backup this release can read."""
    with _read(file) as source:
        return _label(file, source)


class Writer:
    """Seals lines into a file, a chunk at a time."""

    def __init__(self, out: BinaryIO, label: Label, secret: bytes) -> None:
        self._out = out
        self._bound_to = label.line()
        self._cipher = label.cipher(secret)
        self._lines: list[bytes] = []
        self._size = self._number = 0
        out.write(self._bound_to)

    def write(self, line: bytes) -> None:
        """Add a line; it may hold no line break."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= CHUNK:
            self._seal(is_last=False)

    def close(self) -> None:
        """Write the chunk that says that this is all."""
        self._seal(is_last=True)

    def _seal(self, *, is_last: bool) -> None:
        packed = zlib.compress(b"\n".join(self._lines), 1)
        sealed = self._cipher.encrypt(_nonce(self._number, is_last), packed, self._bound_to)
        self._out.write(len(sealed).to_bytes(LENGTH_BYTES, "big") + sealed)
        self._lines, self._size, self._number = [], 0, self._number + 1


def lines(file: Path, secret: bytes) -> Iterator[bytes]:
    """Every line of a sealed file, read as it is needed; raises BadInput where it is not whole."""
    with _read(file) as source:
        label = _label(file, source)
        cipher, bound_to = label.cipher(secret), label.line()
        ahead = _chunk(file, source)
        for number in count():
            sealed, ahead = ahead, _chunk(file, source)
            nonce = _nonce(number, is_last := not ahead)
            try:
                packed = cipher.decrypt(nonce, sealed, bound_to)
            except InvalidTag:
                raise _broken(file, "it was changed, damaged or cut short") from None
            yield from filter(None, zlib.decompress(packed).split(b"\n"))
            if is_last:
                return


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _read(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise BadInput("file", f"{file}: {error.strerror}") from None


def _label(file: Path, source: BinaryIO) -> Label:
    line = source.readline(LABEL_LIMIT)
    try:
        facts = json.loads(line)["waiting-room"]
        if facts["version"] > VERSION:
            raise _broken(file, "it was made by a newer release; update the software")
        label = Label(**facts | {"made": datetime.fromisoformat(facts["made"])})
        bytes.fromhex(label.salt)
    except (ValueError, TypeError, KeyError):
        raise _broken(file, "this is no backup of a waiting room") from None
    return label


def _chunk(file: Path, source: BinaryIO) -> bytes:
    """The next sealed chunk; empty at the end of the file."""
    head = source.read(LENGTH_BYTES)
    length = int.from_bytes(head, "big")
    # A damaged length must not make us ask for gigabytes.
    sealed = source.read(min(length, 2 * CHUNK + LABEL_LIMIT * LABEL_LIMIT))
    if head and (len(head) < LENGTH_BYTES or len(sealed) < length or not sealed):
        raise _broken(file, "it is cut short")
    return sealed


def _broken(file: Path, why: str) -> BadInput:
    return BadInput("file", f"{file.name}: {why}")
