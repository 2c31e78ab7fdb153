"""Words on the desk over HTTP: who may, what is refused, what patients read afterwards."""

from __future__ import annotations

import pytest

from tests.web.conftest import Browser, Open, seat
from waiting_room import db, library
from waiting_room.editing import drafts
from waiting_room.models.staff import CASE_WORKER, EDITOR

SLEEP, CRISIS = "/desk/words/en/self-care/sleep", "/desk/words/en/crisis/now"


@pytest.fixture
def ola(browser: Browser, ready: None) -> Browser:
    """The browser of an editor."""
    seat(browser, "Sample Ola", role=EDITOR)
    return browser


@pytest.fixture
def uma(opened: Open, ola: Browser) -> Browser:
    """The browser of a second editor."""
    other = opened("192.0.2.7")
    seat(other, "Sample Uma", role=EDITOR)
    return other


def form(**changed: str) -> dict[str, str]:
    """What the form of a page sends."""
    typed = {"title": "Sleep", "body": "Go to bed at the same time.", "saves": "0", "why": "Short"}
    return typed | {"more": "needs: [sleep]\nreview_by: 2027-05-22", "page": "x"} | changed


def test_an_editor_comes_in_at_the_words(ola: Browser) -> None:
    assert ola.get("/desk").headers["location"] == "/desk/words"
    page = ola.get("/desk/words").text
    assert "Self-care pages" in page and "Checked by nobody yet" in page


def test_a_case_worker_changes_no_words(browser: Browser, ready: None) -> None:
    seat(browser, role=CASE_WORKER)
    assert browser.get("/desk/words").status_code == 403
    assert browser.send(f"{SLEEP}/edit", do="publish", **form()).status_code == 403


def test_what_a_patient_would_find(ola: Browser) -> None:
    assert "What a patient would find" in ola.get("/desk/words?q=cant+sleep").text
    assert "would find nothing" in ola.get("/desk/words?q=zzxxyy").text


def test_from_a_change_to_what_is_read(ola: Browser) -> None:
    assert ola.send(f"{SLEEP}/edit").headers["location"] == f"{SLEEP}/edit"
    assert "Change “" in ola.get(f"{SLEEP}/edit").text
    answer = ola.send(f"{SLEEP}/edit", do="publish", checked="yes", **form())
    assert answer.headers["location"] == f"{SLEEP}?done=published"
    page = library.page("self-care/sleep")
    assert page.body == "Go to bed at the same time."
    assert page.meta["reviewed_by"] == "Sample Ola"
    shown = ola.get(SLEEP).text
    assert "Sample Ola" in shown and "Short" in shown and "Show these words again" in shown


def test_a_typo_is_not_a_review(ola: Browser) -> None:
    ola.send(f"{SLEEP}/edit")
    ola.send(f"{SLEEP}/edit", do="publish", **form(more="reviewed_by: nobody yet"))
    assert library.page("self-care/sleep").meta["reviewed_by"] == "nobody yet"


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(ola: Browser) -> None:
    ola.send(f"{SLEEP}/edit")
    answer = ola.send(f"{SLEEP}/edit", do="publish", **form(body="<b>Hello</b>"))
    assert answer.status_code == 422 and "HTML is not allowed" in answer.text
    assert "&lt;b&gt;Hello&lt;/b&gt;" in ola.get(f"{SLEEP}/edit").text
    assert "<b>" not in library.page("self-care/sleep").body


def test_words_between_the_fences_nobody_can_read(ola: Browser) -> None:
    ola.send(f"{SLEEP}/edit")
    answer = ola.send(f"{SLEEP}/edit", do="save", **form(more="needs: [sleep"))
    page = ola.get(answer.headers["location"]).text
    assert "This cannot be shown yet" in page and "needs: [sleep" in page


def test_the_preview_keeps_nothing(ola: Browser) -> None:
    ola.send(f"{SLEEP}/edit")
    sent = form(body="Hello **you**.", page="en/self-care/sleep")
    assert "Hello <strong>you</strong>." in ola.send("/desk/words/look", **sent).text
    with db.read() as session:
        assert "Hello" not in drafts.find(session, "en/self-care/sleep").source


def test_what_is_pasted_comes_back_as_markdown(ola: Browser) -> None:
    answer = ola.send("/desk/words/paste", html="<p><b>Hi</b><script>x</script></p>")
    assert (answer.text, answer.headers["content-type"]) == (
        "**Hi**", "text/plain; charset=utf-8",
    )  # fmt: skip


def test_an_old_form_does_not_save_over_a_newer_one(ola: Browser, uma: Browser) -> None:
    ola.send(f"{SLEEP}/edit")
    uma.send(f"{SLEEP}/edit", do="save", **form())
    assert ola.send(f"{SLEEP}/edit", do="save", **form(body="Mine.")).status_code == 409


def test_a_crisis_page_waits_for_a_second_reader(ola: Browser, uma: Browser) -> None:
    ola.send(f"{CRISIS}/edit")
    words = form(title="Help now", body="Call 999.", more="reviewers: [nobody yet]")
    assert ola.send(f"{CRISIS}/edit", do="publish", **words).status_code == 409
    ola.send(f"{CRISIS}/edit", do="ask", **words)
    assert "Waits for a second reader" in uma.get("/desk/words").text
    read = uma.get(f"{CRISIS}/edit").text
    assert "What changes" in read and "It is right: publish it" in read
    uma.send(f"{CRISIS}/edit", do="publish")
    assert library.page("crisis/now").body == "Call 999."


def test_the_only_editor_is_asked_for_a_name(ola: Browser) -> None:
    ola.send(f"{CRISIS}/edit")
    assert "Who else has read it" in ola.get(f"{CRISIS}/edit").text
    words = form(title="Help now", body="Call 999.", more="reviewers: [nobody yet]")
    assert ola.send(f"{CRISIS}/edit", do="publish", **words).status_code == 422
    answer = ola.send(f"{CRISIS}/edit", do="publish", reader="Sample Cy", **words | {"saves": "1"})
    assert answer.status_code == 303
    assert library.page("crisis/now").meta["reviewers"] == ["Sample Ola", "Sample Cy"]


def test_the_words_before_come_back(ola: Browser) -> None:
    before = library.page("self-care/sleep").body
    ola.send(f"{SLEEP}/edit")
    ola.send(f"{SLEEP}/edit", do="publish", **form())
    with db.read() as session:
        first = library.versions.of(session, "en/self-care/sleep")[-1]
    ola.send(f"{SLEEP}/undo", version=first.id)
    assert library.page("self-care/sleep").body == before


def test_a_page_is_added_and_taken_away(ola: Browser) -> None:
    refused = ola.send("/desk/words/new", title="", key="knitting")
    assert refused.status_code == 422 and "Give the page a title" in refused.text
    made = ola.send("/desk/words/new", title="Knitting", key="knitting").headers["location"]
    assert made == "/desk/words/en/self-care/knitting/edit"
    ola.send(made, do="publish")
    assert library.page("self-care/knitting").title == "Knitting"
    ola.send("/desk/words/en/self-care/knitting/away", why="Nobody comes")
    page = ola.get("/desk/words/en/self-care/knitting").text
    assert "It was taken away" in page and "Nobody comes" in page


@pytest.mark.parametrize(
    "path", ["en/self-care/none", "..%2F/a/b", "en/a/b/edit", "xx/self-care/sleep"]
)
def test_a_page_that_is_not_there(ola: Browser, path: str) -> None:
    assert ola.get(f"/desk/words/{path}").status_code == 404
