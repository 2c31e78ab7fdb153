"""What the browser is shown: a whole page, or the changed part of one for the script."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.web_chat import visitors
from bot.web_chat.presenting import View
from bot.web_chat.words import words
from waiting_room import library
from waiting_room.library import Page
from waiting_room.pages.calls import with_calls
from waiting_room.pages.render import html, render

CHAT = "/chat"
SIGN_OUT = "/chat/sign-out"
NOT_PASSED_ON = "crisis/could-not-pass-on"
SLOW_DOWN = "conversation/slow-down"


@dataclass(frozen=True)
class Notice:
    """Something that kept a message from being heard, and what was typed, so that nothing is lost.

    `page` is the page that says so; "too_long" is said in the words around the chat. `once` is the
    id of the form: perhaps storage takes the message after all, and then it is heard once.
    """

    status: int
    page: str = ""
    kept: str = ""
    once: str = ""


def context(request: Request) -> Mapping[str, object]:
    """What every page of this door knows, error pages too. Asks no database."""
    language = visitors.language_of(request)
    return {
        "layout": "layouts/chat.html",
        "home_url": CHAT,
        "sign_out_url": SIGN_OUT if visitors.token_of(request) else "",
        "labels": words(language),
        "lang": language,
        # A new one for each form shown: sent twice it is one message, and shown twice it is two.
        "once": secrets.token_urlsafe(16),
    }


def wants_part(request: Request) -> bool:
    """Whether our script asks, which puts the answer into the page it has."""
    return "hx-request" in request.headers


def chat(request: Request, view: View) -> HTMLResponse:
    """The whole chat."""
    labels = words(view.language)
    title = labels["title"]
    return render(
        request, "web_chat/chat.html", title=title, view=view, lang=view.language, labels=labels
    )


def part(request: Request, view: View, *, after: str) -> HTMLResponse:
    """What came since the bubble the page has last."""
    known = {**context(request), "labels": words(view.language)}
    fresh = view.after(after)
    return HTMLResponse(html(request, "web_chat/part.html", view=view, fresh=fresh, **known))


def notice(request: Request, said: Notice) -> HTMLResponse:
    """A message was not heard: why, who to call, and the words to send again."""
    known = context(request)
    page = library.page(said.page, str(known["lang"])) if said.page else None
    known = {**known, "page": page, "body": as_html(page) if page else ""}
    known["once"] = said.once or known["once"]
    name = "notice_part" if wants_part(request) else "notice"
    text = html(request, f"web_chat/{name}.html", kept=said.kept, **known)
    return HTMLResponse(text, said.status)


def plain(request: Request, key: str, *, status: int = 200) -> HTMLResponse:
    """A page of the library on its own, for somebody who is not in. Holds nothing of the reader:
    for the same page it is the same, byte for byte."""
    page = library.page(key, visitors.language_of(request))
    # In a chat the page says its title itself; here it stands above.
    body = as_html(page).replace(f"<p><strong>{page.title}.</strong></p>", "", 1)
    given = {"title": page.title, "body": body, "sign_out_url": ""}
    return render(request, "web_chat/plain.html", status=status, **given)


def as_html(page: Page) -> Markup:
    """A page without blanks; the library lets only a few tags through."""
    return with_calls(library.to_html(page, {}))


def ask_for_link(request: Request) -> Response:
    """This browser is not in: help lines, and who to ask."""
    if wants_part(request):
        return Response(status_code=204, headers={"hx-redirect": CHAT})
    response = plain(request, "conversation/link-reply-needed")
    if visitors.token_of(request):
        visitors.drop(request, response)
    return response


def to_chat(*, at: str = "") -> RedirectResponse:
    """On to the chat, by GET, so that loading again sends nothing twice."""
    return RedirectResponse(f"{CHAT}{at}", status_code=303)
