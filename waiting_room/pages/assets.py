"""Static files, addressed by their content so that a browser may keep them for a year."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
A_YEAR = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=3600"


def static_url(name: str) -> str:
    """The address of a static file; it changes when the file does."""
    return f"{PREFIX}/{name}?v={_digest(name)}"


@lru_cache(maxsize=64)
def _digest(name: str) -> str:
    return hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]


class _KeptFiles(StaticFiles):
    """Files a browser keeps: for a year under the right digest, else for an hour."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            current = _is_current(path, scope["query_string"])
            response.headers["cache-control"] = A_YEAR if current else A_WHILE
        return response


def _is_current(path: str, query: bytes) -> bool:
    # During a release an old page may ask a new process: a wrong digest must not stick for a year.
    asked = parse_qs(query.decode("latin-1")).get("v", [""])
    return asked[0] == _digest(path)


def static_app() -> ASGIApp:
    """What is mounted at /static: compressed, as these bytes hold no secret to guess by size."""
    return GZipMiddleware(_KeptFiles(directory=FOLDER), minimum_size=1000)
