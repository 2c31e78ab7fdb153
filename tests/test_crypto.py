"""A sealed value opens in its place only; the key file is private and can be made again."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from waiting_room import crypto
from waiting_room.errors import StartRefused

PLACE = "patient|1|name"


def key() -> crypto.DataKey:
    return crypto.data_key(*crypto.new_data_key())


def test_what_was_sealed_opens_again() -> None:
    one = key()
    sealed = one.seal(b"Sample Alex", bound_to=PLACE)
    assert b"Sample" not in sealed
    assert crypto.key_id_of(sealed) == one.key_id
    assert one.unseal(sealed, bound_to=PLACE) == b"Sample Alex"
    assert one.seal(b"Sample Alex", bound_to=PLACE) != sealed


@pytest.mark.parametrize("place", ["patient|2|name", "patient|1|phone", "referral|1|name", ""])
def test_a_value_that_was_moved_does_not_open(place: str) -> None:
    one = key()
    with pytest.raises(crypto.CannotOpen):
        one.unseal(one.seal(b"x", bound_to=PLACE), bound_to=place)


def test_no_flipped_bit_goes_unseen() -> None:
    one = key()
    sealed = one.seal(b"Sample Alex", bound_to=PLACE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(crypto.CannotOpen):
            one.unseal(bytes(changed), bound_to=PLACE)


def test_a_value_cut_short_does_not_open() -> None:
    one = key()
    sealed = one.seal(b"x", bound_to=PLACE)
    for length in range(len(sealed)):
        with pytest.raises(crypto.CannotOpen):
            one.unseal(sealed[:length], bound_to=PLACE)


def test_a_wrapped_key_belongs_to_its_owner_and_master() -> None:
    master, (_, plain) = crypto.new_master_key(), crypto.new_data_key()
    wrapped = master.wrap(plain, owner="one")
    assert master.unwrap(wrapped, owner="one") == plain
    with pytest.raises(crypto.CannotOpen):
        master.unwrap(wrapped, owner="two")
    with pytest.raises(crypto.CannotOpen):
        crypto.new_master_key().unwrap(wrapped, owner="one")


def test_a_master_key_does_not_print_itself() -> None:
    master = crypto.new_master_key()
    assert master.secret.hex() not in repr(master)
    assert repr(master.secret) not in repr(master)


def test_the_key_file_is_private_and_reads_back(tmp_path: Path) -> None:
    file, keys = tmp_path / "new" / "master.key", [crypto.new_master_key(sample=True)]
    crypto.write_key_file(file, keys)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert crypto.read_key_file(file) == keys
    assert [left.name for left in file.parent.iterdir()] == ["master.key"]


def test_no_key_file_is_no_key(tmp_path: Path) -> None:
    assert crypto.read_key_file(tmp_path / "absent") == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666])
def test_a_key_file_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "master.key"
    crypto.write_key_file(file, [crypto.new_master_key()])
    file.chmod(mode)
    with pytest.raises(StartRefused, match=r"^key file master.key: .*chmod 600"):
        crypto.read_key_file(file)


@pytest.mark.parametrize(
    "words", [b"", b"\n \n", b"only-an-id", b"id nothex", b"id " + b"ab" * 31, b"\xff\xfe", b"\x00"]
)
def test_a_broken_key_file_is_refused_in_one_line(tmp_path: Path, words: bytes) -> None:
    file = tmp_path / "master.key"
    file.write_bytes(words)
    file.chmod(0o600)
    with pytest.raises(StartRefused, match=r"^key file master.key: [^\n]+$"):
        crypto.read_key_file(file)


def test_a_folder_is_no_key_file(tmp_path: Path) -> None:
    folder = tmp_path / "master.key"
    folder.mkdir(mode=0o700)
    with pytest.raises(StartRefused, match=r"^key file master.key: "):
        crypto.read_key_file(folder)


def test_a_file_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused, match=r"^master.key cannot be written: "):
        crypto.write_key_file(tmp_path / "file" / "master.key", [crypto.new_master_key()])


def test_keyed_hashes_need_the_key_and_keep_their_parts_apart() -> None:
    one = crypto.keyed_hash(b"k" * 32, "a", "b")
    assert one == crypto.keyed_hash(b"k" * 32, "a", "b")
    assert one != crypto.keyed_hash(b"l" * 32, "a", "b")
    assert one != crypto.keyed_hash(b"k" * 32, "ab")
    assert len(one) == 32


def test_a_token_has_256_bits_and_fits_a_link() -> None:
    tokens = {crypto.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}
    assert crypto.same(tokens.pop(), "x") is False
