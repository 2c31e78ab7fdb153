"""What machines that watch us are told, and who sees details."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import ADDRESS
from waiting_room import beats, clock, db, settings
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.web import app

Ask = Callable[..., TestClient]


@pytest.fixture(autouse=True)
def alive(room: Path) -> Iterator[None]:
    """Every loop beats."""
    beats.forget()
    for name in beats.required(settings.load(data=room)):
        beats.note(name, wall=clock.wall())
    yield
    beats.forget()


@pytest.fixture
def ask(room: Path) -> Iterator[Ask]:
    """A client at some address; `checks` as serve gives them."""
    made = []

    def client(peer: str = "127.0.0.1", **checks: Callable[[], bool]) -> TestClient:
        site = app.build(settings.load(data=room, public_url=ADDRESS), checks=checks)
        made.append(TestClient(site, base_url=ADDRESS, client=(peer, 50_000)))
        return made[-1]

    yield client
    for each in made:
        each.close()


def test_alive_needs_nothing(ask: Ask, tmp_path: Path) -> None:
    db.connect(f"sqlite:///{tmp_path}/empty.db")
    found = ask("203.0.113.9").get("/health/live")
    assert (found.status_code, found.text) == (200, "alive")


def test_ready_gives_details_to_this_machine_only(ask: Ask) -> None:
    here = ask("127.0.0.1", tables=lambda: True).get("/health/ready")
    assert (here.status_code, here.json()) == (
        200,
        {"database": True, "loops": True, "tables": True, "broken": []},
    )
    there = ask("203.0.113.9", tables=lambda: False).get("/health/ready")
    assert (there.status_code, there.text) == (503, "not ready")


def test_without_database_it_is_not_ready(ask: Ask, tmp_path: Path) -> None:
    client = ask()
    db.connect(f"sqlite:///{tmp_path}/empty.db")
    found = client.get("/health/ready")
    assert (found.status_code, found.json()["database"]) == (503, False)


@pytest.mark.parametrize("loop", ["inbox", "lane email", "ticks"])
def test_a_loop_that_nobody_runs_is_seen(ask: Ask, loop: str) -> None:
    beats.note(loop, wall=clock.wall() - timedelta(seconds=90))
    found = ask().get("/health/ready")
    assert (found.status_code, found.json()["loops"]) == (503, False)


def test_a_broken_promise_is_named_to_this_machine_only(ask: Ask, now: datetime) -> None:
    with db.write() as session:
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "sample"), now=now)
        alert.due_at = now - timedelta(minutes=2)
    here, there = ask().get("/health/ready"), ask("203.0.113.9").get("/health/ready")
    assert (here.status_code, here.json()["broken"]) == (503, ["steps are taken on time"])
    assert (there.status_code, there.text) == (503, "not ready")


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-real-ip"])
def test_figures_are_for_this_machine_and_not_through_a_proxy_on_it(ask: Ask, header: str) -> None:
    assert "python_info" in ask().get("/metrics").text
    assert ask("203.0.113.9").get("/metrics").status_code == 404
    assert ask().get("/metrics", headers={header: "203.0.113.9"}).status_code == 404
    assert ask("::1").get("/metrics").status_code == 200


def test_the_description_of_the_api_holds_no_page(ask: Ask) -> None:
    described = ask().get("/api/openapi.json")
    assert described.status_code == 200
    assert not any(path.startswith(("/desk", "/health")) for path in described.json()["paths"])
    for page in ("/docs", "/redoc", "/openapi.json"):
        assert ask().get(page).status_code == 404
