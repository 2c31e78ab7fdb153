"""A folder of words in the browser of whoever edits it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from waiting_room.web import preview

ADDRESS = "http://127.0.0.1:8021"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pages, one of them broken, and a file outside."""
    root = tmp_path / "content"
    (root / "en/self-care").mkdir(parents=True)
    (root / "en/self-care/sleep.md").write_text("---\ntitle: Sleep\n---\n\nGo to **bed**.\n")
    (root / "en/self-care/worry.md").write_text("---\ntitle: Worry\n---\n\n<b>No</b>\n")
    (tmp_path / "secret.md").write_text("---\ntitle: Secret\n---\n\nSecret words.\n")
    (root / "en/self-care/away.md").symlink_to(tmp_path / "secret.md")
    return root


@pytest.fixture
def client(folder: Path) -> TestClient:
    return TestClient(preview.build(folder, address=ADDRESS), base_url=ADDRESS)


def test_every_page_and_what_is_wrong(client: TestClient) -> None:
    page = client.get("/").text
    assert "en/self-care/sleep" in page and "HTML is not allowed" in page


def test_a_page_follows_its_file(client: TestClient, folder: Path) -> None:
    page = client.get("/en/self-care/sleep").text
    assert "Go to <strong>bed</strong>." in page
    seen = page.partition("?seen=")[2][:32]
    assert client.get(f"/en/self-care/sleep?seen={seen}").status_code == 204
    (folder / "en/self-care/sleep.md").write_text("---\ntitle: Sleep\n---\n\nGet up.\n")
    part = client.get(f"/en/self-care/sleep?seen={seen}").text
    assert "Get up." in part and "<html" not in part


@pytest.mark.parametrize(
    "path", ["en/self-care/away", "en/self-care/none", "..%2F/x/secret", "en/..%2F..%2F/secret"]
)
def test_no_file_outside_the_folder_is_read(client: TestClient, path: str) -> None:
    answer = client.get(f"/{path}")
    assert answer.status_code == 404 and "Secret words" not in answer.text


def test_a_broken_page_says_why(client: TestClient) -> None:
    assert "This cannot be shown yet" in client.get("/en/self-care/worry").text
