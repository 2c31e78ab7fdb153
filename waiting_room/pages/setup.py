"""Put everything both web doors share onto an application."""

from __future__ import annotations

from dataclasses import replace

from asgi_cross_origin_protection import CrossOriginProtection
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from waiting_room.pages.access_log import AccessLog
from waiting_room.pages.assets import PREFIX, static_app
from waiting_room.pages.errors import LastResort, Problem, answer, register
from waiting_room.pages.limits import BodyLimit, RateLimit
from waiting_room.pages.security import MAX_FIELDS, MAX_FILES, MAX_PART, SecurityHeaders
from waiting_room.pages.site import Site


def install(app: FastAPI, *, public_url: str, site: Site | None = None) -> None:
    """Add static files, error pages, limits, log and security. Call it after other middleware."""
    site = replace(site or Site(), public_url=public_url)
    app.state.site = site
    app.router.form_limits = {
        "max_fields": MAX_FIELDS,
        "max_files": MAX_FILES,
        "max_part_size": MAX_PART,
    }
    register(app)
    app.mount(PREFIX, static_app(), name="static")
    _add_layers(app, site)


def _add_layers(app: FastAPI, site: Site) -> None:
    # The one added last stands outermost and sees every answer.
    app.add_middleware(
        CrossOriginProtection,
        allowed_origins=[site.origin],
        # Telegram is another site, and proves itself by its own secret.
        exempt_paths=["/telegram"],
        deny_app=_refuse_foreign,
    )
    app.add_middleware(RateLimit, site=site)
    app.add_middleware(BodyLimit, larger=site.larger_bodies)
    app.add_middleware(LastResort)
    app.add_middleware(AccessLog, site=site)
    app.add_middleware(SecurityHeaders, site=site)


async def _refuse_foreign(scope: Scope, receive: Receive, send: Send) -> None:
    refused = answer(Request(scope), Problem(403, "other_site"), plain=True)
    await refused(scope, receive, send)
