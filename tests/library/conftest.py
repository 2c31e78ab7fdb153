"""A content folder to write into, a database of its own, and a clean shelf after each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from waiting_room import db, library
from waiting_room.library.shelf import Shelf
from waiting_room.models import Base

WritePage = Callable[..., Path]


@pytest.fixture(autouse=True)
def clean_shelf() -> Iterator[None]:
    """No test sees the pages of another."""
    yield
    library.use(Shelf())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with an English crisis page and a page on sleep."""
    root = tmp_path / "content"
    for key, front in (
        ("crisis/now", "title: Help for you now\nreviewers: [Sample Ana, Sample Ben]"),
        ("self-care/sleep", "title: Sleep"),
        ("self-care/worry", "title: Worry"),
    ):
        path = root / "en" / f"{key}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{front}\n---\n\nWords about {key}.\n", encoding="utf-8")
    return root


@pytest.fixture
def write(folder: Path) -> WritePage:
    """Writes a page into the folder: its name, its body, its front matter."""

    def write_page(name: str, body: str = "Some words.", front: str = "title: Sample") -> Path:
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{front}\n---\n{body}\n", encoding="utf-8")
        return path

    return write_page


@pytest.fixture
def room(tmp_path: Path) -> Iterator[None]:
    """A database of this test's own."""
    database = db.connect(f"sqlite:///{tmp_path / 'room.db'}")
    Base.metadata.create_all(database.writing)
    yield
    db.close()
