"""What is true of the whole site, and what is true of one request at its edge."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope

# No letters or digits that are mistaken for one another when read out over the phone.
READABLE = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
EDGE = "room.edge"

Context = Callable[[Request], Mapping[str, object]]


@dataclass(frozen=True)
class Site:
    """What every page knows: addresses, the provider's name, limits."""

    public_url: str = "http://127.0.0.1:8000"
    service: str = "The waiting room"
    help_url: str = "/help"
    privacy_url: str = "/privacy"
    accessibility_url: str = "/accessibility"
    # What anybody might be reading when somebody else comes into the room.
    leave_url: str = "https://www.bbc.co.uk/weather"
    sample: bool = False
    form_key: bytes = b""
    # A person in danger is never told to slow down, and a machine that watches us is not a flood.
    never_limited: tuple[str, ...] = ("/help", "/chat", "/static", "/health", "/telegram")
    # An update with two long messages full of emoji passes 64 kB; refusing it would lose words.
    larger_bodies: Mapping[str, int] = field(default_factory=lambda: {"/telegram": 1_048_576})

    @property
    def is_https(self) -> bool:
        """Whether people reach us over https."""
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        """Scheme, host and port of the public address."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass
class Edge:
    """One request as the edge sees it; the same object for every layer."""

    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    reference: str = field(default_factory=lambda: new_reference())
    form_secret: str = ""


def new_reference() -> str:
    """A random name for one failed request, short enough to read out: `K7F3-9QPD`."""
    letters = "".join(secrets.choice(READABLE) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def site_of(request: Request) -> Site:
    """The site this request came to."""
    site = getattr(request.app.state, "site", None)
    return site if isinstance(site, Site) else Site()


def edge_of(scope: Scope) -> Edge:
    """The edge of this request; made here when no middleware made one before."""
    edge = scope.get(EDGE)
    if not isinstance(edge, Edge):
        edge = scope[EDGE] = Edge()
    return edge


def under(path: str, prefixes: tuple[str, ...]) -> bool:
    """Whether a path is one of these or lies below it: /help and /help/now, not /helpers."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
