"""What the first-run page settles, and what it refuses by the name of the field."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from waiting_room import db, migrations
from waiting_room.care import providers
from waiting_room.care.providers import SetUp
from waiting_room.errors import BadForm
from waiting_room.models import AuditRow, Organisation

WANTED = SetUp(
    name="Sample Provider",
    contact="Sample Street 1",
    phone="0113 496 0123",
    privacy_text="We keep what you tell us.",
)


def test_the_first_run_fills_in_the_providers_row(any_room: Path, now: datetime) -> None:
    with db.write() as session:
        wanted = replace(WANTED, name=" Sample House ", nation="wales")
        provider = providers.set_up(session, wanted, by="admin", now=now)
        assert (provider.name, provider.nation) == ("Sample House", "wales")
        assert session.get_one(Organisation, provider.organisation_id).name == "Sample House"
        assert provider.ready_at == now
        providers.set_up(session, WANTED, by="admin", now=now + timedelta(days=1))
        assert provider.ready_at == now
        did = session.scalars(select(AuditRow.did).where(AuditRow.by == "admin")).all()
        assert did == ["set up", "set up"]


def test_there_is_one_provider_and_it_is_founded_once(room: Path, now: datetime) -> None:
    with db.write() as session:
        provider = providers.current(session)
        assert provider is providers.here(session)
        assert providers.found(session, now=now, name="Another") is provider


def test_a_room_without_a_provider_says_so(tmp_path: Path) -> None:
    db.connect(f"sqlite:///{tmp_path / 'empty.db'}")
    migrations.upgrade()
    with db.read() as session:
        assert providers.current(session) is None
        with pytest.raises(LookupError):
            providers.here(session)
    db.close()


def _span(start: str, end: str, *days: int) -> tuple[dict[str, Any], ...]:
    return ({"days": list(days), "from": start, "to": end},)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "  "),
        ("name", "n" * 201),
        ("contact", ""),
        ("privacy_text", "\n"),
        ("nation", "france"),
        ("time_zone", "Europe/Leeds"),
        ("staffed_hours", ()),
        ("staffed_hours", _span("22:00", "22:00", 0)),
        ("staffed_hours", _span("17:00", "09:00", 0)),
        ("staffed_hours", _span("09:00", "17:00")),
        ("staffed_hours", _span("09:00", "17:00", 7)),
        ("staffed_hours", _span("nine", "17:00", 0)),
        ("staffed_hours", _span("09:00+01:00", "17:00", 0)),
    ],
)
def test_a_wrong_field_is_named(room: Path, now: datetime, field: str, value: object) -> None:
    with db.write() as session:
        with pytest.raises(BadForm) as refused:
            providers.set_up(session, replace(WANTED, **{field: value}), by="admin", now=now)
        assert list(refused.value.problems) == [field]
        assert providers.here(session).ready_at is None


@pytest.mark.parametrize(
    "ladder",
    [
        [],
        [{"rung": "nobody", "minutes": 5}],
        [{"rung": "worker", "minutes": 0}],
        [{"rung": "worker", "minutes": 7 * 24 * 60 + 1}],
        [{"rung": "worker", "minutes": "5"}],
        [{"rung": "worker"}],
        [{"minutes": 5}],
    ],
)
def test_a_ladder_without_people_or_waits_is_refused(
    room: Path, now: datetime, ladder: list[dict[str, Any]]
) -> None:
    with db.write() as session, pytest.raises(BadForm) as refused:
        providers.set_up(session, replace(WANTED, ladders={"red": ladder}), by="admin", now=now)
    assert list(refused.value.problems) == ["ladder_red"]


def test_a_ladder_has_one_of_three_colours(room: Path, now: datetime) -> None:
    ladders = {"purple": [{"rung": "worker", "minutes": 5}]}
    with db.write() as session, pytest.raises(BadForm, match="PURPLE"):
        providers.set_up(session, replace(WANTED, ladders=ladders), by="admin", now=now)


def test_everything_wrong_shows_at_once(room: Path, now: datetime) -> None:
    wanted = SetUp(name="", contact="", phone="", privacy_text="", staffed_hours=())
    with db.write() as session, pytest.raises(BadForm) as refused:
        providers.set_up(session, wanted, by="admin", now=now)
    assert set(refused.value.problems) == {"name", "contact", "privacy_text", "staffed_hours"}


def test_hours_are_kept_in_one_spelling(room: Path, now: datetime) -> None:
    with db.write() as session:
        wanted = replace(WANTED, staffed_hours=_span("0900", "1730", 2, 0))
        provider = providers.set_up(session, wanted, by="admin", now=now)
        assert provider.staffed_hours == [{"days": [0, 2], "from": "09:00", "to": "17:30"}]


def test_a_ladder_of_ones_own_is_kept_by_a_later_set_up(room: Path, now: datetime) -> None:
    red = {"red": [{"rung": "everybody", "minutes": 1}]}
    with db.write() as session:
        providers.set_up(session, replace(WANTED, ladders=red), by="admin", now=now)
        provider = providers.set_up(session, WANTED, by="admin", now=now)
        assert provider.ladders == red


def test_opening_hours_in_words(room: Path, now: datetime) -> None:
    with db.write() as session:
        provider = providers.here(session)
        assert providers.is_staffed(provider, now=now)
        assert providers.opening_words(provider, now=now) == "9am tomorrow"
        friday_night = now + timedelta(days=2, hours=8)
        assert not providers.is_staffed(provider, now=friday_night)
        assert providers.opening_words(provider, now=friday_night) == "9am on Monday"
