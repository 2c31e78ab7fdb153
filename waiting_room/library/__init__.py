"""Every word a person reads: Markdown files become pages, pages become what each door shows.

`read` and `check` look at a folder; `publish` keeps its good pages in the database; `follow` makes
the newest published set the one this process shows. A broken file never replaces a good page.
"""

from __future__ import annotations

from waiting_room.library.confirming import confirm, unconfirmed
from waiting_room.library.help_lines import HelpLine
from waiting_room.library.help_lines import lines as help_lines_for
from waiting_room.library.labels import normalise_label
from waiting_room.library.live import (
    all_labels,
    find,
    label,
    languages,
    page,
    pages_in,
    phrase,
    use,
)
from waiting_room.library.markdown import linked_pages, to_html
from waiting_room.library.page import Page, Problem
from waiting_room.library.plain import to_telegram, to_text
from waiting_room.library.publishing import by_digest, follow, publish, put
from waiting_room.library.reading import check, look_over, read
from waiting_room.library.shelf import Shelf
from waiting_room.library.times import say_day, say_moment, say_time

__all__ = [
    "HelpLine",
    "Page",
    "Problem",
    "Shelf",
    "all_labels",
    "by_digest",
    "check",
    "confirm",
    "find",
    "follow",
    "help_lines_for",
    "label",
    "languages",
    "linked_pages",
    "look_over",
    "normalise_label",
    "page",
    "pages_in",
    "phrase",
    "publish",
    "put",
    "read",
    "say_day",
    "say_moment",
    "say_time",
    "to_html",
    "to_telegram",
    "to_text",
    "unconfirmed",
    "use",
]
