"""Phone numbers in our own pages become links: on a phone one tap calls."""

from __future__ import annotations

import re

from markupsafe import Markup

TAG = re.compile(r"(<[^>]*>)")
# 999, 111 and 116 123; numbers of 8 to 11 figures that begin with 0; the number one texts.
NUMBER = re.compile(
    r"(?<![\w.,/+-])(999|111|116[ \u00a0]123|85258|0(?:[ \u00a0]?\d){7,10})(?![\w/]|[.,-]\d)"
)
PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
BLANK_LINE = re.compile(r"(?:<br ?/?>\s*){2,}")
TEXTED = "85258"


def with_calls(html: str) -> Markup:
    """The same HTML with numbers to call or text as links, and a blank line as a new paragraph.

    Give it only what `library.to_html` made: its tags are few and well formed.
    """
    html = PARAGRAPH.sub(lambda found: BLANK_LINE.sub("</p>\n<p>", found[0]), html)
    inside_link = False
    parts = []
    for part in TAG.split(html):
        if part.startswith("<"):
            inside_link = part.startswith("<a ") or (inside_link and part != "</a>")
        elif not inside_link:
            part = NUMBER.sub(_link, part)
        parts.append(part)
    # Only links of our own making were added to what was clean already.
    return Markup("".join(parts))


def _link(found: re.Match[str]) -> str:
    figures = re.sub(r"\D", "", found[1])
    scheme = "sms" if figures == TEXTED else "tel"
    return f'<a class="room-number" href="{scheme}:{figures}">{found[1]}</a>'
