"""One Jinja environment for both web doors, and the way to answer with a page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import (
    BaseLoader,
    ChainableUndefined,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
)
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse

from waiting_room.pages.assets import static_url
from waiting_room.pages.security import TOKEN_FIELD, csrf_token
from waiting_room.pages.site import Context, edge_of, site_of, under

LAYOUTS = Path(__file__).parent / "layouts"
HIDDEN = Markup('<input type="hidden" name="{name}" value="{value}">')

_folders: dict[str, BaseLoader] = {"layouts": FileSystemLoader(LAYOUTS)}


def _environment() -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PrefixLoader(_folders), PackageLoader("nhsuk_frontend_jinja")]),
        # The components ask for many names nobody gave; other undefined names show as nothing.
        undefined=ChainableUndefined,
        # Everything that is not Markup is text: a name can hold any sign and stays a name.
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["static_url"] = static_url
    return environment


_pages = _environment()


def add_folder(name: str, folder: Path) -> None:
    """Let templates of this folder be called `name/…`, for example `desk/patients.html`."""
    _folders[name] = FileSystemLoader(folder)
    # What was loaded under this name before came from another folder.
    if _pages.cache is not None:
        _pages.cache.clear()


def add_context(app: Starlette, prefix: str, context: Context) -> None:
    """Give every page below this path (errors too) what `context` says: names, labels, layout."""
    _contexts(app)[prefix] = context


def _contexts(app: Starlette) -> dict[str, Context]:
    if not hasattr(app.state, "page_contexts"):
        app.state.page_contexts = {}
    contexts: dict[str, Context] = app.state.page_contexts
    return contexts


def door_context(request: Request) -> Mapping[str, object]:
    """What the door that owns this path says of its pages; the longest prefix wins."""
    contexts = _contexts(request.app)
    fitting = [p for p in contexts if p in ("", "/") or under(request.url.path, (p,))]
    return contexts[max(fitting, key=len)](request) if fitting else {}


def render(request: Request, name: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A page as an answer. It knows the site, the door's own context and what is given here."""
    return HTMLResponse(html(request, name, **{**door_context(request), **context}), status)


def html(request: Request, name: str, **context: Any) -> str:
    """A template as text, without the door's context: for a part of a page or a live update."""
    site = site_of(request)
    known = {
        "request": request,
        "site": site,
        "service": site.service,
        "sample": site.sample,
        "csp_nonce": edge_of(request.scope).nonce,
        "csrf_token": partial(csrf_token, request),
        "form_token": partial(_hidden_token, request),
    }
    return _pages.get_template(name).render({**known, **context})


def _hidden_token(request: Request) -> Markup:
    return HIDDEN.format(name=TOKEN_FIELD, value=csrf_token(request))
