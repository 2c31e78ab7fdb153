"""Run the fake Bot API as a process of its own: `python -m tests.fakes.bot_api --port 8081`.

Prints one line of JSON with the two addresses, then serves until it is told to stop.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time

from tests.fakes.bot_api.host import Host


def main() -> None:
    """Serve until SIGTERM, SIGINT, or (with --until-eof) until the parent is gone."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.bot_api")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--token", action="append", default=[], help="a bot token to accept")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--until-eof", action="store_true", help="stop when stdin closes")
    asked = parser.parse_args()
    wanted = {signal.SIGTERM, signal.SIGINT}
    # Blocked before the threads start, so that the signal waits for sigwait below.
    signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
    host = Host(port=asked.port, control_port=asked.control_port, now=time.time, seed=asked.seed)
    host.start()
    for token in asked.token:
        host.control.add_bot(token, username="sample_room_bot", name="Sample Room")
    control = f"http://127.0.0.1:{host.control_port}"
    print(json.dumps({"url": host.control.address(), "control": control}), flush=True)
    if asked.until_eof:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)
        sys.stdin.read()
    else:
        signal.sigwait(wanted)
    host.stop()


if __name__ == "__main__":
    main()
