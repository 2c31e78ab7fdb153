"""Markdown read once, values put in afterwards, so a value can never become Markdown or HTML.

One reading serves the web page, the mail and Telegram: what the check saw is what is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote, unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from waiting_room.library.page import FIELD, KEY, Page

OUTSIDE = re.compile(r"(https://[^/?#\s]|tel:|mailto:)", re.IGNORECASE)
PLACED = re.compile(r"(tel:|mailto:|https://[^{}]+/[^{}]*)?%7B[a-z][a-z0-9_]*%7D[^{}]*")
WITH_VALUES = frozenset({"text", "code_inline", "fence", "code_block"})
TAGS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "a"}
TAGS |= {"code", "pre", "blockquote", "br", "hr"}
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}}
# No http: a link from a health service must not be read or changed on its way.
SCHEMES = {"https", "tel", "mailto"}

LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Characters that turn the words after them round, or that a phone drops and then counts wrongly.
UNSEEN = re.compile("[\u202a-\u202e\u2066-\u2069]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
HALF_PAIR = re.compile("[\ud800-\udfff]")


class _Reader(MarkdownIt):
    """CommonMark without HTML, whose links lead to few places."""

    def validateLink(self, url: str) -> bool:
        return allowed(url)


_reader = _Reader("commonmark", {"html": False})


def allowed(address: str) -> bool:
    """https, tel, mailto, the key of another page, or a placeholder that stands for one."""
    return bool(OUTSIDE.match(address) or KEY.fullmatch(address) or PLACED.fullmatch(address))


def to_html(page: Page | str, values: Mapping[str, str]) -> str:
    """The page as HTML that holds only the few tags of the allow-list."""
    html = _reader.renderer.render(filled(page, values), _reader.options, {})
    # The reader lets no HTML through already. This second lock holds if the first ever gives way.
    return nh3.clean(html, tags=TAGS, attributes=ATTRIBUTES, url_schemes=SCHEMES)


def linked_pages(page: Page) -> list[str]:
    """The keys of the pages this one points to; their words stay, a screen may offer them."""
    found = (
        str(child.attrs["href"])
        for token in _reader.parse(page.body)
        for child in token.children or ()
        if child.type == "link_open"
    )
    return list(dict.fromkeys(address for address in found if KEY.fullmatch(address)))


def filled(page: Page | str, values: Mapping[str, str]) -> Sequence[Token]:
    """The page's tokens with the values in their places. Unknown names stay as they are."""
    template = _template(page.body if isinstance(page, Page) else page)
    if not values:
        return template
    return [_fill(token, values) for token in template]


# Parsing costs more than all the rest, and the same few hundred pages are sent all day.
@lru_cache(maxsize=2048)
def _template(markdown: str) -> Sequence[Token]:
    tokens = _reader.parse(markdown)
    return [
        token.copy(children=_links(token.children, _outside)) if token.children else token
        for token in tokens
    ]


def _fill(token: Token, values: Mapping[str, str]) -> Token:
    # Most tokens hold no blank, and copying every one would cost more than all the rest.
    if "{" not in token.content:
        return token
    if token.type in WITH_VALUES:
        return token.copy(content=_put(token.content, values))
    if token.type != "inline" or not token.children:
        return token
    # Values go in after the reading: nothing reads them again, so they stay plain words.
    children = _links(token.children, lambda address: _address(address, values))
    return token.copy(children=[new for old in children for new in _words(old, values)])


def _words(token: Token, values: Mapping[str, str]) -> Iterator[Token]:
    if token.type not in WITH_VALUES or "{" not in token.content:
        yield token
        return
    content = _put(token.content, values)
    if token.type != "text":
        yield token.copy(content=content)
        return
    # A worker's line break is meant; Markdown would take a single one for a space.
    for number, line in enumerate(content.split("\n")):
        if number:
            yield Token("hardbreak", "br", 0)
        yield token.copy(content=line)


def _put(text: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        return clean(values[name]) if name in values else found[0]

    return FIELD.sub(value, text)


def clean(value: str) -> str:
    """The value as every door shows it: one kind of line end, nothing invisible."""
    # The usual case, without three searches through the text.
    if value.isascii() and value.isprintable():
        return value
    text = UNSEEN.sub("", LINE_ENDS.sub("\n", value))
    return HALF_PAIR.sub("\ufffd", CONTROL.sub(" ", text))


def _links(children: Iterable[Token], lead: Callable[[str], str]) -> list[Token]:
    """A link that leads nowhere leaves its words behind."""
    kept: list[Token] = []
    leads = True
    for child in children:
        if child.type == "link_open":
            address = lead(str(child.attrs["href"]))
            leads = bool(address)
            child = child.copy(attrs={"href": address})
        if leads or child.type not in ("link_open", "link_close"):
            kept.append(child)
    return kept


def _outside(address: str) -> str:
    return "" if KEY.fullmatch(address) else address


def _address(address: str, values: Mapping[str, str]) -> str:
    # The reader has percent-encoded the braces of a placeholder in an address.
    if "%7B" not in address:
        return address
    plain = unquote(address)
    found = FIELD.search(plain)
    value = clean(values.get(found[1], "")).strip() if found else ""
    if not found or not value:
        return ""
    made = _made(plain[: found.start()], value) + plain[found.end() :]
    # What the value made of it must pass the same gate as what an editor writes.
    return made if OUTSIDE.match(made) else ""


def _made(before: str, value: str) -> str:
    if before == "tel:":
        # A telephone dials what stands here: only what its keys can type.
        return before + re.sub(r"[^0-9+*#]", "", value)
    return before + quote(value, safe="" if before else ":/?&=#%+@,;~")
