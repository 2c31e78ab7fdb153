"""The budgets of the house, and what it means to break one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

NO_END = math.inf

# key: (at least, at most). A figure that is not named here is shown and never refused.
BUDGETS: dict[str, tuple[float, float]] = {
    "file_med": (0, 90),
    "file_p95": (0, 250),
    "file_max": (0, 300),
    "fn_med": (0, 9),
    "fn_p95": (0, 30),
    "fn_max": (0, 50),
    "fn_le10": (60, NO_END),
    "cc_p95": (0, 6),
    "cc_max": (0, 10),
    "depth_p95": (0, 2),
    "depth_max": (0, 3),
    "args_p95": (0, 5),
    "args_max": (0, 6),
    "typed": (100, NO_END),
    "doc_pct": (30, NO_END),
    "comment_pct": (3, 8),
    "todo_kloc": (0, 0.3),
    "vague_names": (0, 0),
    "cycles_load": (0, 0),
    "cycles_all": (0, 0),
    "lazy_imports": (0, 0),
    "folder_knot": (0, 0),
    "fanout_p95": (0, 8),
    "commits_outside_db": (0, 0),
    "now_outside_clock": (0, 0),
    "select_in_doors": (0, 0),
    "net_in_care": (0, 0),
    "words_in_code": (0, 0),
    # screening, the per-chat worker, a tick, delivery, the web edge
    "broad_except": (0, 5),
    "dup_blocks": (0, 3),
    "mock_per_test": (0, 0.2),
    "docs_drift": (0, 0),
}


@dataclass(frozen=True)
class Figure:
    """One figure, and the places that make it what it is, worst first."""

    key: str
    value: float | str | list[str]
    places: Sequence[str] = ()

    @property
    def broken(self) -> bool:
        """Whether the figure lies outside its budget; one without a budget never does."""
        if self.key not in BUDGETS or not isinstance(self.value, (int, float)):
            return False
        low, high = BUDGETS[self.key]
        return not low <= self.value <= high

    def complaint(self) -> str:
        """One sentence: the figure, its budget, and where to look first."""
        # Eight places are enough to start with; a terminal line is short.
        low, high = BUDGETS[self.key]
        allowed = f"at most {high:g}" if high < NO_END else f"at least {low:g}"
        if low and high < NO_END:
            allowed = f"between {low:g} and {high:g}"
        where = ", ".join(self.places[:8]) or "everywhere"
        more = f" and {len(self.places) - 8} more" if len(self.places) > 8 else ""
        return f"{self.key} is {self.value}, {allowed} allowed: {where}{more}"


def middle(values: Sequence[float]) -> float:
    """The median, the lower one of two; 0 of nothing."""
    return sorted(values)[(len(values) - 1) // 2] if values else 0


def nearly_all(values: Sequence[float]) -> float:
    """The 95th percentile by nearest rank; 0 of nothing."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else 0


def share(part: int, whole: int) -> float:
    """A percentage with one decimal; nothing at all is wholly in order."""
    return round(100 * part / whole, 1) if whole else 100.0
