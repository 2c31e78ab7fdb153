"""One demo site for each test, spoken to as a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tests.pages import demo


@pytest.fixture
def web() -> Iterator[TestClient]:
    """A browser at the demo site."""
    with TestClient(demo.make(), headers={"accept": "text/html"}) as client:
        yield client


@pytest.fixture
def token(web: TestClient) -> str:
    """The token of a form that this browser has just opened."""
    found = re.search(r'name="form_token" value="([^"]+)"', web.get("/chat").text)
    assert found
    return found[1]
