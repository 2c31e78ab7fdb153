"""Looking at a page as a visitor does: on a phone and on a desk, with axe and a ruler.

Set WAITING_ROOM_SHOTS to a folder to keep a picture of everything that was looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import SIZES, axe

SMALLEST_TEXT, SMALLEST_TARGET = 16, 44
SHOTS = os.environ.get("WAITING_ROOM_SHOTS", "")
# Of a long chat only the newest bubbles: those above were looked at when they came.
SEEN_BEFORE = ".room-bubble:nth-last-of-type(n + 5)"
MEASURE = """
({text, target}) => {
  const faults = [];
  const seen = (one) => one.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && !one.closest(".nhsuk-u-visually-hidden, .nhsuk-skip-link");
  const named = (one) => `${one.tagName.toLowerCase()} "${one.textContent.trim().slice(0, 30)}"`;
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) faults.push(`${page.scrollWidth} px wide`);
  if (!page.lang) faults.push("no lang");
  const titles = document.querySelectorAll("h1").length;
  if (titles !== 1) faults.push(`${titles} h1`);
  if (!document.title.trim()) faults.push("no title");
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (text && words.nextNode()) {
    const one = words.currentNode.parentElement;
    const unseen = one.closest("script, style, template, noscript");
    if (unseen || !words.currentNode.data.trim()) continue;
    const size = parseFloat(getComputedStyle(one).fontSize);
    if (size < text && seen(one)) faults.push(`${size} px: ${named(one)}`);
  }
  // A link inside a sentence is as tall as its line; everything that stands alone is a target.
  const alone = (one) => getComputedStyle(one).display !== "inline";
  for (const one of document.querySelectorAll("a, button, summary, textarea, .room input")) {
    const box = one.getBoundingClientRect();
    if (one.type === "hidden" || !seen(one) || !alone(one)) continue;
    if (box.height < target || box.width < target) {
      faults.push(`${Math.round(box.width)} x ${Math.round(box.height)}: ${named(one)}`);
    }
  }
  return faults;
}
"""


class Looker:
    """Looks at pages and remembers what was wrong with which."""

    def __init__(self, tour: str) -> None:
        self.tour = tour
        self.seen: list[str] = []
        self.faults: list[str] = []

    def look(self, page: Page, name: str, *, for_patients: bool = False) -> None:
        """Measure this page as it stands now, at both sizes."""
        assert name not in self.seen, f"{name} was seen already"
        self.seen.append(name)
        # A click returns when the next page begins, not when it stands.
        page.wait_for_load_state()
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            text, target = (SMALLEST_TEXT, SMALLEST_TARGET) if for_patients else (0, 0)
            found: list[str] = page.evaluate(MEASURE, {"text": text, "target": target})
            # Colours do not change with the width, and measuring them costs most.
            contrast = {"color-contrast": {"enabled": size == "phone"}}
            found += axe(page, but=SEEN_BEFORE, rules=contrast)
            self.faults += [f"{name} ({size}): {fault}" for fault in found]
            if SHOTS:
                self._keep(page, f"{self.tour}-{len(self.seen):02d}-{name}-{size}")
        # Whoever goes on from here holds a phone: what they scroll to is what they see.
        page.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})

    def _keep(self, page: Page, name: str) -> None:
        folder = Path(SHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        # A chat is looked at as it stands: its newest words in view.
        is_chat = page.url.endswith(("/chat", "#latest"))
        page.screenshot(path=folder / f"{name.replace('/', '-')}.png", full_page=not is_chat)
