"""Every problem is a page or problem+json with a reference; the log repeats nothing typed."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from tests.pages.demo import SECRET_WORDS

REFERENCE = r"[A-Z2-9]{4}-[A-Z2-9]{4}"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/trouble/refused", 409, "Already taken by Priya"),
        ("/trouble/forbidden", 403, "Only a duty lead may do that"),
        ("/trouble/bad", 422, "Enter a phone number with 11 digits"),
        ("/trouble/missing", 404, "We cannot find that page"),
        ("/trouble/number/x", 422, "Something needs to be put right"),
        ("/nope", 404, "We cannot find that page"),
    ],
)
def test_refusals_become_pages(web: TestClient, path: str, status: int, words: str) -> None:
    answer = web.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert re.search(REFERENCE, answer.text)


def test_absent_and_not_yours_look_the_same(web: TestClient) -> None:
    pages = [web.get(path).text for path in ("/trouble/missing", "/trouble-of-another/x")]
    assert "another team" not in pages[0]
    assert re.sub(REFERENCE, "", pages[0]) == re.sub(REFERENCE, "", pages[1])


def test_storage_that_refuses_is_said_plainly_and_logged_as_an_error(web: TestClient) -> None:
    with capture_logs() as lines:
        answer = web.get("/trouble/storage")
    assert answer.status_code == 503
    assert "Nothing was saved" in answer.text
    assert "sample-host" not in answer.text + str(lines)
    assert [line["log_level"] for line in lines if line["event"] == "refused"] == ["error"]


def test_error_page_keeps_the_frame_of_its_door(web: TestClient) -> None:
    assert "data-leave" in web.get("/chat/nope").text
    assert "room-nav" in web.get("/desk/nope").text


def test_patients_find_help_lines_on_an_error_page_and_staff_their_work(web: TestClient) -> None:
    assert 'href="tel:116123"' in web.get("/chat/nope").text
    assert 'href="tel:116123"' not in web.get("/desk/nope").text


def test_a_live_part_gets_a_part(web: TestClient) -> None:
    answer = web.get("/trouble/refused", headers={"hx-request": "true"})
    assert answer.status_code == 409
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


def test_wrong_method_says_which_is_right(web: TestClient) -> None:
    answer = web.put("/help")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


def test_machines_get_problem_json(web: TestClient) -> None:
    answer = web.get("/trouble/bad", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"], body["field"]) == (422, "bad_input", "phone")
    assert re.fullmatch(REFERENCE, body["reference"])
    for path in ("/api/nope", "/health/nope"):
        assert web.get(path).json()["code"] == "not_found"


def test_field_of_the_wrong_shape_is_named_and_not_repeated(web: TestClient) -> None:
    answer = web.get("/trouble/number/secret-words", headers={"accept": "application/json"})
    assert answer.json()["field"] == "number"
    assert "secret-words" not in answer.text


def test_unexpected_failure_is_a_page_with_a_reference(web: TestClient, token: str) -> None:
    with capture_logs() as lines:
        answer = web.post("/trouble/crash", data={"form_token": token, "message": SECRET_WORDS})
    assert answer.status_code == 500
    found = re.search(REFERENCE, answer.text)
    assert found
    failed = next(line for line in lines if line["event"] == "failed")
    assert failed["reference"] == found[0]
    assert failed["error"] == "RuntimeError"
    assert failed["at"][-1].startswith("demo.py:")


def test_nothing_typed_reaches_log_or_page(web: TestClient, token: str) -> None:
    with capture_logs() as lines:
        answer = web.post("/trouble/crash", data={"form_token": token, "message": SECRET_WORDS})
    assert SECRET_WORDS not in answer.text
    assert SECRET_WORDS not in str(lines)


def test_answer_that_breaks_halfway_is_logged(web: TestClient) -> None:
    with capture_logs() as lines:
        answer = web.get("/trouble/half/way")
    assert answer.text == "half"
    assert [line["error"] for line in lines if line["event"] == "failed"] == ["RuntimeError"]


def test_door_that_cannot_be_asked_does_not_spoil_the_error_page(web: TestClient) -> None:
    def broken(request: object) -> dict[str, object]:
        raise RuntimeError("database is gone")

    web.app.state.page_contexts["/desk"] = broken  # type: ignore[attr-defined]
    answer = web.get("/desk")
    assert answer.status_code == 500
    assert 'href="tel:116123"' in answer.text
