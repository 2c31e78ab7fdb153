"""Letters as people type them, folded to the plain letters the danger rules are written in."""

from __future__ import annotations

import unicodedata

KEPT = frozenset(".!?,;:'*$@-_/#")
_QUOTES = "’‘‛ʼʹ＇`´′"
_LONGEST = 3  # one ligature of Arabic unfolds to 18 letters: longer ones cannot be our words
_CACHE_SIZE = 4096


def _alike() -> dict[str, str]:
    """Letters of other alphabets that look like ours, and those that no rule of Unicode unfolds."""
    pairs = [
        ("авекмнорстухіѕјԁһԛԝ", "abekmhopctyxisjdhqw"),
        ("αβεικνορτυχωγ", "abeikvoptuxwy"),
        ("ɑɡɩʟɪᴋᴅᴇꜱᴜᴛʏᴀᴍɴᴏᴡ", "agilikdesutyamnow"),
        ("łøđħıœæ", "lodhioa"),
    ]
    return {odd: plain for odds, plains in pairs for odd, plain in zip(odds, plains, strict=True)}


def _boxed() -> dict[str, str]:
    """Letters in circles, squares and flags, which have no decomposition of their own."""
    return {
        chr(first + n): chr(ord("a") + n)
        for first in (0x1F150, 0x1F170, 0x1F1E6)
        for n in range(26)
    }


_ALIKE = _alike() | _boxed()


def fold(char: str) -> str:
    """One character as rules see it: plain lower case, or a space, or nothing at all."""
    if char in _ALIKE:
        return _ALIKE[char]
    if char in _QUOTES:
        return "'"
    if char in "\n\r\u2028\u2029\x0b\x0c":
        return " . "
    kind = unicodedata.category(char)
    # Invisible characters and accents go without trace, so they cannot break a word in two.
    if kind in ("Cf", "Mn", "Me", "Cc") and not char.isspace():
        return ""
    return _unfold(char, kind)


def _unfold(char: str, kind: str) -> str:
    if char.isspace():
        return " "
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    plain = "".join(_ALIKE.get(one, one) for one in plain if unicodedata.category(one) != "Mn")
    if len(plain) > _LONGEST:
        return " "
    if all(one.isalnum() or one in KEPT for one in plain):
        return plain
    # A picture ends a thought, as a comma does; any other mark only parts two words.
    return " , " if kind == "So" else "".join(c if c.isalnum() else " " for c in plain)


class _Table(dict[int, str]):
    """Folds a character when it is first met; bounded, so no text can make it grow."""

    def __missing__(self, code: int) -> str:
        plain = fold(chr(code))
        if len(self) < _CACHE_SIZE:
            self[code] = plain
        return plain


_TABLE = _Table()


def plain(text: str) -> str:
    """The whole text folded. Any str will do, half characters included."""
    return text.translate(_TABLE)
