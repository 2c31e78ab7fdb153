"""Once a day alerts are shown to work, end to end; what does not work calls the duty lead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from scheduler import drill, ticks
from tests import people
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.journeys.conftest import api, mail  # noqa: F401 - fixtures
from tests.journeys.live import PATIENTS_TOKEN, STAFF_TOKEN
from waiting_room import beats, clock, db, outbox, permissions, settings
from waiting_room.care import alerts, caseload, drills, ladder, promises, providers
from waiting_room.care.colours import Colour
from waiting_room.channels.delivery import Delivery
from waiting_room.errors import Refused
from waiting_room.models import Alert, AlertEvent, LetterRow, Staff
from waiting_room.models.alert import DRILL
from waiting_room.settings import Settings

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def team(any_room: Path, now: datetime) -> dict[str, Staff]:
    with db.write() as session:
        providers.here(session).ready_at = now
        found = people.team(session, now=now)
        people.channel(session, found["lead"], "staff_telegram", "7000", now=now)
    return found


@pytest.fixture
def chosen(api: BotApi, mail: MailServer) -> Settings:  # noqa: F811
    api.bot(PATIENTS_TOKEN)
    api.bot(STAFF_TOKEN)
    return settings.load(
        drill_hour=10,
        smtp_url=mail.url,
        telegram_api=api.url,
        telegram_token=PATIENTS_TOKEN,
        staff_telegram_token=STAFF_TOKEN,
    )


def open_drills() -> list[Alert]:
    with db.read() as session:
        mine = (Alert.kind == DRILL, Alert.state.in_(alerts.OPEN))
        return list(session.scalars(select(Alert).where(*mine)))


def deliver(chosen: Settings, until: Callable[[], bool]) -> None:
    """Let the lanes work until this is so."""

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(Delivery(chosen).run(stop))
        ends = clock.monotonic() + 20
        while not until() and clock.monotonic() < ends:
            await asyncio.sleep(0.05)
        stop.set()
        await task

    asyncio.run(run())


def letters(**facts: Any) -> list[LetterRow]:
    with db.read() as session:
        return list(session.scalars(select(LetterRow).filter_by(**facts)))


def sent() -> bool:
    return {letter.state for letter in letters(page=drills.PAGE)} == {outbox.SENT}


def test_a_drill_goes_all_the_way_and_calls_nobody(
    team: dict[str, Staff],
    chosen: Settings,
    now: datetime,
    mail: MailServer,  # noqa: F811
) -> None:
    robot = drill.Robot(chosen)
    assert robot.turn(now) == 1
    assert len(open_drills()) == 1 and len(letters()) == 3
    ticks.climb(now)
    deliver(chosen, sent)
    assert robot.turn(now + MINUTE) == 1
    assert open_drills() == [] and mail.mails == []
    with db.read() as session:
        ended = session.scalars(select(Alert)).one()
        verbs = session.scalars(select(AlertEvent.verb).order_by(AlertEvent.id)).all()
        assert (ended.state, ended.reason, ended.closed_by) == ("closed", "drill passed", None)
        assert verbs[-3:] == ["acknowledged", "outcome: drill", "closed"]
        assert caseload.open_alerts(session, team["lead"], now=now) == []
        found = promises.audit(session, promises.Moment(now + MINUTE, clock.wall()))
        assert "only a person closes" not in found
    assert [robot.turn(now + minute * MINUTE) for minute in (2, 60)] == [0, 0]
    assert robot.turn(now + DAY) == 1


def test_a_drill_under_way_stands_in_no_list(
    team: dict[str, Staff], chosen: Settings, now: datetime
) -> None:
    with db.read() as session:
        before = caseload.version(session, team["lead"], now=now)
    drill.Robot(chosen).turn(now)
    with db.read() as session:
        assert caseload.open_alerts(session, team["lead"], now=now) == []
        assert caseload.version(session, team["lead"], now=now) == before
        for person in team.values():
            assert session.scalars(permissions.alerts_for(person, now=now)).all() == []


def test_a_drill_may_go_to_a_mailbox_of_its_own(
    team: dict[str, Staff],
    chosen: Settings,
    now: datetime,
    mail: MailServer,  # noqa: F811
) -> None:
    chosen = chosen.model_copy(update={"drill_email": "drill@example.org"})
    drill.Robot(chosen).turn(now)
    deliver(chosen, sent)
    (only,) = mail.mails
    assert only.to == ("drill@example.org",)
    assert "nothing to do" in only.subject


@pytest.mark.parametrize("missing", ["email", "climb"])
def test_what_fails_calls_the_duty_lead_by_every_channel(
    team: dict[str, Staff], chosen: Settings, now: datetime, missing: str
) -> None:
    robot = drill.Robot(chosen)
    robot.turn(now)
    if missing == "email":
        ticks.climb(now)
    with db.write() as session:
        arrived = update(LetterRow).where(LetterRow.channel != missing)
        session.execute(arrived.values(state=outbox.SENT))
    assert robot.turn(now + 9 * MINUTE) == 0
    assert robot.turn(now + 10 * MINUTE) == 1
    assert open_drills() == []
    with db.read() as session:
        raised = session.scalars(select(Alert).where(Alert.kind == ladder.DRILL_FAILED)).one()
        assert (raised.colour, raised.state) == (Colour.AMBER, alerts.NOTIFYING)
        told = session.scalars(select(LetterRow).where(LetterRow.alert_id == raised.id)).all()
        called = {(letter.staff_id, letter.channel) for letter in told}
        lead = team["lead"].id
        assert called == {(lead, "email"), (lead, "staff_telegram")}
    assert {letter.state for letter in letters(page=drills.PAGE)} <= {outbox.SENT, outbox.DROPPED}


def test_a_real_alert_is_never_closed_by_the_robot(team: dict[str, Staff], now: datetime) -> None:
    with db.write() as session:
        alert = alerts.raise_(session, alerts.Cause(Colour.RED, "life"), now=now)
        with pytest.raises(Refused, match="Only a person"):
            alerts.end_drill(session, alert, passed=True, now=now)


@pytest.mark.parametrize(
    ("hours", "begins"), [(-1, False), (0, True), (3, True), (3 * 24, False), (14, False)]
)
def test_a_drill_begins_at_its_hour_while_somebody_could_act(
    team: dict[str, Staff], chosen: Settings, now: datetime, hours: int, begins: bool
) -> None:
    robot = drill.Robot(chosen)
    assert robot.turn(now + timedelta(hours=hours)) == begins


@pytest.mark.parametrize(("env", "hour"), [("development", None), ("demo", None)])
def test_only_a_real_room_has_drills_unasked(env: str, hour: int | None) -> None:
    assert settings.load(env=env).drills_at == hour
    assert settings.load(env=env, drill_hour=0).drills_at == 0
    beats.forget()
