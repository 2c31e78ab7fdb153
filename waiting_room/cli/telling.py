"""How commands answer: a line for people, JSON for programs, one clear line when refused."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

from waiting_room.errors import RoomError

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
# A link that is broken over two lines cannot be clicked or copied.
out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def tell(facts: dict[str, Any] | list[Any], words: str, *, as_json: bool) -> None:
    """Print the facts as JSON, or the words."""
    if as_json:
        print(json.dumps(facts, default=str))
    else:
        out.print(words, markup=False)


def told_plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """A refusal becomes one line and exit code 1, never a trace."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except RoomError as refusal:
            err.print(f"waiting-room: {refusal}", markup=False)
            raise typer.Exit(1) from None

    return run
