"""What a referral must say: every bad field named, every good one in one spelling."""

from __future__ import annotations

import json
from datetime import date

import pytest

from waiting_room.care import intake
from waiting_room.errors import BadForm

TODAY = date(2026, 11, 25)
GOOD = {
    "name": "Sample Alex",
    "birth_date": "1958-03-27",
    "source": "gp",
    "reason": "Lives alone since spring.",
    "referrer": "Sample Surgery",
    "agreed": True,
    "no_known_risks": True,
}


def _checked(**changes: object) -> intake.Intake:
    return intake.check(GOOD | changes, today=TODAY)


def _problem(**changes: object) -> str:
    """The one thing that is wrong with this field."""
    with pytest.raises(BadForm) as refused:
        _checked(**changes)
    assert list(refused.value.problems) == list(changes)[:1]
    return next(iter(refused.value.problems.values()))


@pytest.mark.parametrize("said", ["no", "", None, False, "true", 0, [], "YES"])
def test_without_a_plain_yes_there_is_no_referral(said: object) -> None:
    assert "once the person has agreed" in _problem(agreed=said)


@pytest.mark.parametrize("said", [True, "yes"])
def test_a_form_and_a_program_say_yes_in_their_own_way(said: object) -> None:
    assert _checked(agreed=said).agreed


@pytest.mark.parametrize(
    ("born", "reason"),
    [
        ("2031-01-01", "must be in the past"),
        ("2026-11-26", "must be in the past"),
        ("1890-01-01", "more than 120 years ago"),
        ("1980-02-31", "not a date in the calendar"),
        ("yesterday", "not a date in the calendar"),
        ("", "Enter the birth date"),
        (19580327, "Enter this as text"),
        ("2008-11-26", "18 or over"),
        ("2026-11-25", "18 or over"),
    ],
)
def test_a_birth_date_that_cannot_be_is_refused_with_the_reason(born: object, reason: str) -> None:
    assert reason in _problem(birth_date=born)


@pytest.mark.parametrize("born", ["2008-11-25", "1906-01-01", "2004-02-29"])
def test_eighteen_today_and_very_old_are_welcome(born: str) -> None:
    assert _checked(birth_date=born).birth_date == date.fromisoformat(born)


@pytest.mark.parametrize(
    "number",
    ["9434765918", "943476591", "94347659190", "9999999999", "abcdefghij", "９４３４７６５９１９"],
)
def test_a_wrong_nhs_number_is_refused_by_its_check_digit(number: str) -> None:
    assert "check digit" in _problem(nhs_number=number)


@pytest.mark.parametrize(
    "number", ["943 476 5919", "943-476-5919", "943\u00a0476\u00a05919", " 9434765919 "]
)
def test_an_nhs_number_is_kept_without_spaces(number: str) -> None:
    assert _checked(nhs_number=number).nhs_number == "9434765919"


@pytest.mark.parametrize(
    ("phone", "kept"),
    [
        ("07700 900123", "+447700900123"),
        ("+44 7700 900123", "+447700900123"),
        ("020 7946 0123", "+442079460123"),
        ("+48 512 345 678", "+48512345678"),
        ("", ""),
    ],
)
def test_a_phone_is_kept_as_the_world_writes_it(phone: str, kept: str) -> None:
    assert _checked(phone=phone).phone == kept


@pytest.mark.parametrize("phone", ["999", "12", "call me", "0" * 31])
def test_what_is_no_phone_is_refused(phone: str) -> None:
    assert _problem(phone=phone)


def test_a_name_has_a_limit_and_at_least_one_letter() -> None:
    assert _problem(name="n" * 300) == "Use 200 characters or fewer."
    for nobody in ("   ", "", "\u200b\u200e", "...", "42", None):
        assert _problem(name=nobody) == "Enter the person's full name."
    assert _problem(name=["Sample"]) == "Enter this as text."


@pytest.mark.parametrize("name", ["Żaneta Próba", "李明", "Siân O'Sample", "ד״ר דוגמה", "A"])
def test_names_of_the_world_are_names(name: str) -> None:
    assert _checked(name=name).name == name


def test_a_line_is_one_line_and_a_text_keeps_its_lines() -> None:
    checked = _checked(name="Sample\r\nAlex\tB\x00", reason="One.\r\nTwo.\x07", risks="")
    assert checked.name == "Sample Alex B"
    assert checked.reason == "One.\nTwo."
    lone = json.loads('"Sample \\ud83d Alex"')
    assert _checked(name=lone).name == "Sample Alex"


def test_a_field_we_do_not_know_is_named() -> None:
    assert _problem(role="admin").startswith("unknown_field")


def test_every_wrong_field_shows_at_once() -> None:
    with pytest.raises(BadForm) as refused:
        intake.check({"role": "admin"}, today=TODAY)
    wanted = {"role", "name", "birth_date", "source", "reason", "referrer", "agreed", "risks"}
    assert set(refused.value.problems) == wanted
    assert "Say why you are referring them." in str(refused.value)


def test_a_choice_is_one_of_the_answers() -> None:
    assert _problem(nation="mars") == "Choose one of the answers."
    assert _problem(source="mars") == "Choose who you are."


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, ()),
        ("loneliness", ("loneliness",)),
        (["money", "loneliness", "money"], ("money", "loneliness")),
    ],
)
def test_needs_are_a_list_each_once(given: object, kept: tuple[str, ...]) -> None:
    assert _checked(needs=given).needs == kept


@pytest.mark.parametrize("given", [["fame"], "fame", 7, {"a": 1}, [["money"]], [{}], [None]])
def test_a_need_that_is_not_in_the_list_is_refused(given: object) -> None:
    assert _problem(needs=given) == "Choose needs from the list."


@pytest.mark.parametrize(
    ("postcode", "kept"),
    [("LS6 2AB", "LS6"), ("ls6", "LS6"), ("EC1A 1BB", "EC1A"), ("M1  1AE", "M1"), ("", "")],
)
def test_of_a_postcode_only_the_first_half_is_kept(postcode: str, kept: str) -> None:
    assert _checked(area=postcode).area == kept


@pytest.mark.parametrize("postcode", ["Leeds", "123", "LS6 2AB LS6"])
def test_what_is_no_postcode_is_refused(postcode: str) -> None:
    assert "first half of the postcode" in _problem(area=postcode)


@pytest.mark.parametrize("email", ["alex", "alex@example", "a b@example.org", "@example.org"])
def test_what_is_no_email_is_refused(email: str) -> None:
    assert "email address" in _problem(email=email)


def test_risks_are_written_or_none_are_known() -> None:
    assert "Not both" in _problem(risks="A big dog.", no_known_risks=True)
    assert "Not both" in _problem(risks="", no_known_risks="")
    assert _checked(risks="A big dog.", no_known_risks=False).risks == "A big dog."
    assert "4,000" in _problem(risks="r" * 4_001, no_known_risks="")


@pytest.mark.parametrize(
    ("said", "safe"), [("yes", True), ("no", False), (True, True), (False, False), (None, True)]
)
def test_safe_to_message_means_what_it_says(said: object, safe: bool) -> None:
    assert _checked(safe_to_message=said).safe_to_message is safe


def test_what_is_not_said_has_a_plain_answer() -> None:
    checked = _checked()
    assert (checked.nation, checked.language, checked.email) == ("england", "en", "")
