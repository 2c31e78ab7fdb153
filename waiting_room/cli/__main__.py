"""`python -m waiting_room.cli` does what `waiting-room` does."""

from waiting_room.cli import app

app()
