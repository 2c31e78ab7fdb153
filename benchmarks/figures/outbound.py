"""Sending: how much of Telegram's limit is kept without a refusal, and how fast it goes without."""

from __future__ import annotations

import resource
import sys
from functools import partial

from benchmarks.bench import PEERS, Bench
from benchmarks.processes import clean_env, running
from benchmarks.results import Row, Sample, interleaved, least, most, row
from benchmarks.telegram.client import TOKEN, Telegram

PTB = "PTB AIORateLimiter"
OURS = [sys.executable, "-m", "benchmarks.sending"]
THEIRS = [str(PEERS), "-m", "benchmarks.peers.ptb_sending"]


def run(bench: Bench) -> list[Row]:
    """At 30 a second, at the paid 1,000 a second, and with no limit at all."""
    rows = []
    many = 1_200 if bench.full else 240
    for rate, count, wanted in ((30, many, 29.7), (1_000, 3_000, 950)):
        found = _both(bench, count=count, rate=rate, theirs=min(count, 1_000))
        peer = (PTB, found[PTB]) if PTB in found else None
        name = f"outbound at Telegram's {rate:,}/s"
        rows.append(row(f"{name}, kept", "/s", found["ours"], target=least(wanted), peer=peer))
        refused = {
            name: [Sample(one.more["refused"]) for one in few] for name, few in found.items()
        }
        no = (PTB, refused[PTB]) if PTB in refused else None
        rows.append(row(f"{name}, refused (429)", "", refused["ours"], target=most(0), peer=no))
    found = _both(bench, count=2_000, rate=0, theirs=500)
    peer = ("PTB, 32 at once", found[PTB]) if PTB in found else None
    name = "outbound, free-running, answers after 50 ms"
    rows.append(row(name, "/s", found["ours"], target=least(1_000), peer=peer))
    return rows


def _both(bench: Bench, *, count: int, rate: int, theirs: int) -> dict[str, list[Sample]]:
    candidates = {"ours": partial(_sent, bench, OURS, count, rate)}
    if bench.has_peers:
        candidates[PTB] = partial(_sent, bench, THEIRS, theirs, rate)
    return interleaved(candidates, rounds=bench.rounds)


def _sent(bench: Bench, command: list[str], count: int, rate: int) -> Sample:
    before = _spent()
    with Telegram(limit=rate) as telegram:
        whole = [*command, telegram.url, TOKEN, str(count), str(rate)]
        with running(whole, env=clean_env(), log=bench.file("send.log")) as sender:
            # A message that was refused for good is missing: then it is over when the sender ends.
            sender.process.wait(count / (rate or 50) * 4 + 30)
        spent, found = _spent() - before, telegram.report()
    rate_kept = (found["sent"] - 1) / found["sending"] if found["sending"] else 0.0
    return Sample(rate_kept, spent / count * 1_000, {"refused": float(found["refused"])})


def _spent() -> float:
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
