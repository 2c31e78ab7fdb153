"""Small made-up trees to measure: a sound one, and pieces of code to spoil it with."""

from __future__ import annotations

from pathlib import Path

OFFERS = '''"""Offers: what a worker proposes and a patient decides."""

from __future__ import annotations


def offer(name: str) -> str:
    """Propose one thing to one person."""
    # The name comes first: people read the first word and no more.
    return f"offer {name}"


def accept(name: str) -> str:
    """Say yes for the person who said it."""
    # Accepting twice is accepting once.
    return f"accept {name}"


def decline(name: str, *, reason: str = "") -> str:
    """Say no, with or without a reason."""
    if reason:
        return f"decline {name}: {reason}"
    return f"decline {name}"


def lapse(names: list[str]) -> list[str]:
    """Let go of what nobody answered."""
    return [f"lapse {name}" for name in names]
'''


def grow(root: Path, files: dict[str, str]) -> Path:
    """Write a sound tree, with these files over it, and return its root."""
    for path, text in ({"waiting_room/care/offers.py": OFFERS} | files).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


def function(name: str, lines: int) -> str:
    """A typed, documented function of exactly so many lines."""
    body = "".join(f"    {name}_{number} = {number}\n" for number in range(lines - 3))
    return f'def {name}() -> int:\n    """Count."""\n{body}    return 1\n'


def functions(count: int, lines: int) -> str:
    """So many functions of one size, no two alike."""
    return "\n\n".join(function(f"count_{number}", lines) for number in range(count))
