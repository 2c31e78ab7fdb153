"""The watcher records signs of life."""

from __future__ import annotations

import urllib.request
from urllib.error import HTTPError, URLError

import pytest

from tests.fakes.heartbeat import Heartbeat


def test_pings_are_recorded() -> None:
    with Heartbeat() as watcher:
        urllib.request.urlopen(watcher.url).close()
        urllib.request.urlopen(watcher.url, data=b"well").close()
        pings = watcher.wait_for(2)
    assert [(ping.method, ping.body) for ping in pings] == [("GET", b""), ("POST", b"well")]


def test_the_watcher_can_fail_and_come_back() -> None:
    with Heartbeat() as watcher:
        watcher.status = 503
        with pytest.raises(HTTPError, match="503"):
            urllib.request.urlopen(watcher.url)
        watcher.stop()
        with pytest.raises(URLError, match="refused"):
            urllib.request.urlopen(watcher.url)
        with pytest.raises(AssertionError, match="1 of 2 pings"):
            watcher.wait_for(2, timeout=0.05)
        watcher.start()
        watcher.status = 200
        urllib.request.urlopen(watcher.url).close()
        assert len(watcher.pings) == 2
