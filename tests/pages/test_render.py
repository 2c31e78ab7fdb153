"""Layouts and form macros: escaped, labelled, in the reader's language."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.responses import HTMLResponse

from waiting_room.pages.render import add_context, add_folder, render
from waiting_room.pages.setup import install
from waiting_room.pages.site import Site

EVIL = '<img src=x onerror="alert(1)">'
MACROS = """
{% from "layouts/forms.html" import error_summary, text_field, text_area, select_field,
   radio_group, tick_boxes, date_field, button, link_button, tag with context %}
{% from "layouts/parts.html" import bubble, answer_keys, timeline, colour_tag, alive_banner %}
{{ error_summary({"a": w}, w) }}
{{ text_field("a", w, w, {"a": w}, w) }}{{ text_area("a", w, w, {"a": w}, w) }}
{{ select_field("a", w, [(w, w)], w, {"a": w}, w) }}
{{ radio_group("a", w, [(w, w, w)], w, {"a": w}, w) }}
{{ tick_boxes("a", w, [(w, w, w)], [w], {"a": w}, w) }}
{{ date_field("a", w, {"day": w, "month": w, "year": w}, {"a": w}, w) }}
{{ button(w, "warning", "a", w) }}{{ link_button(w, "/x") }}{{ tag(w) }}
{% call bubble("you", w, w, w, "m1") %}{{ w }}{% endcall %}
{{ answer_keys([[{"text": w, "value": w}, {"text": w, "href": "/x"}]], w) }}
{{ timeline([{"when": w, "iso": w, "by": w, "title": w, "text": w}]) }}
{{ colour_tag("red", w) }}{{ alive_banner(false, w) }}
"""


def page_of(folder: Path, template: str, site: Site | None = None, **context: object) -> str:
    (folder / "page.html").write_text(template, encoding="utf-8")
    app = FastAPI()
    add_folder("scratch", folder)

    @app.get("/")
    def page(request: Request) -> HTMLResponse:
        return render(request, "scratch/page.html", **context)

    install(app, public_url="http://testserver", site=site)
    with TestClient(app) as web:
        answer = web.get("/")
    assert answer.status_code == 200
    return answer.text


def test_no_macro_lets_markup_through(tmp_path: Path) -> None:
    page = page_of(tmp_path, MACROS, w=EVIL)
    assert "<img" not in page
    assert page.count("&lt;img") > 30


def test_written_lines_come_back_as_they_were(tmp_path: Path) -> None:
    template = '{% from "layouts/forms.html" import text_area %}{{ text_area("a", "A", w) }}'
    assert ">one\n  two\n\nthree</textarea>" in page_of(tmp_path, template, w="one\n  two\n\nthree")


def test_labels_of_the_door_replace_the_english(tmp_path: Path) -> None:
    labels = {"leave_page": "Gadael y dudalen hon", "privacy": "Preifatrwydd"}
    page = page_of(tmp_path, '{% extends "layouts/chat.html" %}', lang="cy", labels=labels)
    assert '<html lang="cy"' in page
    assert "Gadael y dudalen hon" in page
    assert "Preifatrwydd" in page
    assert "Leave this page<" not in page
    assert "Accessibility" in page


def test_right_to_left_languages_are_marked(tmp_path: Path) -> None:
    page = page_of(tmp_path, '{% extends "layouts/chat.html" %}', lang="ur", direction="rtl")
    assert '<html lang="ur" dir="rtl">' in page


def test_sample_data_is_marked_only_where_it_is_sample(tmp_path: Path) -> None:
    template = '{% extends "layouts/base.html" %}'
    assert "room-sample" in page_of(tmp_path, template, Site(sample=True))
    assert "room-sample" not in page_of(tmp_path, template, Site(sample=False))


def test_leaving_is_an_ordinary_link_without_javascript(web: TestClient) -> None:
    page = web.get("/chat").text
    assert 'href="https://www.bbc.co.uk/weather" rel="noreferrer noopener" data-leave' in page
    assert "Your browser still remembers" in page


@pytest.mark.parametrize("path", ["/chat", "/desk", "/nope"])
def test_every_page_leads_to_help_privacy_and_accessibility(web: TestClient, path: str) -> None:
    page = web.get(path).text
    for address in ("/help", "/privacy", "/accessibility", "#maincontent"):
        assert f'href="{address}"' in page


def test_title_says_that_there_is_an_error(web: TestClient) -> None:
    assert "<title>Error: Add a person</title>" in web.get("/desk/form").text


def test_longest_prefix_gives_the_context(tmp_path: Path) -> None:
    (tmp_path / "name.html").write_text("{{ service }}", encoding="utf-8")
    app = FastAPI()
    add_folder("scratch", tmp_path)
    for prefix, name in (("", "all"), ("/desk", "desk"), ("/desk/in", "inner")):
        add_context(app, prefix, lambda request, name=name: {"service": name})

    @app.get("/{path:path}")
    def page(request: Request, path: str) -> HTMLResponse:
        return render(request, "scratch/name.html")

    install(app, public_url="http://testserver")
    with TestClient(app) as web:
        found = [web.get(path).text for path in ("/", "/desk/x", "/desk/in/x", "/desks")]
    assert found == ["all", "desk", "inner", "all"]
