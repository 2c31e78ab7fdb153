"""Writes Markdown tokens as plain words and remembers which stretches were marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from markdown_it.token import Token

# Telegram knows no lists and a mail is plain text: the signs must be letters of their own.
BULLET = "•"
RULE = "———"
STYLES = {"strong": "bold", "em": "italic", "heading": "bold", "blockquote": "blockquote"}
BLOCKS = {"paragraph", "heading", "blockquote", "bullet_list", "ordered_list"}


@dataclass(frozen=True)
class Mark:
    """A stretch of text that is bold, a link, and so on. Counted in characters."""

    kind: str
    start: int
    end: int
    url: str = ""


class Writer:
    """Writes tokens as text and remembers what was marked."""

    def __init__(self, *, addresses: bool) -> None:
        self.marks: list[Mark] = []
        self._addresses = addresses
        self._pieces: list[str] = []
        self._length = 0
        # A gap is only owed: it is written before the next words, so none is left at the end.
        self._gap = ""
        self._fresh = True
        self._open: list[tuple[str, int, str]] = []
        self._lists: list[int | None] = []

    def text(self) -> str:
        """What was written so far."""
        return "".join(self._pieces)

    def tokens(self, tokens: Iterable[Token]) -> None:
        """Write these, and all inside them."""
        for token in tokens:
            if token.children:
                self.tokens(token.children)
            elif token.nesting:
                self._edge(token)
            else:
                self._leaf(token)

    def _leaf(self, token: Token) -> None:
        kind = token.type
        if kind == "code_inline":
            self._marked("code", token.content)
        elif kind in ("softbreak", "hardbreak"):
            self._write(" " if kind == "softbreak" else "\n")
        elif kind in ("fence", "code_block", "hr"):
            self._alone(token)
        else:
            self._write(token.content)

    def _alone(self, token: Token) -> None:
        self._break("\n\n")
        if token.type == "hr":
            self._write(RULE)
        else:
            self._marked("pre", token.content.rstrip("\n"))
        self._break("\n\n")

    def _edge(self, token: Token) -> None:
        kind = token.type.removesuffix("_open").removesuffix("_close")
        opens = token.nesting > 0
        # Points of a list stand close together; only paragraphs are parted by an empty line.
        if kind in BLOCKS:
            self._break("\n" if self._lists else "\n\n")
        acts = {
            "bullet_list": self._list,
            "ordered_list": self._list,
            "list_item": self._item,
            "link": self._link,
        }
        if kind in acts:
            acts[kind](token, opens=opens)
        elif kind in STYLES:
            self._style(STYLES[kind], opens=opens)

    def _style(self, kind: str, *, opens: bool) -> None:
        if opens:
            self._begin(kind)
        else:
            self._finish()

    def _list(self, token: Token, *, opens: bool) -> None:
        if not opens:
            self._lists.pop()
            self._break("\n" if self._lists else "\n\n")
            return
        first = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None
        self._lists.append(first)

    def _item(self, _token: Token, *, opens: bool) -> None:
        if not opens:
            return
        self._break("\n")
        number = self._lists[-1]
        sign = BULLET if number is None else f"{number}."
        if number is not None:
            self._lists[-1] = number + 1
        self._write(f"{'  ' * (len(self._lists) - 1)}{sign} ")
        # The item's own paragraph starts on the line of its bullet.
        self._fresh = True

    def _link(self, token: Token, *, opens: bool) -> None:
        if opens:
            self._begin("text_link", str(token.attrs["href"]))
            return
        # Telegram links only to web pages; a phone number or address it finds by itself.
        if self._addresses or not self._open[-1][2].lower().startswith("https:"):
            _, start, url = self._open.pop()
            self._tell_address(self.text()[start:], url)
        else:
            self._finish()

    def _tell_address(self, words: str, url: str) -> None:
        address = unquote(re.sub(r"^(tel|mailto):", "", url))
        number = re.sub(r"\D", "", address)
        # "Call 116 123 (116123)" would be heard twice by somebody listening for a number.
        called = bool(number) and number in re.sub(r"\D", "", words)
        if address and address not in words and not called:
            self._write(f" ({address})")

    def _begin(self, kind: str, url: str = "") -> None:
        self._flush()
        self._open.append((kind, self._length, url))

    def _finish(self) -> None:
        kind, start, url = self._open.pop()
        # Bold inside a heading is bold already, and Telegram refuses a quote inside a quote.
        nested = any(other == kind for other, _, _ in self._open)
        if self._length > start and not nested:
            self.marks.append(Mark(kind, start, self._length, url))

    def _marked(self, kind: str, words: str) -> None:
        self._begin(kind)
        self._write(words)
        self._finish()

    def _break(self, gap: str) -> None:
        if not self._fresh:
            self._gap = max(self._gap, gap)

    def _flush(self) -> None:
        if self._gap:
            self._add(self._gap)
            self._gap = ""
            self._fresh = True

    def _write(self, words: str) -> None:
        if words:
            self._flush()
            self._add(words)
            self._fresh = False

    def _add(self, words: str) -> None:
        self._pieces.append(words)
        self._length += len(words)
