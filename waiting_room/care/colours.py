"""The three colours of an alert: how soon a person must look, never how ill anybody is."""

from __future__ import annotations

from enum import StrEnum


class Colour(StrEnum):
    """RED goes out at once at any hour; AMBER soon; GREEN is a task for working hours."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
