"""Headers on every answer, and the token that proves a form came from our own page."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData, MutableHeaders, UploadFile
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from waiting_room.errors import Forbidden
from waiting_room.pages.site import Edge, Site, edge_of, site_of, under

TOKEN_FIELD = "form_token"
TOKEN_HEADER = "x-form-token"
MAX_FIELDS = 200
MAX_FILES = 5
MAX_PART = 64 * 1024
# Without includeSubDomains: the provider's other sites are not ours to speak for.
HTTPS_ONLY = "max-age=31536000"
FIXED_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not `no-referrer`: with it browsers send `Origin: null` on our own forms, and an old phone
    # that sends no Fetch Metadata would be refused.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class FormRefused(Forbidden):
    """The form carries no token of ours, or that of another browser. Nothing was changed."""

    code = "form_token"


class SecurityHeaders:
    """Outermost layer: every answer leaves with the same protection, errors too."""

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        self.app = app
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make the edge of this request, then put headers on whatever answers it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        edge = edge_of(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._protect(MutableHeaders(scope=message), edge, scope["path"])
            await send(message)

        await self.app(scope, receive, guarded)

    def _protect(self, headers: MutableHeaders, edge: Edge, path: str) -> None:
        headers.update(FIXED_HEADERS)
        headers["content-security-policy"] = content_policy(edge.nonce)
        if self.site.is_https:
            headers["strict-transport-security"] = HTTPS_ONLY
        if not under(path, ("/static",)):
            # Who presses "back" on a shared computer after signing out must see nothing.
            headers["cache-control"] = "no-store"
        if edge.form_secret:
            headers.append("set-cookie", _form_cookie(edge.form_secret, self.site))


def content_policy(nonce: str) -> str:
    """What a browser may load into our pages: our own files and nothing inline."""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def _cookie_name(site: Site) -> str:
    return "__Host-form" if site.is_https else "form"


def _form_cookie(secret: str, site: Site) -> str:
    cookie: SimpleCookie = SimpleCookie()
    name = _cookie_name(site)
    cookie[name] = secret
    cookie[name]["path"] = "/"
    cookie[name]["httponly"] = True
    cookie[name]["samesite"] = "Lax"
    cookie[name]["secure"] = site.is_https
    return cookie[name].OutputString()


def csrf_token(request: Request) -> str:
    """The token a form on this page must send back. Sets the cookie it is bound to when needed."""
    held = request.cookies.get(_cookie_name(site_of(request)), "")
    edge = edge_of(request.scope)
    if not held and not edge.form_secret:
        edge.form_secret = secrets.token_urlsafe(32)
    # A new salt each time, so that compressed pages do not give the token away letter by letter.
    salt = secrets.token_hex(8)
    return f"{salt}.{_sign(request, held or edge.form_secret, salt)}"


def _sign(request: Request, secret: str, salt: str) -> str:
    message = f"form\x1f{secret}\x1f{salt}".encode()
    return hmac.new(site_of(request).form_key, message, hashlib.sha256).hexdigest()


def token_fits(request: Request, token: str) -> bool:
    """Whether this token was made for the browser that sends it."""
    secret = request.cookies.get(_cookie_name(site_of(request)), "")
    salt, _, signature = token.partition(".")
    if not (secret and salt and signature):
        return False
    # In constant time: a comparison that stops at the first wrong letter tells where it is.
    return hmac.compare_digest(_sign(request, secret, salt).encode(), signature.encode())


@dataclass(frozen=True)
class Fields:
    """What a checked form holds, as text unless asked otherwise."""

    form: FormData

    def text(self, name: str) -> str:
        """One field, without blanks at its ends; "" when it is absent."""
        value = self.form.get(name, "")
        return _storable(value).strip() if isinstance(value, str) else ""

    def texts(self, name: str) -> list[str]:
        """Every value of a field, such as ticked boxes."""
        values = self.form.getlist(name)
        return [_storable(value) for value in values if isinstance(value, str)]

    def file(self, name: str) -> UploadFile | None:
        """An uploaded file, if one was chosen."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None


def _storable(value: str) -> str:
    """Nobody types a NUL, and not every database takes one."""
    return value.replace("\x00", "")


async def check_form(request: Request) -> Fields:
    """The fields of a form that our own page sent; anything else is refused without effect."""
    form = await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS, max_part_size=MAX_PART)
    token = request.headers.get(TOKEN_HEADER) or form.get(TOKEN_FIELD)
    if not isinstance(token, str) or not token_fits(request, token):
        raise FormRefused("form token")
    return Fields(form)


CheckedForm = Annotated[Fields, Depends(check_form)]
