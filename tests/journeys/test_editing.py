"""A volunteer changes a page on the desk, and a patient reads it a moment later."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.looking import Looker
from tests.journeys.touring import Demo, at_home, press
from waiting_room.models.staff import EDITOR

pytestmark = pytest.mark.browser
LONG = (
    "When you are worried it is often the case that the same thought is going round and round in "
    "your head for a very long time and it does not seem that it will ever come to an end."
)
FROM_WORD = """
<html xmlns:o="urn:schemas-microsoft-com:office:office"><body>
<p class="MsoNormal"><b>Things to try</b><o:p></o:p></p>
<p class="MsoListParagraphCxSpFirst"><span>·<span>&nbsp;&nbsp; </span></span>Write it down.</p>
<p class="MsoListParagraphCxSpLast"><span>·<span>&nbsp;&nbsp; </span></span>Tell a friend.</p>
</body></html>
"""


def test_from_a_change_to_what_a_patient_reads(demo: Demo, looker: Looker) -> None:
    demo.member("Ola Sample", EDITOR)
    page = demo.signed_in("Ola")
    expect(page.get_by_role("heading", name="Words", exact=True)).to_be_visible()
    looker.look(page, "words")
    page.get_by_label("Find a page").fill("worried all the time")
    press(page, "Find")
    looker.look(page, "found as a patient would")
    page.get_by_role("main").get_by_role("link").first.click()
    title = page.get_by_role("heading", level=1).inner_text()
    looker.look(page, "a page")
    press(page, "Change this page")
    looker.look(page, "the form")

    # A warning comes while they type, and goes when they mend it.
    words = page.get_by_label("Words", exact=True)
    before = words.input_value()
    words.fill(f"{before}\n\n{LONG}")
    expect(page.get_by_text("Make two of it")).to_be_visible()
    looker.look(page, "a long sentence")
    words.fill(f"{before}\n\nTea with a neighbour can help.")
    expect(page.get_by_text("Make two of it")).to_have_count(0)
    phone = page.get_by_role("region", name="On a phone")
    expect(phone).to_contain_text("Tea with a neighbour can help.")

    # From Word: a heading in bold and two points.
    words.evaluate(PASTE, FROM_WORD)
    expect(words).to_have_value(re.compile(r"\*\*Things to try\*\*\n\n- Write it down\.\n- Tell"))
    page.get_by_label("Why do you change it?").fill("A first small step.")
    press(page, "Publish")
    expect(page.get_by_role("status")).to_contain_text("Published")
    looker.look(page, "published")

    chat = at_home(demo, "Ned Sample", looker).page
    assert "Tea with a neighbour can help." in _reads(chat, title, "worried all the time")

    page.get_by_role("button", name="Show these words again").first.click()
    expect(page.get_by_role("status")).to_contain_text("earlier words")
    press(page, "Jump ahead 1 hour")
    assert "Tea with a neighbour can help." not in _reads(chat, title, "anxious all day")


def test_a_help_line_that_is_wrong(demo: Demo, looker: Looker) -> None:
    demo.member("Ivy Sample", EDITOR)
    demo.member("Uma Sample", EDITOR)
    page, other = demo.signed_in("Ivy"), demo.signed_in("Uma")
    page.goto("/desk/words/en/help-lines/samaritans")
    press(page, "Change this page")
    looker.look(page, "a help line")
    page.get_by_label("Number to call").fill("116 124")
    press(page, "Ask a second person to read it")
    looker.look(page, "waits for a reader")

    other.goto("/desk/words/en/help-lines/samaritans/edit")
    looker.look(other, "reads it")
    press(other, "Send it back")
    looker.look(other, "without a word")
    other.get_by_label("What should be changed?").fill("The number is 116 123.")
    press(other, "Send it back")

    page.goto("/desk/words/en/help-lines/samaritans/edit")
    looker.look(page, "sent back")
    page.get_by_label("Number to call").fill("116 123")
    page.get_by_label("One line that says").fill("Somebody to talk to, day and night.")
    press(page, "It is wrong now: correct it at once")
    expect(page.get_by_role("status")).to_contain_text("24 hours")
    other.goto("/desk/words/en/help-lines/samaritans/edit")
    looker.look(other, "reads a correction")
    press(other, "I have read it and it is right")
    expect(other.get_by_role("status")).to_contain_text("has been read")


PASTE = """
(field, html) => {
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
  const data = new DataTransfer();
  data.setData("text/html", "<p></p>" + html);
  data.setData("text/plain", "Things to try");
  field.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true,
    cancelable: true}));
}
"""


def _reads(page: Page, title: str, typed: str) -> str:
    """What a patient reads who types this, and opens the page that is offered."""
    page.get_by_label("Your message").fill(typed)
    _answered(page, "Send")
    return _answered(page, title)


def _answered(page: Page, button: str) -> str:
    said = page.locator(".room-bubble--you")
    before = said.count()
    page.get_by_role("button", name=button, exact=True).last.click()
    expect(said).to_have_count(before + 1)
    answer = said.last.locator("~ .room-bubble--room").first
    expect(answer).to_be_visible()
    return answer.inner_text()
