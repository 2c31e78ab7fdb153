"""The access log names routes, never the addresses themselves."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/chat?name=alex", "/chat", 200),
        ("/trouble/token/s3cr3t-token", "/trouble/token/{token}", 200),
        ("/trouble/refused", "/trouble/{kind}", 409),
        ("/static/room.css", "/static", 200),
        ("/s3cr3t-token", "-", 404),
    ],
)
def test_route_is_logged_and_no_token(web: TestClient, path: str, route: str, status: int) -> None:
    with capture_logs() as lines:
        web.get(path)
    line = next(line for line in lines if line["event"] == "request")
    assert (line["method"], line["route"], line["status"]) == ("GET", route, status)
    assert line["ms"] >= 0
    assert "s3cr3t" not in str(lines)
    assert "alex" not in str(lines)


def test_one_line_for_each_request(web: TestClient) -> None:
    with capture_logs() as lines:
        web.get("/chat")
        web.get("/nope")
    assert len([line for line in lines if line["event"] == "request"]) == 2


def test_opening_help_leaves_no_line(web: TestClient) -> None:
    with capture_logs() as lines:
        assert web.get("/help").status_code == 200
    assert lines == []
