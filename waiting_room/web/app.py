"""Compose the web doors into one application."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI

from waiting_room import keyring
from waiting_room.pages.render import add_context, add_folder
from waiting_room.pages.setup import install
from waiting_room.pages.site import Site
from waiting_room.settings import Settings
from waiting_room.web import demo, health, live, public, sign_in, welcome
from waiting_room.web.desk import (
    alerts,
    alive,
    first_run,
    held,
    invitations,
    me,
    navigation,
    patient_acts,
    patients,
    referrals,
    search,
    staff,
    today,
    word_edit,
    words,
)
from waiting_room.web.refer import pages as refer

TEMPLATES = Path(__file__).parent / "templates"
# Pages for people; they stay out of the API's description.
PAGES: tuple[APIRouter, ...] = (
    public.router,
    sign_in.router,
    welcome.router,
    first_run.router,
    me.router,
    staff.router,
    word_edit.router,
    words.router,
    demo.router,
    today.router,
    alive.router,
    live.router,
    search.router,
    alerts.router,
    held.router,
    patients.router,
    patient_acts.router,
    invitations.router,
    referrals.router,
    refer.router,
)


def build(settings: Settings, *, checks: health.Checks | None = None) -> FastAPI:
    """The whole web application. The database and the keyring must be open already.

    `checks` are further conditions of /health/ready, by name, of whoever composes the process.
    """
    app = FastAPI(
        title="The virtual waiting room",
        version=version("virtual-waiting-room"),
        # Its pages load scripts from elsewhere, which our content policy forbids.
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.settings = settings
    app.state.checks = checks or {}
    # Templates are called `web/<folder>/<name>.html`.
    add_folder("web", TEMPLATES)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    app.include_router(health.router, include_in_schema=False)
    install(app, public_url=settings.address, site=_site(settings))
    add_context(app, "/", public.public_context)
    add_context(app, "/desk", navigation.desk_context)
    return app


def _site(settings: Settings) -> Site:
    keys = keyring.current()
    sample = keys.sample or settings.env == "demo"
    # Derived, so that a restart or a second process takes the forms of the first.
    return Site(sample=sample, form_key=keys.fingerprint("forms").encode())
