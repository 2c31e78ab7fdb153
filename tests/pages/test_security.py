"""Headers on every answer; forms are heard only from our own pages."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from tests.pages import demo

EVERY_KIND = ["/chat", "/nope", "/trouble/refused", "/trouble/number/x", "/static/room.css"]


@pytest.mark.parametrize("path", EVERY_KIND)
def test_every_answer_is_protected(web: TestClient, path: str) -> None:
    headers = web.get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    for rule in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert ("no-store" in headers["cache-control"]) == (not path.startswith("/static"))


def test_wrong_method_crash_and_too_large_are_protected_too(web: TestClient, token: str) -> None:
    answers = [
        web.put("/chat"),
        web.post("/trouble/crash", data={"form_token": token}),
        web.post("/chat", content=b"x" * 70_000),
        web.post("/chat", headers={"sec-fetch-site": "cross-site"}),
    ]
    assert [answer.status_code for answer in answers] == [405, 500, 413, 403]
    for answer in answers:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_nonce_is_new_for_each_answer(web: TestClient) -> None:
    first, second = (web.get("/chat").headers["content-security-policy"] for _ in range(2))
    assert first != second


def test_pages_hold_nothing_inline(web: TestClient) -> None:
    for path in ("/chat", "/desk", "/desk/form", "/nope"):
        page = web.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"<style|\sstyle=|\son\w+=", page)


def test_https_address_gets_strict_transport_and_a_host_cookie() -> None:
    with TestClient(demo.make("https://room.example"), base_url="https://room.example") as web:
        answer = web.get("/chat")
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-form=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie


def test_plain_address_gets_a_plain_cookie(web: TestClient) -> None:
    answer = web.get("/chat")
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["set-cookie"].startswith("form=")
    assert "Secure" not in answer.headers["set-cookie"]


# The six cases that decide which websites may make a browser post to us.
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://testserver"}, 200),
        ({}, 200),
    ],
)
def test_only_our_own_pages_may_post(
    web: TestClient, token: str, headers: dict[str, str], status: int
) -> None:
    data = {"form_token": token, "message": "hello"}
    assert web.post("/chat", data=data, headers=headers).status_code == status


def test_unreadable_origin_is_refused(web: TestClient, token: str) -> None:
    answer = web.post("/chat", data={"form_token": token}, headers={"origin": "null"})
    assert answer.status_code == 403


def test_public_address_is_ours_behind_a_proxy_that_renames_the_host() -> None:
    with TestClient(demo.make("https://room.example"), base_url="https://inside") as web:
        found = re.search(r'name="form_token" value="([^"]+)"', web.get("/chat").text)
        assert found
        data = {"form_token": found[1], "message": "hello"}
        answer = web.post("/chat", data=data, headers={"origin": "https://room.example"})
    assert answer.text == "heard hello"


def test_telegram_may_post_from_anywhere(web: TestClient) -> None:
    answer = web.post("/telegram/hook", content=b"{}", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200


def test_token_in_a_header_serves_too(web: TestClient, token: str) -> None:
    answer = web.post("/chat", data={"message": " hi "}, headers={"x-form-token": token})
    assert answer.text == "heard hi"


@pytest.mark.parametrize("given", ["", "wrong", "aa.bb", ".", "x" * 500])
def test_missing_or_wrong_token_is_refused_with_a_page(web: TestClient, given: str) -> None:
    web.get("/chat")
    answer = web.post("/chat", data={"form_token": given, "message": "hello"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert "heard" not in answer.text


def test_token_of_another_browser_is_refused(web: TestClient, token: str) -> None:
    with TestClient(web.app, headers={"accept": "text/html"}) as other:
        other.get("/chat")
        assert other.post("/chat", data={"form_token": token}).status_code == 403


def test_token_without_its_cookie_is_refused(web: TestClient, token: str) -> None:
    web.cookies.clear()
    assert web.post("/chat", data={"form_token": token}).status_code == 403


def test_two_open_pages_both_stay_good(web: TestClient, token: str) -> None:
    again = web.get("/chat")
    assert "set-cookie" not in again.headers
    assert web.post("/chat", data={"form_token": token, "message": "1"}).status_code == 200


def test_each_page_shows_the_token_differently(web: TestClient, token: str) -> None:
    assert token not in web.get("/chat").text


def test_too_many_fields_are_refused(web: TestClient, token: str) -> None:
    data = {"form_token": token, **{f"field{number}": "x" for number in range(300)}}
    assert web.post("/chat", data=data).status_code == 400
