"""Words copied from a word processor or a web page, as Markdown."""

from __future__ import annotations

import re

import nh3
from markdownify import markdownify

from waiting_room.editing.source import tidy

# What a page may hold; the rest of a word processor's tags leave only their words.
TAGS = {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "strong", "b", "em", "i", "a", "br"}
MOST = 60_000
# Word writes lists as paragraphs that begin with a bullet sign or a number and blanks.
LIST_SIGN = re.compile(r"<p>\s*(?:[·•▪§o]|\d{1,2}[.)])(?:\s|&nbsp;|\u00a0)+", re.IGNORECASE)
NUMBERED = re.compile(r"\d")
BLANK_LINES = re.compile(r"\n{3,}")


def to_markdown(html: str) -> str:
    """Headings, lists, bold, links; everything else as plain words. Never HTML."""
    plain = nh3.clean(
        html[:MOST],
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"https", "tel", "mailto"},
        link_rel=None,
    )
    listed = LIST_SIGN.sub(_sign, plain)
    words: str = markdownify(
        listed, heading_style="ATX", bullets="-", escape_underscores=False, escape_misc=False
    )
    # Between two points of a list Word leaves an empty line; a list keeps together.
    joined = re.sub(
        r"(?m)^((?:-|1\.) .*)\n\n(?=(?:-|1\.) )", r"\1\n", BLANK_LINES.sub("\n\n", words)
    )
    return tidy(joined)


def _sign(found: re.Match[str]) -> str:
    return "<p>1. " if NUMBERED.search(found[0]) else "<p>- "
