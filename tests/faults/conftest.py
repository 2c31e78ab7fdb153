"""The same live room as the journeys have, to be killed, filled and cut off."""

from tests.journeys.conftest import api, demo_room, mail, served  # noqa: F401 - fixtures
