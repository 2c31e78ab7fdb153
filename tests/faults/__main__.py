"""Every fault in its long form: `python -m tests.faults` (what pytest takes, too). Three processes
at once, which mostly wait.

Leave the half hour of soaking out: `python -m tests.faults -m "faults and not soak"`.
"""

from __future__ import annotations

import os
import sys

import pytest

from tests.faults import figures

if __name__ == "__main__":
    os.environ.setdefault(figures.LENGTH, "long")
    # In the order they stand: the half hour of soaking begins first, the rest runs beside it.
    spread = ["-n", "3", "--dist", "loadfile", "--no-loadscope-reorder"]
    sys.exit(pytest.main(["-m", "faults", *spread, "-q", *sys.argv[1:]]))
