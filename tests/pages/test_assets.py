"""Static files: kept for a year under their digest, complete, and nobody's brand."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from waiting_room.pages.assets import FOLDER, static_url


def test_right_digest_is_kept_for_a_year(web: TestClient) -> None:
    assert "immutable" in web.get(static_url("room.css")).headers["cache-control"]


def test_wrong_digest_is_not(web: TestClient) -> None:
    for address in ("/static/room.css", "/static/room.css?v=0123456789ab"):
        assert web.get(address).headers["cache-control"] == "public, max-age=3600"


def test_every_file_the_pages_name_is_there(web: TestClient) -> None:
    for path in ("/chat", "/desk"):
        for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', web.get(path).text):
            assert web.get(address).status_code == 200, address


def test_every_picture_the_kit_names_is_there(web: TestClient) -> None:
    sheet = (FOLDER / "nhsuk/nhsuk-frontend-10.6.1.min.css").read_text("utf-8")
    addresses = set(re.findall(r'url\("?([^")]+)', sheet))
    assert addresses
    for address in addresses:
        assert web.get(address).status_code == 200, address


def test_nothing_comes_from_outside_and_no_brand_is_borrowed() -> None:
    for sheet in FOLDER.rglob("*.css"):
        text = sheet.read_text("utf-8")
        assert "@font-face" not in text
        assert "frutiger" not in text.lower()
        assert "//" not in "".join(re.findall(r"url\([^)]*\)|@import[^;]*", text))


def test_outside_files_are_named_with_version_and_licence() -> None:
    notice = (FOLDER / "NOTICE.md").read_text("utf-8")
    for file in [*FOLDER.glob("nhsuk/*.min.*"), *FOLDER.glob("htmx/*.min.js")]:
        assert file.name in notice
    assert (FOLDER / "nhsuk/LICENSE").exists()
    assert (FOLDER / "htmx/LICENSE").exists()


def test_address_outside_the_folder_is_not_found(web: TestClient) -> None:
    assert web.get("/static/..%2fsite.py").status_code == 404
