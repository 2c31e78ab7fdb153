"""The library when it is far larger than ours: how long its folder takes to read, and a search."""

from __future__ import annotations

import json
import shutil
import time
from datetime import date
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.processes import ROOT
from benchmarks.results import Row, Sample, most, row
from waiting_room import library, settings
from waiting_room.library.shelf import Shelf

DAY = date(2026, 11, 23)
PAGES, SEARCHED = 2_000, 1_000
QUERIES = ROOT / "tests" / "library" / "queries"


def run(bench: Bench) -> list[Row]:
    """A folder of 2,000 pages is read, and 1,000 are searched in everyday words."""
    large, middle = (_copies(bench, number) for number in (PAGES, SEARCHED))
    asked = [json.loads(one)["query"] for one in _lines()]
    shelf = library.read(middle, today=DAY)
    shelf.index("en")
    return [
        row(
            f"reading {PAGES:,} pages",
            "s",
            [_read(large) for _ in range(bench.rounds)],
            target=most(3),
        ),
        row(
            f"the slowest of {len(asked)} searches among {SEARCHED:,} pages",
            "ms",
            [_slowest(shelf, asked) for _ in range(bench.rounds)],
            target=most(20),
        ),
    ]


def _lines() -> list[str]:
    files = sorted(QUERIES.glob("*.jsonl"))
    return [line for file in files for line in file.read_text("utf-8").splitlines()]


def _copies(bench: Bench, number: int) -> Path:
    """The shipped pages of self-care, over and over under other names, and what editors know of
    the words people type."""
    folder = bench.folder / f"{number}-pages"
    where = folder / "en" / "self-care"
    where.mkdir(parents=True)
    shipped = settings.load().content_folder / "en"
    shutil.copytree(shipped / "search", folder / "en" / "search")
    ours = sorted((shipped / "self-care").glob("*.md"))
    for at in range(number):
        raw = ours[at % len(ours)].read_bytes()
        (where / f"{ours[at % len(ours)].stem}-{at}.md").write_bytes(raw)
    return folder


def _read(folder: Path) -> Sample:
    wall, cpu = time.perf_counter(), time.process_time()
    found = library.read(folder, today=DAY)
    spent = time.process_time() - cpu
    assert len(found.pages) >= PAGES, found.problems[:3]
    return Sample(time.perf_counter() - wall, spent * 1_000)


def _slowest(shelf: Shelf, asked: list[str]) -> Sample:
    cpu = time.process_time()
    times = []
    for query in asked:
        begun = time.perf_counter()
        shelf.index("en").search(query, most=3)
        times.append(time.perf_counter() - begun)
    return Sample(max(times) * 1_000, (time.process_time() - cpu) / len(asked) * 1_000)
