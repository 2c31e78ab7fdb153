"""Put the web chat onto an application that has the shared pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from bot.web_chat import answers, joining, routes, stream
from bot.web_chat.limits import Limits
from waiting_room.pages.render import add_context, add_folder

TEMPLATES = Path(__file__).parent / "templates"


def install(app: FastAPI) -> None:
    """Add `/chat`. Call it beside `pages.setup.install`; database, keys and words must be open."""
    # Templates are called `web_chat/<name>.html`.
    add_folder("web_chat", TEMPLATES)
    app.state.chat_limits = Limits()
    # The link stands last: any word below /chat could be one.
    for router in (routes.router, stream.router, joining.router):
        app.include_router(router, include_in_schema=False)
    add_context(app, answers.CHAT, answers.context)
