"""A proxy before PostgreSQL that reads the wire: passes, delays, hangs, cuts; and can cut a line
just when the server has committed and its answer has not arrived."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ASKS_FOR_SEALING = (80877103, 80877104)
QUERY, PARSE = b"Q", b"P"
SOCKET = ".s.PGSQL.5432"


class Wire:
    """What a client says, cut into messages; it only wants to know when one says COMMIT."""

    def __init__(self) -> None:
        self._rest = b""
        self._greeted = False

    def commits(self, said: bytes) -> bool:
        """Whether these bytes complete a COMMIT."""
        self._rest += said
        return any([words.upper().startswith(b"COMMIT") for words in self._messages()])

    def _messages(self) -> Iterator[bytes]:
        while len(self._rest) >= (head := 5 if self._greeted else 4):
            length = int.from_bytes(self._rest[head - 4 : head], "big") + head - 4
            if len(self._rest) < length:
                return
            message, self._rest = self._rest[:length], self._rest[length:]
            if not self._greeted:
                # Whoever asks whether the line can be sealed greets a second time.
                self._greeted = int.from_bytes(message[4:8], "big") not in ASKS_FOR_SEALING
            elif message[:1] == QUERY:
                yield message[5:]
            elif message[:1] == PARSE:
                # Behind the name of the statement.
                yield message[5:].partition(b"\0")[2]


class TcpProxy:
    """`with TcpProxy(url) as proxy: connect(proxy.url)`; the server listens on a socket file."""

    def __init__(self, url: str, *, seed: int = 0) -> None:
        self._address = urlsplit(url)
        self._upstream = Path(parse_qs(self._address.query)["host"][0]) / SOCKET
        self._dice = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._lines: set[asyncio.StreamWriter] = set()
        self._port = 0
        self._passing = threading.Event()
        self._passing.set()
        self.delay = 0.0
        self.cuts = 0
        self._cuts_left, self._share = 0, 0.0

    def __enter__(self) -> TcpProxy:
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def url(self) -> str:
        """The same database, through this proxy."""
        user, path = self._address.username or "postgres", self._address.path
        return f"postgresql+psycopg://{user}@127.0.0.1:{self._port}{path}"

    def cut(self) -> None:
        """Cut every line now."""
        self._loop.call_soon_threadsafe(lambda: [one.transport.abort() for one in self._lines])

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Nothing comes through for the length of a block; no line is cut."""
        self._passing.clear()
        try:
            yield
        finally:
            self._passing.set()

    def cut_after_commits(self, times: int, *, share: float = 1.0) -> None:
        """Of the next commits cut this share, after the server did them and before it says so."""
        self._cuts_left, self._share = times, share

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            server, to_server = await asyncio.open_unix_connection(str(self._upstream))
        except OSError:
            to_client.transport.abort()
            return
        ends = {to_client, to_server}
        self._lines |= ends
        doomed = asyncio.Event()
        pumps = [
            asyncio.create_task(self._pump(client, to_server, Wire(), doomed)),
            asyncio.create_task(self._pump(server, to_client, None, doomed)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*pumps, return_exceptions=True)
        self._lines -= ends

    async def _pump(
        self,
        source: asyncio.StreamReader,
        goal: asyncio.StreamWriter,
        wire: Wire | None,
        doomed: asyncio.Event,
    ) -> None:
        with suppress(ConnectionError):
            while said := await source.read(65536):
                while not self._passing.is_set():
                    await asyncio.sleep(0.02)
                if self.delay:
                    await asyncio.sleep(self.delay)
                if wire is not None and wire.commits(said) and self._chosen():
                    doomed.set()
                elif wire is None and doomed.is_set():
                    # This is the answer to the commit: it is done, and nobody will hear of it.
                    self.cuts += 1
                    return
                goal.write(said)
                await goal.drain()

    def _chosen(self) -> bool:
        if self._cuts_left and self._dice.random() < self._share:
            self._cuts_left -= 1
            return True
        return False
