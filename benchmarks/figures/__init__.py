"""One file a figure; `ALL` is the order in which they are measured."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.figures import (
    check_ins,
    crisis,
    desk,
    engines,
    inbound,
    library,
    loss,
    outbound,
    screening,
    starting,
)
from benchmarks.results import Row

Measure = Callable[[Bench], list[Row]]
ALL: dict[str, Measure] = {
    "screening": screening.run,
    "library": library.run,
    "starting": starting.run,
    "inbound": inbound.run,
    "check_ins": check_ins.run,
    "desk": desk.run,
    "crisis": crisis.run,
    "outbound": outbound.run,
    "loss": loss.run,
    "engines": engines.run,
}
