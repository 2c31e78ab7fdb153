"""What machines that watch us are told, and who sees details."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import ADDRESS
from waiting_room import beats, clock, db, process, settings
from waiting_room.care import alerts
from waiting_room.care.colours import Colour
from waiting_room.models import Beat
from waiting_room.web import app

TOKEN = "sample-token-for-the-figures"
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
        chosen = settings.load(data=room, public_url=ADDRESS, metrics_token=TOKEN)
        site = app.build(chosen, checks=checks)
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
        {"database": True, "loops": True, "tables": True, "broken": [], "silent": []},
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
    client = ask()
    with db.write() as session:
        beats.keep(session)
    found = client.get("/health/ready")
    assert (found.status_code, found.json()["loops"]) == (503, False)
    assert found.json()["silent"] == [f"{loop}@{process.NAME}"]


def test_a_process_that_died_is_no_trouble_while_another_does_its_work(ask: Ask) -> None:
    client = ask()
    with db.write() as session:
        session.add(Beat(name="inbox@another:1", at=clock.wall() - timedelta(seconds=90)))
    found = client.get("/health/ready")
    assert (found.status_code, found.json()["silent"]) == (200, ["inbox@another:1"])


def test_whoever_knows_the_token_sees_figures_and_details(ask: Ask) -> None:
    far = ask("203.0.113.9")
    known, guessed = ({"authorization": f"Bearer {word}"} for word in (TOKEN, TOKEN[:-1]))
    assert "python_info" in far.get("/metrics", headers=known).text
    assert far.get("/health/ready", headers=known).json()["database"]
    assert far.get("/metrics", headers=guessed).status_code == 404
    assert far.get("/health/ready", headers=guessed).text == "ready"


def test_without_a_token_set_nobody_far_sees_anything(room: Path) -> None:
    site = app.build(settings.load(data=room, public_url=ADDRESS))
    with TestClient(site, base_url=ADDRESS, client=("203.0.113.9", 50_000)) as far:
        for header in ("", "Bearer ", "Bearer"):
            assert far.get("/metrics", headers={"authorization": header}).status_code == 404


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
