"""`make bench`: figures of this machine, with peers measured beside us in the same run.

`python -m benchmarks [--full] [--rounds N] [NAME …]`, `--list`, `--readme`.
"""

from __future__ import annotations

import argparse
import time

from benchmarks import figures, machine, results
from benchmarks.bench import PEERS, Bench


def main() -> None:
    """Measure, print, and keep."""
    told = _told()
    if told.readme:
        print(results.readme())
    elif told.list:
        print("\n".join(figures.ALL))
    else:
        _measure(told)


def _told() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *figures.ALL], help="which figures")
    parser.add_argument("--full", action="store_true", help="also 100,000 and 1,000,000 patients")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--list", action="store_true", help="the names of all figures")
    parser.add_argument("--readme", action="store_true", help="the README's table, as last run")
    return parser.parse_args()


def _measure(told: argparse.Namespace) -> None:
    with Bench(full=told.full, rounds=told.rounds) as bench:
        here = machine.describe(bench.postgres_version)
        print(", ".join(here.values()), flush=True)
        if not bench.has_peers:
            print(f"no peers: {PEERS} is missing; `make bench` installs them", flush=True)
        for name in told.names or figures.ALL:
            started = time.monotonic()
            rows = figures.ALL[name](bench)
            print(f"{name} ({time.monotonic() - started:.0f} s)", flush=True)
            print("\n".join(f"  {results.line(one)}" for one in rows), flush=True)
            results.keep(rows, machine=here, rounds=told.rounds)


main()
