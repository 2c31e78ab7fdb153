"""A folder of words in the browser of whoever edits it: as on a phone, on the web, read aloud.

Needs no room, no database and no key, and listens to this machine only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from starlette.responses import HTMLResponse, Response

from waiting_room import clock, library
from waiting_room.editing import preview
from waiting_room.errors import NotFound
from waiting_room.library import Shelf
from waiting_room.library.page import KEY, digest_of
from waiting_room.library.reading import LANGUAGE, LARGEST_FILE
from waiting_room.pages.render import add_folder, html, render
from waiting_room.pages.setup import install

TEMPLATES = Path(__file__).parent / "templates"
ZONE = ZoneInfo("Europe/London")


def build(folder: Path, *, address: str) -> FastAPI:
    """An application that shows the pages of this folder and follows each change."""
    app = FastAPI(title="Preview", docs_url=None, redoc_url=None, openapi_url=None)
    add_folder("web", TEMPLATES)

    @app.get("/")
    def pages(request: Request) -> Response:
        """Every page, and what is wrong with which."""
        shelf = library.read(folder, today=clock.wall().date(), advise=True)
        return _list(request, shelf)

    @app.get("/{language}/{place}/{page}")
    def page(request: Request, language: str, place: str, page: str, seen: str = "") -> Response:
        """One page; asked again each second, it answers only when the file has changed."""
        name = f"{language}/{place}/{page}"
        words = _words(folder, name)
        digest = digest_of(words.encode())
        if seen == digest:
            return Response(status_code=204)
        look = preview.look(name, words, today=clock.wall().date())
        opening = preview.opening(look.line, clock.wall().astimezone(ZONE)) if look.line else ""
        known: dict[str, Any] = {"look": look, "opening": opening, "digest": digest}
        known["page_name"] = name
        if seen:
            return HTMLResponse(html(request, "web/words/preview_part.html", **known))
        return render(request, "web/words/preview.html", title=name, **known)

    install(app, public_url=address)
    return app


def _list(request: Request, shelf: Shelf) -> Response:
    findings: dict[str, list[library.Problem]] = {}
    for problem in shelf.problems:
        findings.setdefault(problem.file, []).append(problem)
    pages = sorted(shelf.pages.values(), key=lambda page: page.name)
    broken = [file for file, found in findings.items() if any(p.severity == "error" for p in found)]
    known: dict[str, Any] = {"pages": pages, "findings": findings, "broken": broken}
    return render(request, "web/words/preview_list.html", title="Preview", **known)


def _words(folder: Path, name: str) -> str:
    language, _, key = name.partition("/")
    file = folder / f"{name}.md"
    inside = LANGUAGE.fullmatch(language) and KEY.fullmatch(key)
    try:
        # A name is a page's name and its file a real one of this folder, or it is not shown.
        if inside and file.resolve().is_relative_to(folder.resolve()) and file.is_file():
            return file.read_bytes()[:LARGEST_FILE].decode("utf-8", errors="replace")
    except OSError:
        pass
    raise NotFound("There is no such page.")
