"""Too much is refused before it is read; nobody in danger is ever told to slow down."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from waiting_room.pages import limits
from waiting_room.pages.limits import MAX_BODY, Allowance, peer


def test_declared_length_is_refused_at_once(web: TestClient) -> None:
    answer = web.post("/chat", content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_undeclared_length_is_counted(web: TestClient, token: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(MAX_BODY // 1000 + 2):
            yield b"x" * 1000

    form = {"content-type": "application/x-www-form-urlencoded"}
    assert web.post("/chat", content=pieces(), headers=form).status_code == 413


def test_largest_allowed_body_passes(web: TestClient, token: str) -> None:
    room = MAX_BODY - len(token) - len("form_token=&message=")
    answer = web.post("/chat", data={"form_token": token, "message": "x" * room})
    assert answer.status_code == 200


def test_a_long_update_from_telegram_passes(web: TestClient) -> None:
    assert web.post("/telegram/hook", content=b"x" * 200_000).text == "200000"
    assert web.post("/telegram/hook", content=b"x" * 2_000_000).status_code == 413


def test_flood_is_slowed_but_help_and_chat_are_not(
    web: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits.clock, "monotonic", lambda: 100.0)
    statuses = [web.get("/nope").status_code for _ in range(int(limits.BURST) + 1)]
    assert statuses[-2:] == [404, 429]
    slowed = web.get("/desk")
    assert (slowed.status_code, slowed.headers["retry-after"]) == (429, "1")
    for path in ("/help", "/chat", "/static/room.css"):
        assert web.get(path).status_code == 200


def test_allowance_fills_again_with_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(limits.clock, "monotonic", lambda: now[0])
    allowance = Allowance(per_second=2, burst=3)
    assert [allowance.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert allowance.wait("b") == 0
    now[0] = 0.5
    assert [allowance.wait("a") for _ in range(2)] == [0, 0.5]
    now[0] = 1000.0
    assert [allowance.wait("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_allowance_never_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits.clock, "monotonic", lambda: 0.0)
    allowance = Allowance(per_second=1, burst=1, most_keys=50)
    for number in range(1000):
        allowance.wait(str(number))
    assert len(allowance.buckets) <= 50


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:0db8:0001:0002"),
        (("2001:db8:1:2:ffff::1", 1), "2001:0db8:0001:0002"),
        (("testclient", 1), "testclient"),
        (None, ""),
    ],
)
def test_one_customer_is_one_peer(client: tuple[str, int] | None, name: str) -> None:
    assert peer({"client": client}) == name
