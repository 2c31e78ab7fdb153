"""Figures: what was measured, beside which peer, against which target; as a table and as JSON."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = Path("var/bench/latest.json")
SMALL = re.compile(r"(?:at|of) 1,000(?!,)|, 1,000 patients$")


@dataclass(frozen=True)
class Sample:
    """One round: the value, the processor time spent on each unit of work, and what else showed."""

    value: float
    cpu_ms: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What is good enough."""

    bound: float
    is_least: bool
    unit: str = ""

    def met(self, value: float) -> bool:
        """Whether this value is good enough."""
        return value >= self.bound if self.is_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {_number(self.bound)}{self.unit}"


def least(bound: float, unit: str = "") -> Target:
    """At least this much."""
    return Target(bound, True, unit)


def most(bound: float, unit: str = "") -> Target:
    """At most this much."""
    return Target(bound, False, unit)


@dataclass
class Row:
    """One line of the table."""

    name: str
    value: float
    unit: str
    low: float
    high: float
    cpu_ms: float | None = None
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    target: str = ""
    met: bool | None = None


def row(
    name: str,
    unit: str,
    rounds: Sequence[Sample],
    *,
    target: Target | None = None,
    peer: tuple[str, Sequence[Sample]] | None = None,
    ratio: Target | None = None,
) -> Row:
    """The medians of some rounds, beside those of a peer in the same run.

    A `ratio` target asks how many times the peer's value ours must be (or may be at most).
    """
    values = [one.value for one in rounds]
    spent = [one.cpu_ms for one in rounds if one.cpu_ms is not None]
    made = Row(name, statistics.median(values), unit, min(values), max(values))
    made.cpu_ms = statistics.median(spent) if spent else None
    wanted = []
    if target is not None:
        wanted.append((str(target), target.met(made.value)))
    if peer is not None:
        made.peer = peer[0]
        made.peer_value = statistics.median(one.value for one in peer[1])
        made.ratio = made.value / made.peer_value if made.peer_value else None
    if ratio is not None and made.ratio is not None:
        wanted.append((f"{ratio}×", ratio.met(made.ratio)))
    made.target = ", ".join(words for words, _ in wanted)
    made.met = all(good for _, good in wanted) if wanted else None
    return made


def interleaved(
    candidates: Mapping[str, Callable[[], Sample]], *, rounds: int
) -> dict[str, list[Sample]]:
    """A B A B: a machine that slows down half-way slows down all of them."""
    found: dict[str, list[Sample]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, measure in candidates.items():
            found[name].append(measure())
    return found


def keep(rows: Iterable[Row], *, machine: Mapping[str, str], rounds: int) -> None:
    """Write them down; what was not measured this time keeps its last value."""
    before = {one["name"]: one for one in load()}
    fresh = {one.name: asdict(one) | {"machine": dict(machine), "rounds": rounds} for one in rows}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    whole = list((before | fresh).values())
    FILE.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load() -> list[dict[str, Any]]:
    """The rows of the last runs."""
    if not FILE.exists():
        return []
    found: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def line(one: Row) -> str:
    """A row for the terminal."""
    spread = f"({_number(one.low)} to {_number(one.high)})"
    cpu = f"  {one.cpu_ms:.2f} ms CPU" if one.cpu_ms is not None else ""
    beside = ""
    if one.peer_value is not None:
        times = f", {one.ratio:.2f}×" if one.ratio is not None else ""
        beside = f"  | {one.peer}: {_number(one.peer_value)}{times}"
    said = {True: "  met", False: "  MISSED", None: ""}[one.met]
    wanted = f"  [{one.target}]{said}" if one.target else ""
    return f"{one.name:58} {_number(one.value):>9} {one.unit:10} {spread}{cpu}{beside}{wanted}"


def readme() -> str:
    """The table for the README, from the last run."""
    rows = load()
    if not rows:
        return "Nothing was measured yet: run `make bench`."
    machine = rows[-1]["machine"]
    lines = [
        f"Measured on {machine['date']}: {_machine(machine)}; {_rounds(rows)}.",
        "",
        "| What | Here | Beside | Target |",
        "|---|---|---|---|",
    ]
    for one in rows:
        # What has a target, in the largest rooms that were measured; the rest is in the JSON.
        if not one["target"] or SMALL.search(one["name"]):
            continue
        lines.append(f"| {one['name']} | {_here(one)} | {_beside(one)} | {_wanted(one)} |")
    return "\n".join(lines)


def _rounds(rows: Sequence[Mapping[str, Any]]) -> str:
    fewest = min(one["rounds"] for one in rows)
    return f"medians of {fewest} rounds" if fewest > 1 else "one round each, so no medians"


def _machine(machine: Mapping[str, str]) -> str:
    return ", ".join(words for name, words in machine.items() if name != "date")


def _here(one: Mapping[str, Any]) -> str:
    return f"{_number(one['value'])} {one['unit']}"


def _beside(one: Mapping[str, Any]) -> str:
    if one["peer_value"] is None:
        return ""
    times = f" ({one['ratio']:.1f}×)" if one["ratio"] is not None else ""
    return f"{one['peer']}: {_number(one['peer_value'])}{times}"


def _wanted(one: Mapping[str, Any]) -> str:
    said = {True: "", False: " **missed**", None: ""}[one["met"]]
    return f"{one['target']}{said}"


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
