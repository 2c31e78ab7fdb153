"""An outside watcher: records every ping, and can be down or slow to believe."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Ping:
    """One sign of life."""

    method: str
    path: str
    body: bytes
    at: float


class Heartbeat:
    """`with Heartbeat() as watcher: ... watcher.wait_for(2)`; pings go to `watcher.url`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pings: list[Ping] = []
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.status = 200

    def __enter__(self) -> Heartbeat:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> Heartbeat:
        """Listen (again, on the same port)."""
        server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler(self))
        server.daemon_threads = True
        self._server, self._port = server, server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Close the port; what was recorded stays."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def url(self) -> str:
        """Return the address to ping."""
        return f"http://127.0.0.1:{self._port}/ping/sample"

    @property
    def pings(self) -> list[Ping]:
        """Return the pings so far, oldest first."""
        with self._changed:
            return list(self._pings)

    def wait_for(self, count: int = 1, timeout: float = 5) -> list[Ping]:
        """Return the pings as soon as there are this many."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._pings) >= count, timeout):
                raise AssertionError(f"{len(self._pings)} of {count} pings within {timeout} s")
            return list(self._pings)

    def record(self, ping: Ping) -> None:
        """Keep a ping and wake whoever waits."""
        with self._changed:
            self._pings.append(ping)
            self._changed.notify_all()


def _handler(watcher: Heartbeat) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            watcher.record(Ping(self.command, self.path, body, time.monotonic()))
            self.send_response(watcher.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
