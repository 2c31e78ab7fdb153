"""What is copied from elsewhere becomes Markdown and nothing else."""

from __future__ import annotations

import pytest

from waiting_room.editing.pasting import to_markdown

WORD = """<p class="MsoNormal"><b>Try this</b><o:p></o:p></p>
<p class="MsoListParagraph"><span>·<span>&nbsp;&nbsp; </span></span>Walk.</p>
<p class="MsoListParagraph"><span>·<span>&nbsp; </span></span>Rest.</p>
<p class="MsoListParagraph">1.&nbsp;&nbsp; Call us.</p>"""


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Sleep</h2><p>Go <em>slowly</em>.</p>", "## Sleep\n\nGo *slowly*."),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<p>See <a href='https://example.org/a'>us</a></p>", "See [us](https://example.org/a)"),
        ("<p>See <a href='javascript:alert(1)'>us</a></p>", "See us"),
        ("<p>A<script>alert(1)</script><style>p{}</style>B</p>", "AB"),
        ("<table><tr><td>Mon</td></tr></table>", "Mon"),
        ("5 < 6 & 7", "5 < 6 & 7"),
        (WORD, "**Try this**\n\n- Walk.\n- Rest.\n1. Call us."),
        ("", ""),
    ],
)
def test_what_is_pasted(html: str, markdown: str) -> None:
    assert to_markdown(html) == markdown


def test_a_flood_is_cut() -> None:
    assert len(to_markdown("<p>word</p>" * 100_000)) < 60_000
