"""A sealed file opens whole, or says in one line why not."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from waiting_room.backups import sealed_file
from waiting_room.errors import BadInput

SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
MADE = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
WORDS = [b"line %d " % number + b"the heron took my slippers" * 30 for number in range(5000)]


def sealed(file: Path, lines: list[bytes], *, kind: str = "data") -> Path:
    with file.open("wb") as out:
        writer = sealed_file.Writer(out, sealed_file.label_for(kind, "ab12", made=MADE), SECRET)
        for line in lines:
            writer.write(line)
        writer.close()
    return file


def opened(file: Path, secret: bytes = SECRET) -> list[bytes]:
    return list(sealed_file.lines(file, secret))


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_what_was_sealed_comes_back(tmp_path: Path, count: int) -> None:
    file = sealed(tmp_path / "a", WORDS[:count])
    assert opened(file) == WORDS[:count]
    label = sealed_file.label_of(file)
    assert (label.kind, label.key_id, label.made) == ("data", "ab12", MADE)


def test_nothing_of_it_can_be_read_and_no_two_files_are_alike(tmp_path: Path) -> None:
    one, two = (sealed(tmp_path / name, WORDS).read_bytes() for name in "ab")
    assert b"heron" not in one and one[400:] != two[400:]


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="changed, damaged"):
        opened(sealed(tmp_path / "a", WORDS[:3]), OTHER)


def test_any_byte_that_was_changed_shows(tmp_path: Path) -> None:
    file, dice = sealed(tmp_path / "a", WORDS), random.Random(20261125)
    whole = file.read_bytes()
    for _ in range(200):
        place = dice.randrange(len(whole))
        file.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << dice.randrange(8)]) + whole[place + 1 :]
        )
        with pytest.raises(BadInput):
            opened(file)


def test_any_cut_shows_also_between_two_chunks(tmp_path: Path) -> None:
    file, dice = sealed(tmp_path / "a", WORDS), random.Random(20261125)
    whole = file.read_bytes()
    start = whole.index(b"\n") + 1
    ends = [start, start + 4 + int.from_bytes(whole[start : start + 4], "big")]
    for end in [0, 1, *ends, *(dice.randrange(len(whole)) for _ in range(100))]:
        file.write_bytes(whole[:end])
        with pytest.raises(BadInput):
            opened(file)


def test_chunks_cannot_be_swapped_left_out_or_added(tmp_path: Path) -> None:
    file = sealed(tmp_path / "a", WORDS)
    whole = file.read_bytes()
    at = whole.index(b"\n") + 1
    head, chunks = whole[:at], []
    while at < len(whole):
        length = 4 + int.from_bytes(whole[at : at + 4], "big")
        chunks.append(whole[at : at + length])
        at += length
    assert len(chunks) > 3
    one, two, *rest = chunks
    for wrong in ([two, one, *rest], [one, *rest], [one, one, two, *rest], [*chunks, chunks[-1]]):
        file.write_bytes(head + b"".join(wrong))
        with pytest.raises(BadInput):
            opened(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no backup"),
        (b"hello\n", "no backup"),
        (b"\x00" * 5000, "no backup"),
        (b'{"waiting-room": 3}\n', "no backup"),
        (b'{"waiting-room": {"version": 2}}\n', "newer release"),
    ],
)
def test_what_is_no_backup_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(BadInput, match=words):
        opened(tmp_path / "a")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        sealed_file.label_of(tmp_path / "a")
