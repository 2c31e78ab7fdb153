"""The words people read: every page, what it said before, where it is used, what needs somebody."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from waiting_room import clock, db, library
from waiting_room.care import readers
from waiting_room.editing import drafts, places, preview, second_reader
from waiting_room.errors import BadInput, NotFound
from waiting_room.library import live, upkeep, versions
from waiting_room.pages.render import render
from waiting_room.pages.security import CheckedForm
from waiting_room.web import deps
from waiting_room.web.desk import frame
from waiting_room.web.desk import word_wording as say

router = APIRouter(prefix="/desk/words", dependencies=[deps.may("edit words")])
FOUND = 12


@router.get("")
def show(request: Request, me: deps.SignedIn, q: str = "", done: str = "") -> Response:
    """Every page by folder; first of all what waits for somebody."""
    now, shelf = clock.now(), live.current().shelf
    with db.read() as session:
        known: dict[str, Any] = {
            "drafts": drafts.waiting(session),
            "names": second_reader.names(session),
            "unwritten": versions.to_export(session),
            "looked_for": readers.looked_for(session),
            "unhelpful": readers.unhelpful(session),
        }
    known |= {
        "folders": places.by_folder(shelf),
        "needs": upkeep.report(shelf, today=now.date()),
        "titles": {page.name: page.title for page in shelf.pages.values()},
        "q": q,
        "found": library.find(q, most=FOUND) if q.strip() else None,
        "done": say.DONE.get(done, ""),
        "words": say,
        "is_needed": second_reader.is_needed,
    }
    return render(
        request, "web/words/list.html", title="Words", **known, **frame.around(request, now=now)
    )


@router.get("/new")
def show_new(request: Request, me: deps.SignedIn) -> Response:
    """The form for a page that is not there yet."""
    return _new(request, typed={}, problems={})


@router.post("/new")
def new(request: Request, me: deps.SignedIn, fields: CheckedForm) -> Response:
    """Begin it as a draft: nobody reads it until it is published."""
    typed = {name: fields.text(name) for name in ("title", "key")}
    try:
        with db.write() as session:
            draft = drafts.begin_new(
                session, typed["key"], typed["title"], by=me, now=clock.now()
            ).name
    except BadInput as problem:
        return _new(request, typed=typed, problems={problem.field: str(problem)}, status=422)
    return RedirectResponse(f"/desk/words/{draft}/edit", 303)


@router.get("/{language}/{folder}/{page}")
def page(
    request: Request, me: deps.SignedIn, language: str, folder: str, page: str, done: str = ""
) -> Response:
    """One page as patients see it, what it said before, and what may be done."""
    now, name = clock.now(), f"{language}/{folder}/{page}"
    with db.read() as session:
        history = versions.of(session, name)
        words = drafts.live_words(session, name)
        known: dict[str, Any] = {
            "history": history,
            "draft": drafts.of_page(session, name),
            "names": second_reader.names(session),
        }
    if not words and not history:
        raise NotFound("There is no such page.")
    # A page that was taken away shows what it said last.
    look = preview.look(name, words, today=now.date()) if words else None
    title = look.page.title if look and look.page else name
    known |= {
        "page_name": name,
        "look": look,
        "uses": places.uses(live.current().shelf, name),
        "digest": drafts.live_digest(name),
        "is_needed": second_reader.is_needed(name),
        "may_go": f"/{drafts.NEW_IN}/" in name,
        "done": say.DONE.get(done, ""),
        "words": say,
    }
    known |= say.shapes(request, look, now=now)
    return render(
        request, "web/words/page.html", title=title, **known, **frame.around(request, now=now)
    )


@router.post("/{language}/{folder}/{page}/undo")
def undo(
    request: Request,
    me: deps.SignedIn,
    language: str,
    folder: str,
    page: str,
    fields: CheckedForm,
) -> Response:
    """An earlier text again: at once, or as a draft where a second person must read it."""
    name = f"{language}/{folder}/{page}"
    with db.write() as session:
        draft = drafts.undo(
            session,
            name,
            fields.text("version"),
            by=me,
            why=fields.text("why")[: drafts.MOST_WHY],
            now=clock.now(),
        )
        is_draft = draft is not None
    show_now()
    return RedirectResponse(f"/desk/words/{name}" + ("/edit" if is_draft else "?done=undone"), 303)


@router.post("/{language}/{folder}/{page}/away")
def take_away(
    request: Request, me: deps.SignedIn, language: str, folder: str, page: str, fields: CheckedForm
) -> Response:
    """Patients no longer find this page of self-care."""
    name = f"{language}/{folder}/{page}"
    with db.write() as session:
        drafts.take_away(session, name, by=me, why=fields.text("why"), now=clock.now())
    show_now()
    return RedirectResponse(f"/desk/words/{name}?done=away", 303)


def show_now() -> None:
    """This process shows what was just published; the others follow within 5 seconds."""
    with db.read() as session:
        library.follow(session)


def _new(
    request: Request, *, typed: dict[str, str], problems: dict[str, str], status: int = 200
) -> Response:
    return render(
        request,
        "web/words/new.html",
        title="Add a page",
        status=status,
        typed=typed,
        problems=problems,
    )
