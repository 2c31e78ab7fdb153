"""The language of the rules, and what an editor is told when a line is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from waiting_room.care import danger
from waiting_room.errors import BadInput

RULE = "## Rule: x\n- kind: doubt\n- colour: amber\n- say: {say}\n- must: {must}\n"


def loaded(folder: Path, say: str, must: str = "x") -> danger.Rules:
    (folder / "en-test.md").write_text(RULE.format(say=say, must=must), encoding="utf-8")
    return danger.load(folder)


@pytest.mark.parametrize(
    ("say", "yes", "no"),
    [
        ("red|green apple", "a green apple", "a blue apple"),
        ("red very? apple", "red apple", "red big apple"),
        ("red going_to? apple", "red apple, red going to apple", "red big apple"),
        ("red <2> apple", "red and big apple", "red and big and apple"),
        ("apple*", "apples", "an appl"),
        ("~rhubarb ripe", "rhubbarb ripe", "thubarb ripe"),
        ("red_and_green|blue apple", "red and green apple", "red and blue apple tree no"),
        ("the red END", "the red.", "the red house"),
        ("the red END", "the red and more", "the red more"),
        ("red <3> apple", "red old apple", "red. Old apple"),
    ],
)
def test_what_a_pattern_matches(tmp_path: Path, say: str, yes: str, no: str) -> None:
    rules = loaded(tmp_path, say)
    assert danger.screen(yes, rules)
    if "blue apple tree" not in no:
        assert danger.screen(no, rules) is None


@pytest.mark.parametrize(
    ("say", "told"),
    [
        ("a||b c", "nothing stands"),
        ("@nolist c", "no list of that name"),
        ("a <9> b", "a gap is a number"),
        ("a? <2>", "at least one word"),
        ("a END b", "END can only be the last"),
        ("a (b)", "only letters and digits"),
        ("~tablet c", "7 letters or more"),
        ("ab* c", "at least 3 letters"),
        (" ".join(["a_b|c_d|e_f|g_h|i_j"] * 4), "too many combinations"),
    ],
)
def test_a_wrong_pattern_is_refused_with_file_and_line(tmp_path: Path, say: str, told: str) -> None:
    with pytest.raises(BadInput, match=r"en-test\.md line 4: ") as caught:
        loaded(tmp_path, say)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("## Rule: x\n- kind: bad\n", 2),
        ("## Rule: x\n- colour: green\n", 2),
        ("## Rule: x\n- kind\n", 2),
        ("## Rule: x\n- kind: life\n", 1),
        ("## Rules\n", 1),
        ("- say: a b\n", 1),
        ("## Harmless\n\n- die\n", 3),
        ("## Lists\n- @a: b\n- @a: c\n", 3),
        ("## Lists\n- @a: @b\n", 2),
        ("* kind: life\n", 1),
        (RULE.format(say="a b", must="a b") * 2, 6),
    ],
)
def test_a_broken_file_is_refused_with_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "en-test.md").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=rf"en-test\.md line {line}: "):
        danger.load(tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en-test.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        danger.load(tmp_path)


def test_check_runs_the_examples(tmp_path: Path) -> None:
    text = (
        RULE.format(say="red apple", must="a green apple")
        + "- must not: red apple pie\n\n## Safe\n- I want to die\n\n## Softer\n- a tree\n"
    )
    (tmp_path / "en-test.md").write_text(text, encoding="utf-8")
    found = danger.check(tmp_path)
    assert [(file, line) for file, line, _ in found] == [
        ("en-test.md", 5),
        ("en-test.md", 6),
        ("en-test.md", 9),
        ("en-test.md", 12),
    ]


def test_the_guide_for_editors_is_no_rule_file(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("## Anything\n- goes\n", encoding="utf-8")
    assert loaded(tmp_path, "red apple").machine.size


def test_check_tells_when_the_words_of_another_rule_get_in_the_way(tmp_path: Path) -> None:
    both = RULE.format(say="~rhubarb ripe", must="rhubbarb ripe")
    both += RULE.replace("Rule: x", "Rule: y").format(say="rhubbarb split", must="rhubbarb split")
    (tmp_path / "en-test.md").write_text(both, encoding="utf-8")
    ((_, line, message),) = danger.check(tmp_path)
    assert line == 5
    assert "another rule hides this one" in message
