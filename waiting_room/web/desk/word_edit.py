"""Changing a page: the form beside its live preview, a second reader, and what patients read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from waiting_room import clock, db
from waiting_room.editing import changes, drafts, pasting, preview, second_reader, source
from waiting_room.errors import BadInput
from waiting_room.models import PageDraft, Staff
from waiting_room.pages.render import html, render
from waiting_room.pages.security import CheckedForm, Fields
from waiting_room.web import deps
from waiting_room.web.desk import frame, words
from waiting_room.web.desk import word_wording as say

router = APIRouter(prefix="/desk/words", dependencies=[deps.may("edit words")])
PAGE = "/{language}/{folder}/{page}"


@router.post("/look")
def look(request: Request, me: deps.SignedIn, fields: CheckedForm) -> Response:
    """The preview alone, while somebody types. Nothing is kept."""
    name = fields.text("page")
    found = preview.look(name, _typed(name, fields), today=clock.now().date())
    known = say.shapes(request, found, now=clock.now())
    return HTMLResponse(html(request, "web/words/look.html", **known))


@router.post("/paste")
def paste(request: Request, me: deps.SignedIn, fields: CheckedForm) -> Response:
    """What was copied from a word processor or a web page, as Markdown. Nothing is kept."""
    return PlainTextResponse(pasting.to_markdown(fields.text("html")))


@router.post(PAGE + "/edit")
def edit(
    request: Request, me: deps.SignedIn, language: str, folder: str, page: str, fields: CheckedForm
) -> Response:
    """Begin to change the page, or do what the pressed button says."""
    name = f"{language}/{folder}/{page}"
    do = fields.text("do")
    if not do:
        with db.write() as session:
            drafts.begin(session, name, by=me, now=clock.now())
        return RedirectResponse(f"/desk/words/{name}/edit", 303)
    try:
        with db.write() as session:
            draft = drafts.find(session, name)
            if "body" in fields.form:
                _save(session, draft, fields, by=me)
            done = DO[do](session, draft, me, fields) if do in DO else "saved"
    except BadInput as problem:
        return _kept_and_shown(request, me, name, fields, problem)
    words.show_now()
    stay = done in ("saved", "")
    return RedirectResponse(f"/desk/words/{name}{'/edit' if stay else ''}?done={done}", 303)


@router.get(PAGE + "/edit")
def show_edit(
    request: Request, me: deps.SignedIn, language: str, folder: str, page: str, done: str = ""
) -> Response:
    """The form, beside how the page will look."""
    return _form(request, me, f"{language}/{folder}/{page}", done=say.DONE.get(done, ""))


def _kept_and_shown(
    request: Request, me: Staff, name: str, fields: Fields, problem: BadInput
) -> Response:
    """What was typed is kept although the button could not do its work."""
    if "body" in fields.form and problem.field != "why":
        with db.write() as session:
            _save(session, drafts.find(session, name), fields, by=me)
    return _form(request, me, name, problems={problem.field: str(problem)}, status=422)


def _save(session: Session, draft: PageDraft, fields: Fields, *, by: Staff) -> None:
    count = fields.text("saves")
    typed = drafts.Typed(
        _typed(draft.name, fields, base=draft.source),
        why=fields.text("why"),
        saves=int(count) if count.isdecimal() else -1,
    )
    drafts.save(session, draft, typed, by=by, now=clock.now())


def _typed(name: str, fields: Fields, *, base: str = "") -> str:
    said = {field: fields.text(field) for field in source.fields_of(name)}
    return source.put_together(
        source.Parts(said, fields.text("more"), fields.text("body")), base=base
    )


def _ask(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    now = clock.now()
    drafts.ask(session, draft, by=me, today=now.date(), now=now)
    return "asked"


def _publish(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    now = clock.now()
    vouching = drafts.Vouching(fields.text("reader"), checked=bool(fields.text("checked")))
    drafts.publish(session, draft, vouching, by=me, today=now.date(), now=now)
    return "published"


def _correct(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    now = clock.now()
    drafts.correct(session, draft, by=me, today=now.date(), now=now)
    return "corrected"


def _read_over(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    drafts.read_over(session, draft, by=me, now=clock.now(), reader=fields.text("reader"))
    return "read"


def _send_back(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    drafts.send_back(session, draft, fields.text("note"), by=me, now=clock.now())
    return "back"


def _drop(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    drafts.drop(session, draft, by=me, now=clock.now())
    return "dropped"


def _rebase(session: Session, draft: PageDraft, me: Staff, fields: Fields) -> str:
    drafts.rebase(session, draft)
    return "saved"


DO: dict[str, Callable[[Session, PageDraft, Staff, Fields], str]] = {
    "ask": _ask,
    "publish": _publish,
    "correct": _correct,
    "read": _read_over,
    "back": _send_back,
    "drop": _drop,
    "rebase": _rebase,
}


def _form(
    request: Request,
    me: Staff,
    name: str,
    *,
    problems: dict[str, str] | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    now = clock.now()
    with db.read() as session:
        draft = drafts.find(session, name)
        live = drafts.live_words(session, name)
        editors = second_reader.editors(session)
        known: dict[str, Any] = {
            "names": second_reader.names(session),
            "changed": changes.between(live, draft.source),
        }
    found = preview.look(name, draft.source, today=now.date())
    known |= {
        "page_name": name,
        "draft": draft,
        "parts": source.for_form(draft.source, source.fields_of(name)),
        "fields": source.fields_of(name),
        "problems": problems or {},
        "done": done,
        "is_needed": second_reader.is_needed(name),
        "may_be_urgent": second_reader.may_be_urgent(name),
        "is_mine": draft.by_staff_id == me.id,
        "alone": len(editors) < 2,
        "moved_on": draft.based_on != drafts.live_digest(name),
        "words": say,
        **say.shapes(request, found, now=now),
    }
    title = found.page.title if found.page else name
    known |= frame.around(request, now=now)
    page = "web/words/edit.html" if known["is_mine"] or draft.state == drafts.DRAFT else READ
    return render(request, page, title=title, status=status, **known)


READ = "web/words/read.html"
