"""Each command answers people in words and programs in JSON, and refuses in one line."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from waiting_room import clock, db, keyring, settings
from waiting_room.care import conversations, invitations
from waiting_room.models import Patient
from waiting_room.opening import opened

COMMANDS = (
    "", "backup", "restore", "serve", "demo", "clock", "erase", "danger", "states",
    "staff", "staff add", "staff reset", "referral", "referral add",
    "content", "content check", "content search", "content new", "content report",
    "content confirm", "content preview",
    "key", "key rotate", "audit", "audit verify",
)  # fmt: skip
REFERRAL = (
    "referral", "add", "--name", "Sample Alex", "--birth-date", "1958-03-27", "--agreed",
    "--reason", "Would like company.", "--referrer", "Sample Surgery, 0113 496 0123",
    "--phone", "07700 900123",
)  # fmt: skip
ADD = ("staff", "add", "priya@example.org", "--name", "Sample Priya")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    assert "--help" in run(*command.split(), "--help").stdout


def test_staff_are_added_and_let_in_again(run: Run) -> None:
    added = json.loads(run(*ADD, "--json").stdout)
    assert added["link"].startswith("http://127.0.0.1:8000/desk/welcome/")
    again = json.loads(run("staff", "reset", "PRIYA@example.org", "--json").stdout)
    assert again["staff_id"] == added["staff_id"]
    assert again["link"] != added["link"]
    assert "works once" in run("staff", "reset", "priya@example.org").stdout


@pytest.mark.parametrize(
    "words",
    [
        ADD,
        ("staff", "add", "not an address", "--name", "Sample Priya"),
        ("staff", "add", "kim@example.org", "--name", " "),
        ("staff", "add", "kim@example.org", "--name", "Sample Kim", "--role", "king"),
        ("staff", "reset", "nobody@example.org"),
        (*REFERRAL[:4], "--birth-date", "27 March", *REFERRAL[6:]),
        (*REFERRAL, "--nhs-number", "9990000000"),
        (*REFERRAL, "--source", "the moon"),
        tuple(word for word in REFERRAL if word != "--agreed"),
        ("erase", "--yes", "nobody"),
        ("audit", "verify", "--anchor", "three"),
        ("clock", "--jump", "2d"),
        ("serve", "--only", "everything"),
        ("serve", "--only", "web,bot", "--only", "all"),
        ("content", "confirm", "--name", " "),
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_what_cannot_be_is_refused_in_one_line(run: Run, words: tuple[str, ...]) -> None:
    if words == ADD:
        run(*words)
    assert run(*words, code=1).stderr.count("waiting-room: ") == 1


def test_a_referral_prints_a_link_and_a_pin_that_let_one_person_in(run: Run) -> None:
    facts = json.loads(run(*REFERRAL, "--json").stdout)
    assert facts["link"].endswith(f"/chat/{facts['token']}")
    assert len(facts["pin"]) == 7
    with opened(settings.load()), db.write() as session:
        now = clock.now()
        address = conversations.address(session, "web_chat", "sample browser", now=now)
        found = invitations.find(session, facts["token"], now=now)
        assert found is not None
        joined = invitations.join(session, found.id, facts["pin"], address, now=now)
        person = session.get_one(Patient, joined.patient_id)
        assert person.name == "Sample Alex"
    words = run(*REFERRAL[:3], "Sample Bea", *REFERRAL[4:]).stdout
    assert [line.split()[0] for line in words.splitlines()] == ["reference", "link", "PIN"]


def test_a_person_is_forgotten_only_when_it_is_meant(run: Run, data: Path) -> None:
    run(*REFERRAL)
    database = sqlite3.connect(data / "waiting-room.db")
    (person,) = database.execute("SELECT id FROM patient").fetchone()
    database.close()
    run("erase", person, typed="n\n", code=1)
    assert json.loads(run("erase", person, "--yes", "--json").stdout) == {"erased": person}
    run("erase", person, "--yes", code=1)
    with opened(settings.load()), db.read() as session:
        assert session.get_one(Patient, person).name is None
    assert (data / "destroyed-keys.txt").exists()


def test_danger_words_are_weighed(run: Run, tmp_path: Path) -> None:
    red = json.loads(run("danger", "I want to end my life", "--json").stdout)
    assert red["alert"] == "red"
    assert run("danger", "The bus was late").stdout == "none\n"
    texts = ["I want to end my life", "The bus was late", "half a smile \ud83d", "a\u2028b", ""]
    file = tmp_path / "texts.jsonl"
    lines = [json.dumps({"id": n, "text": text}) for n, text in enumerate(texts)]
    lines[3] = json.dumps({"id": 3, "text": texts[3]}, ensure_ascii=False)
    file.write_text("\n\n".join(lines), encoding="utf-8")
    found = [json.loads(line) for line in run("danger", "--jsonl", str(file)).stdout.splitlines()]
    assert [row["id"] for row in found] == list("01234")
    assert [row["alert"] for row in found] == ["red", "none", "none", "none", "none"]


@pytest.mark.parametrize("line", [b"no json", b'{"id": 1}', b"[1]", b'{"id":"1","text":"\xff"}'])
def test_a_wrong_line_of_texts_is_named(run: Run, tmp_path: Path, line: bytes) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_bytes(b'{"id":"1","text":"fine"}\n' + line)
    assert "line 2" in run("danger", "--jsonl", str(file), code=1).stderr
    run("danger", "--jsonl", str(tmp_path / "absent"), code=2)


def test_content_is_searched_in_everyday_words(run: Run, tmp_path: Path) -> None:
    rows = json.loads(run("content", "search", "cant slep", "--top", "1", "--json").stdout)
    assert rows == [{"page": "self-care/sleep", "title": "Sleeping better"}]
    assert "Try one or two words" in run("content", "search", "qwertyuiop").stdout
    (tmp_path / "a.md").write_text("# Mending bikes\nWith a spanner.", encoding="utf-8")
    other = run("content", "search", "my bike", "--dir", str(tmp_path), "--json").stdout
    assert json.loads(other) == [{"page": "a", "title": "Mending bikes"}]


def test_a_page_is_begun_and_never_written_over(run: Run, tmp_path: Path) -> None:
    given = (
        "content",
        "new",
        "self-care/knitting",
        "--title",
        "Knitting",
        "--folder",
        str(tmp_path),
    )
    file = Path(json.loads(run(*given, "--json").stdout)["file"])
    assert file == tmp_path / "en" / "self-care" / "knitting.md"
    assert 'title: "Knitting"' in file.read_text("utf-8")
    file.write_text("my words", "utf-8")
    assert "is there already" in run(*given, code=1).stderr
    assert file.read_text("utf-8") == "my words"
    astray = ("content", "new", "../../etc/cron", "--title", "x", "--folder", str(tmp_path))
    assert "name it folder/page" in run(*astray, code=1).stderr
    assert "write it as en" in run(*given, "--language", "../out", code=1).stderr


def test_editors_are_told_which_pages_need_somebody(run: Run, tmp_path: Path) -> None:
    run("content", "new", "self-care/knitting", "--title", "Knitting", "--folder", str(tmp_path))
    found = json.loads(run("content", "report", str(tmp_path), "--json").stdout)
    assert found["checked by nobody yet"] == ["en/self-care/knitting"]
    assert found["help line expired"] == found["not translated"] == []
    assert "checked by nobody yet: 1" in run("content", "report", str(tmp_path)).stdout


def test_content_is_checked_by_file_and_line(run: Run, tmp_path: Path) -> None:
    rows = json.loads(run("content", "check", "--json").stdout)
    assert not [row for row in rows if row["severity"] == "error"]
    page = tmp_path / "words" / "en" / "self-care" / "sleep.md"
    page.parent.mkdir(parents=True)
    page.write_text("---\ntitle: Sleep\n---\n<script>alert(1)</script>\n", encoding="utf-8")
    found = json.loads(run("content", "check", str(tmp_path / "words"), "--json", code=1).stdout)
    assert {row["file"] for row in found if row["severity"] == "error"} == {"en/self-care/sleep.md"}


def test_pages_are_confirmed_by_a_named_person(run: Run) -> None:
    assert json.loads(run("content", "confirm", "--name", "Sample Pat", "--json").stdout)[
        "confirmed"
    ]


def test_the_clock_shows_both_times(run: Run) -> None:
    facts = json.loads(run("clock", "--json").stdout)
    assert facts["ahead"] == "0:00:00"
    assert "care time" in run("clock").stdout


def test_the_key_is_rotated_and_the_chain_stays_whole(run: Run, data: Path) -> None:
    before = (data / "master.key").read_text()
    facts = json.loads(run("key", "rotate", "--json").stdout)
    assert facts["wrapped"] > 0
    assert facts["key_id"] in (data / "recovery-sheet.txt").read_text()
    whole = json.loads(run("audit", "verify", "--json").stdout)
    assert whole["ok"] is True
    assert before not in (data / "master.key").read_text()
    assert "is whole" in run("audit", "verify", "--anchor", whole["head"]).stdout


def test_tampering_is_told_by_place_and_exit_code(run: Run, data: Path) -> None:
    head = json.loads(run("audit", "verify", "--json").stdout)["head"]
    database = sqlite3.connect(data / "waiting-room.db")
    database.execute("UPDATE audit SET did = 'nothing' WHERE place = 1")
    database.commit()
    database.close()
    facts = json.loads(run("audit", "verify", "--json", code=1).stdout)
    assert facts["trouble"].startswith("row 1 ")
    assert "row 1" in run("audit", "verify", "--anchor", head, code=1).stdout


def test_states_are_printed_as_markdown(run: Run) -> None:
    assert "referral" in run("states").stdout


def test_a_start_that_cannot_be_is_one_line(run: Run, data: Path) -> None:
    (data / "master.key").rename(data / "away.key")
    assert "missing" in run("clock", code=1).stderr
    (data / "away.key").rename(data / "master.key")
    (data / "keys.db").unlink()
    assert "database of keys" in run("clock", code=1).stderr
    assert keyring._current is None
