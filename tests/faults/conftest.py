"""The same live room as the journeys have, to be killed, filled and cut off; and rooms that a
supervisor starts again, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import conftest
from tests.conftest import WEDNESDAY, close_room, found_room
from tests.fakes.bot_api import BotApi
from tests.fakes.smtp import MailServer
from tests.faults.figures import is_long
from tests.faults.kept import KeptRoom
from tests.faults.nursery import Nursery
from tests.journeys import live
from tests.journeys.conftest import api, demo_room, mail, served  # noqa: F401 - fixtures
from tests.postgres import Postgres

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
Keep = Callable[..., KeptRoom]


# Left to the long form. Every fault of theirs has a test in the short one: on the other database,
# with less load, or of another way the same thing breaks.
LEFT_TO_THE_LONG_FORM = {
    "test_half_an_hour_of_everyday",
    "test_danger_is_answered_from_memory_while_no_lease_can_be_renewed",
    "test_a_holder_that_was_stopped_and_wakes_does_no_harm",
    "test_erased_on_postgresql",
    "test_postgresql_is_down[immediate-True]",
    "test_after_a_stop_every_overdue_step_is_taken_and_said_to_be_late[postgresql-10min]",
    "test_after_a_stop_every_overdue_step_is_taken_and_said_to_be_late[postgresql-6h]",
    "test_a_kill_in_mid_copy_leaves_no_half_file[postgresql]",
    "test_a_copy_of_yesterday_brings_nobody_back_and_sends_nothing_old[postgresql]",
    "test_an_upgrade_killed_at_each_statement[postgresql]",
    "test_f10_telegram_away_for_half_an_hour[postgresql-refuses]",
    "test_rolling_restarts_under_load[postgresql]",
    "test_thirteen_months_of_check_ins[postgresql]",
    "test_a_clock_that_jumps[postgresql]",
    "test_a_handler_that_hangs_for_ever[sqlite]",
    "test_broken_words_never_reach_anybody[postgresql]",
    "test_a_whole_process_whose_clock_is_put_back",
    "test_a_database_that_takes_no_writes_is_known_outside[postgresql]",
    "test_of_two_who_press_at_once_one_wins[postgresql]",
    "test_what_was_taken_and_forgotten_climbs_again[postgresql]",
    "test_each_copy_taken_under_load_passes_and_the_last_one_is_the_room[sqlite]",
    "test_postgresql_takes_no_writes",
    "test_a_kill_in_the_middle_of_a_burst[sqlite]",
    "test_copies_order_and_numbers[postgresql]",
    "test_strangers_without_the_secret[sqlite]",
    "test_routine_waits_and_a_crisis_never_does[postgresql]",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The half hour of soaking begins first; all else runs beside it."""
    items.sort(key=lambda item: item.get_closest_marker("soak") is None)
    for item in items:
        if item.name in LEFT_TO_THE_LONG_FORM and not is_long:
            item.add_marker(pytest.mark.skip(reason="in the long form"))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where rooms start quickly."""
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture(scope="session")
def demo_postgres(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The keys and the PostgreSQL database of a room where time may jump, to be copied."""
    folder = tmp_path_factory.mktemp("demo-postgres")
    url = postgres.create()
    found_room(folder, url, sample=True)
    return folder, url


@pytest.fixture
def few_words(tmp_path: Path) -> Path:
    """A folder with one page, read in no time; the others stay as they were published."""
    words = tmp_path / "words" / "en" / "crisis"
    words.mkdir(parents=True)
    shutil.copy(conftest.ROOT / "content/en/crisis/now.md", words)
    return tmp_path / "words"


@pytest.fixture
def keep(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    api: BotApi,  # noqa: F811
    mail: MailServer,  # noqa: F811
    nursery: Nursery,
    few_words: Path,
) -> Iterator[Callable[..., KeptRoom]]:
    """Furnish a room on this database and put it under a supervisor; the caller starts it."""
    kept: list[KeptRoom] = []

    def keep(database: str, **extra: str) -> KeptRoom:
        if kept:
            # The test looks into one room at a time.
            close_room()
        folder, url = tmp_path / f"room{len(kept)}", ""
        source = request.getfixturevalue("demo_room")
        if database == "postgresql":
            source, template = request.getfixturevalue("demo_postgres")
            url = request.getfixturevalue("fresh_database")(template)
        live.copy_founded(source, folder)
        room = KeptRoom(nursery, folder, api, mail, database=url)
        quiet = {"WAITING_ROOM_LOG_LEVEL": "INFO", "WAITING_ROOM_CONTENT": str(few_words)}
        room.extra |= quiet | extra
        room.team = live.furnish(room, WEDNESDAY)
        kept.append(room)
        return room

    yield keep
    for room in kept:
        room.stop()
    if kept:
        close_room()


def by_webhook(room: KeptRoom) -> dict[str, str]:
    """The settings of a room to which Telegram brings its updates."""
    return {
        "WAITING_ROOM_TELEGRAM_MODE": "webhook",
        "WAITING_ROOM_TELEGRAM_SECRET": "a-secret-for-tests",
        "WAITING_ROOM_PUBLIC_URL": room.url,
    }
