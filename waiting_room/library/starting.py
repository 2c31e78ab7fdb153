"""A page begun: a file with every line an editor must fill in."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from waiting_room.errors import BadInput
from waiting_room.library.page import FALLBACK_LANGUAGE, KEY
from waiting_room.library.reading import LANGUAGE

REVIEW_AFTER = timedelta(days=180)
PAGE = """---
title: "{title}"
summary: ""
needs: []
also: []
owner: editors
source: ""
reviewed: null
reviewed_by: nobody yet
review_by: {review_by}
---

Say the most important thing first. Short words. One thing to do.
"""


def begin(
    folder: Path, key: str, *, title: str, today: date, language: str = FALLBACK_LANGUAGE
) -> Path:
    """Write a new page, such as self-care/knitting, into the folder; returns its file.

    Raises BadInput when the name is no page's name, or the page is there already.
    """
    if not KEY.fullmatch(key):
        message = "name it folder/page, with small letters, digits and hyphens"
        raise BadInput("name", f"{key!r}: {message}, such as self-care/moving-more")
    if not LANGUAGE.fullmatch(language):
        raise BadInput("language", f"{language!r}: write it as en, cy or pt-BR")
    file = folder / language / f"{key}.md"
    words = PAGE.format(title=title.replace('"', "'"), review_by=today + REVIEW_AFTER)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Never over what somebody else wrote.
        with file.open("x", encoding="utf-8") as new:
            new.write(words)
    except FileExistsError:
        raise BadInput("name", f"{file} is there already; open it and change it") from None
    return file
