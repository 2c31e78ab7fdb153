"""Small charts as SVG. Each stands beside a table that says the same in words."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

from waiting_room.care import hours
from waiting_room.models import CheckIn

# pygal leaves an import hook of Python 2 behind; Python 3.12 stumbles over it at the next import.
sys.meta_path[:] = [hook for hook in sys.meta_path if hasattr(hook, "find_spec")]

LEVELS = {"need-help": 1, "not-great": 2, "ok": 3}
WORDS = {1: "Need help", 2: "Not great", 3: "OK"}
LOOK = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#212b32",
    foreground_strong="#212b32",
    foreground_subtle="#c9c0b0",
    font_family="Arial, sans-serif",
    label_font_size=22,
    major_label_font_size=22,
    colors=("#0b4f4a",),
)


def check_ins(rows: Sequence[CheckIn], *, zone: str) -> bytes:
    """The answers of one person over time, as a picture; a gap is an asking without an answer."""
    chart = pygal.Line(
        style=LOOK,
        width=900,
        height=320,
        show_legend=False,
        dots_size=8,
        stroke_style={"width": 3},
        # Always the same height: a chart that stretches itself makes one bad day look like a fall.
        range=(0.7, 3.3),
        x_label_rotation=30,
        show_minor_x_labels=False,
        x_labels_major_every=max(1, len(rows) // 8),
        # A picture in a page fetches nothing from elsewhere.
        js=(),
        allow_interruptions=True,
    )
    chart.y_labels = [{"value": value, "label": words} for value, words in WORDS.items()]
    days = [hours.local(row.asked_at or row.due_at, zone) for row in rows]
    chart.x_labels = [f"{day.day} {day:%b}" for day in days]
    chart.add_xml_filter(_without_scripts)
    chart.add("", [LEVELS.get(row.answer or "") for row in rows])
    return bytes(chart.render())


def _without_scripts(root: Element) -> Element:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag == "script":
                parent.remove(child)
    return root
