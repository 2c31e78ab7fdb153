"""Commands about words: the library, and the words of danger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from waiting_room import clock, db, library, settings
from waiting_room.care import danger as rules
from waiting_room.cli.telling import AsJson, err, out, tell, told_plainly
from waiting_room.errors import BadInput
from waiting_room.library import loose, starting, upkeep
from waiting_room.library.reading import is_library
from waiting_room.opening import opened
from waiting_room.web import preview as showing

content = typer.Typer(help="The words people read.", no_args_is_help=True)


def danger(
    text: Annotated[str, typer.Argument(help="What somebody might write.")] = "",
    jsonl: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help='Lines {"id","text"} in, {"id","alert","kind","matched"} out.',
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What the danger rules make of a text. They know words, not people."""
    known = rules.load(settings.load().content_folder / "danger-words")
    if jsonl is not None:
        # Bytes, because only a line feed ends a line of JSON: text has other breaks inside.
        for number, line in enumerate(jsonl.read_bytes().split(b"\n"), start=1):
            if line.strip():
                print(json.dumps(_weighed(_line(line, number), known)))
        return
    found = _weighed({"id": "", "text": text}, known)
    words = f"{found['alert']}: {found['kind']} ({found['matched']})" if found["kind"] else "none"
    tell(found, words, as_json=as_json)


@content.command("check")
@told_plainly
def check(
    folder: Annotated[Path | None, typer.Argument(help="Default: the room's content.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look at every page and every danger rule; exits 1 when something must be put right."""
    folder = folder or settings.load().content_folder
    checks = library.check if is_library(folder) or not any(folder.rglob("*")) else loose.check
    problems = checks(folder, today=clock.wall().date())
    rows = [vars(problem) for problem in problems] + _danger_problems(folder)
    errors = [row for row in rows if row["severity"] == "error"]
    if as_json:
        print(json.dumps(rows))
    else:
        # One line a page until somebody checked them all would hide the lines that can be mended
        # now.
        shown = [row for row in rows if "nobody yet" not in row["message"]]
        for row in shown:
            words = f"{row['file']}:{row['line']}: {row['severity']}: {row['message']}"
            (err if row["severity"] == "error" else out).print(words, markup=False)
        unread = len(rows) - len(shown)
        out.print(
            f"{len(errors)} errors, {len(rows) - len(errors)} warnings ({unread} not verified)"
        )
    if errors:
        raise typer.Exit(1)


@content.command("search")
@told_plainly
def search(
    query: Annotated[str, typer.Argument(help="What somebody might type.")],
    top: Annotated[int, typer.Option(min=1, max=100, help="How many pages at most.")] = 3,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--dir",
            exists=True,
            file_okay=False,
            help="Any folder of Markdown. Default: the room's.",
        ),
    ] = None,
    language: Annotated[str, typer.Option(help="The language of who types.")] = "en",
    as_json: AsJson = False,
) -> None:
    """The pages that fit these words, best first."""
    room = library.read(settings.load().content_folder, today=clock.wall().date())
    index = room.index(language) if folder is None else room.index_of(loose.pages(folder))
    found = index.search(query, most=top)
    rows = [{"page": page.key, "title": page.title} for page in found]
    words = "\n".join(f"{row['page']}: {row['title']}" for row in rows)
    tell(rows, words or "Nothing fits. Try one or two words.", as_json=as_json)


@content.command("new")
@told_plainly
def new(
    name: Annotated[str, typer.Argument(help="Its folder and name, such as self-care/knitting.")],
    title: Annotated[str, typer.Option(prompt="Title", help="What its readers see first.")],
    language: Annotated[str, typer.Option(help="The language it is written in.")] = "en",
    folder: Annotated[Path | None, typer.Option(help="Default: the room's content.")] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a page: a file with every line you must fill in."""
    where, today = folder or settings.load().content_folder, clock.wall().date()
    file = starting.begin(where, name, title=title, today=today, language=language)
    tell({"file": str(file)}, f"Write your words in {file}", as_json=as_json)


@content.command("report")
@told_plainly
def report(
    folder: Annotated[Path | None, typer.Argument(help="Default: the room's content.")] = None,
    as_json: AsJson = False,
) -> None:
    """Which pages need somebody: late, unchecked, not translated."""
    today = clock.wall().date()
    shelf = library.read(folder or settings.load().content_folder, today=today)
    found = upkeep.report(shelf, today=today)
    parts = [
        f"{need}: {len(names)}" + "".join(f"\n  {name}" for name in names)
        for need, names in found.items()
    ]
    tell(dict(found), "\n".join(parts), as_json=as_json)


@content.command("preview")
@told_plainly
def preview(
    folder: Annotated[Path | None, typer.Argument(help="Default: the room's content.")] = None,
    port: Annotated[int, typer.Option(help="Where the browser finds it.")] = 8021,
) -> None:
    """See each page as on a phone and on the web while you change its file. Stop with Ctrl+C."""
    folder = folder or settings.load().content_folder
    address = f"http://127.0.0.1:{port}"
    out.print(f"Open {address} in your browser. It follows {folder}", markup=False)
    app = showing.build(folder, address=address)
    # Only this machine: what is not published yet is nobody else's to read.
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


@content.command("confirm")
@told_plainly
def confirm(
    name: Annotated[str, typer.Option(prompt="Your full name", help="Who checked them.")],
    as_json: AsJson = False,
) -> None:
    """Say that you have checked every crisis page and help line, word for word."""
    if not name.strip():
        raise BadInput("name", "--name: a named person must confirm")
    # Not as production: words may be confirmed before its address and mail server are set.
    with opened(settings.load(env="development")), db.write() as session:
        done = library.confirm(session, by=name.strip(), now=clock.now())
    tell({"confirmed": done}, f"{done} pages confirmed by {name.strip()}", as_json=as_json)


def _weighed(line: dict[str, str], known: rules.Rules) -> dict[str, str]:
    hit = rules.screen(line["text"], known)
    return {
        "id": line["id"],
        "alert": hit.colour if hit else "none",
        "kind": hit.kind if hit else "",
        "matched": hit.matched if hit else "",
    }


def _line(line: bytes, number: int) -> dict[str, str]:
    try:
        found = json.loads(line)
        return {"id": str(found["id"]), "text": str(found["text"])}
    except (ValueError, KeyError, TypeError):
        raise BadInput("jsonl", f'line {number}: write {{"id": …, "text": …}}') from None


def _danger_problems(folder: Path) -> list[dict[str, object]]:
    words = folder / "danger-words"
    if not words.is_dir():
        return []
    try:
        found = rules.check(words)
    except BadInput as problem:
        found = [(problem.field, 0, str(problem))]
    return [
        {"file": f, "line": n, "rule": "danger-words", "severity": "error", "message": m}
        for f, n, m in found
    ]
