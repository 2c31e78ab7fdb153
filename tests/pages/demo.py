"""A small application with one page of each layout, for the tests of waiting_room/pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse

from waiting_room.errors import BadInput, Forbidden, NotFound, Refused, StorageRefused
from waiting_room.pages.render import add_context, add_folder, render
from waiting_room.pages.security import CheckedForm
from waiting_room.pages.setup import install
from waiting_room.pages.site import Site

TEMPLATES = Path(__file__).parent / "templates"
SECRET_WORDS = "Sample Alex cannot sleep"
REFUSALS = {
    "refused": Refused("Already taken by Priya"),
    "missing": NotFound("patient 17 belongs to another team"),
    "storage": StorageRefused("disk of sample-host is full"),
    "forbidden": Forbidden("Only a duty lead may do that"),
    "bad": BadInput("phone", "Enter a phone number with 11 digits"),
}
NAVIGATION = [
    {"text": "Today", "href": "/desk", "current": True},
    {"text": "Alerts", "href": "/desk/alerts", "count": 3},
    {"text": "People", "href": "/desk/people"},
    {"text": "Groups", "href": "/desk/groups"},
    {"text": "Help lines", "href": "/desk/help-lines"},
    {"text": "Reports", "href": "/desk/reports"},
]


def make(public_url: str = "http://testserver", *, sample: bool = True) -> FastAPI:
    """The demo application under this address."""
    app = FastAPI(docs_url=None, redoc_url=None)
    add_folder("demo", TEMPLATES)
    app.include_router(_pages(), prefix="")
    app.include_router(_trouble(), prefix="/trouble")
    install(app, public_url=public_url, site=Site(service="Sample Community Hub", sample=sample))
    add_context(app, "/chat", _chat_context)
    add_context(app, "/desk", _desk_context)
    return app


def _chat_context(request: Request) -> dict[str, object]:
    return {"layout": "layouts/chat.html", "home_url": "/chat", "sign_out_url": "/chat/sign-out"}


def _desk_context(request: Request) -> dict[str, object]:
    return {
        "layout": "layouts/desk.html",
        "nav_items": NAVIGATION,
        "user": "Sample Priya",
        "staff": True,
        "home_url": "/desk",
        "sign_out_url": "/desk/sign-out",
        "alive": {"ok": True, "words": "Last sign of life 4 seconds ago. Alerts are going out."},
    }


def _pages() -> APIRouter:
    router = APIRouter()

    @router.get("/chat")
    def chat(request: Request) -> HTMLResponse:
        return render(request, "demo/chat.html", title="Your waiting room", send_url="/chat")

    @router.post("/chat")
    def said(fields: CheckedForm) -> PlainTextResponse:
        return PlainTextResponse(f"heard {fields.text('message')}")

    @router.get("/desk")
    def desk(request: Request) -> HTMLResponse:
        return render(request, "demo/desk.html", title="Today", live=True)

    @router.get("/desk/form")
    def form(request: Request) -> HTMLResponse:
        problems = {"phone": "Enter a phone number", "born": "Enter a date of birth"}
        return render(request, "demo/form.html", title="Add a person", problems=problems)

    @router.get("/help")
    def help_now() -> PlainTextResponse:
        return PlainTextResponse("999, 111, 116 123")

    @router.post("/telegram/hook")
    async def hook(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    return router


def _trouble() -> APIRouter:
    router = APIRouter()

    @router.get("/{kind}")
    def raise_it(kind: str) -> None:
        raise REFUSALS[kind]

    @router.post("/crash")
    def crash(fields: CheckedForm) -> None:
        raise RuntimeError(f"insert failed for {fields.text('message')}")

    @router.get("/token/{token}")
    def token(token: str) -> PlainTextResponse:
        return PlainTextResponse("ok")

    @router.get("/number/{number}")
    def number(number: int) -> PlainTextResponse:
        return PlainTextResponse(str(number))

    @router.get("/half/way")
    def half() -> Response:
        def body() -> object:
            yield "half"
            raise RuntimeError("the rest is lost")

        return StreamingResponse(body())  # type: ignore[arg-type]

    return router
