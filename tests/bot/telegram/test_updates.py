"""What each kind of update means, and that no shape of one breaks the reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import raw
from bot.telegram import api, updates
from bot.telegram.updates import Ignored, Moved, Unreadable
from bot.turn import Heard, Kind

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
SAID = NOW - timedelta(hours=20)
CHAT = 7_234_567_890
SENDER = {"id": CHAT, "is_bot": False, "first_name": "Sample Alex", "language_code": "pl"}


def message(**content: Any) -> dict[str, Any]:
    chat = {"id": CHAT, "type": "private", "first_name": "Sample Alex"}
    head = {"message_id": 41, "from": SENDER, "chat": chat, "date": int(SAID.timestamp())}
    return head | content


def meaning(**update: Any) -> updates.Meaning:
    return updates.read({"update_id": 1, **update}, now=NOW)


def heard(**content: Any) -> Heard:
    found = meaning(message=message(**content))
    assert isinstance(found, Heard)
    return found


def test_a_message_is_heard_with_all_that_matters() -> None:
    assert heard(text="hello") == Heard(
        channel="telegram",
        chat_id="7234567890",
        kind=Kind.TEXT,
        told_at=SAID,
        message_id="41",
        text="hello",
        language="pl",
    )


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"photo": [{"file_id": "a"}], "caption": "I want to die"}, Kind.MEDIA, "I want to die"),
        ({"voice": {"duration": 3}}, Kind.VOICE, ""),
        ({"voice": {"duration": 3}, "caption": "listen"}, Kind.VOICE, "listen"),
        ({"video_note": {"duration": 3}}, Kind.VOICE, ""),
        ({"sticker": {"emoji": "x"}}, Kind.MEDIA, ""),
        ({"dice": {"value": 3}}, Kind.MEDIA, ""),
        ({"location": {"latitude": 1}}, Kind.MEDIA, ""),
        ({"contact": {"phone_number": "+447700900123"}}, Kind.MEDIA, ""),
        ({"poll": {"question": "Shall I end it?"}}, Kind.MEDIA, "Shall I end it?"),
        ({"invented_in_2030": {}}, Kind.MEDIA, ""),
        ({"text": ["I want", {"to": "die"}]}, Kind.UNREADABLE, "I want\ndie"),
    ],
)
def test_whatever_is_not_text_is_named_and_its_words_count(
    content: dict[str, Any], kind: Kind, text: str
) -> None:
    found = heard(**content)
    assert (found.kind, found.text) == (kind, text)


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("/start", "", ""),
        ("/start " + "a" * 43, "a" * 43, ""),
        ("/start@sample_room_bot abc", "abc", "abc"),
        ("/start " + "a" * 65, "a" * 65, "a" * 65),
        ("/start I want to die", "I want to die", "I want to die"),
    ],
)
def test_a_joining_link_and_words_after_start(text: str, start: str, words: str) -> None:
    found = heard(text=text)
    assert (found.kind, found.start, found.text) == (Kind.START, start, words)


def test_starting_is_a_whole_word() -> None:
    assert heard(text="/starting again").kind == Kind.TEXT


def test_an_edit_is_heard_as_often_as_it_is_made() -> None:
    first = meaning(edited_message=message(text="fine", edit_date=int(NOW.timestamp()) - 60))
    again = meaning(edited_message=message(text="not fine", edit_date=int(NOW.timestamp()) - 60))
    assert isinstance(first, Heard) and isinstance(again, Heard)
    assert (first.kind, first.text, first.told_at) == (
        Kind.EDIT,
        "fine",
        NOW - timedelta(minutes=1),
    )
    assert first.message_id != again.message_id and len(first.message_id) <= 40
    assert isinstance(meaning(edited_message=message(location={})), Ignored)


def test_a_press_brings_its_token() -> None:
    query = {"id": "77", "from": SENDER, "message": message(), "data": "alert:ack:99"}
    found = meaning(callback_query=query)
    assert isinstance(found, Heard)
    assert (found.kind, found.press, found.message_id) == (Kind.PRESS, "alert:ack:99", "77")
    assert (found.chat_id, found.told_at) == (str(CHAT), NOW)
    del query["message"]
    again = meaning(callback_query=query)
    assert isinstance(again, Heard) and again.chat_id == str(CHAT)
    assert updates.query_of({"callback_query": query}) == "77"


def test_forwarded_words_are_marked() -> None:
    assert heard(text="x", forward_origin={"type": "hidden_user"}).forwarded
    assert not heard(text="x").forwarded


def test_half_characters_become_whole_or_marked() -> None:
    assert heard(text="\ud83d\ude00 \ud83d.").text == "\U0001f600 \ufffd."


@pytest.mark.parametrize("date", [None, "x", 1.5, -5, 0, 2**40, 4_000_000_000, True])
def test_a_date_nobody_can_believe_is_now(date: Any) -> None:
    assert heard(text="x", date=date).told_at == NOW


@pytest.mark.parametrize("language", [None, 5, "xx" * 40, "e\x00n", ""])
def test_a_language_nobody_knows_is_none(language: Any) -> None:
    sender = {**SENDER, "language_code": language}
    assert heard(**{"text": "x", "from": sender}).language == ""


def test_groups_and_channels_are_not_spoken_to() -> None:
    group = {"id": -100, "type": "supergroup", "title": "Sample"}
    for kind in ("message", "edited_message", "my_chat_member"):
        update = {kind: message(chat=group, text="hi", new_chat_member={"status": "member"})}
        assert isinstance(meaning(**update), Ignored)
        assert updates.group_of(update) == -100
    assert updates.group_of({"callback_query": {"message": message(chat=group)}}) == -100
    assert isinstance(meaning(channel_post=message(chat={"id": -5, "type": "channel"})), Ignored)
    assert updates.group_of({"channel_post": message(chat={"id": -5, "type": "channel"})}) is None
    assert updates.group_of({"message": message()}) is None


def test_blocking_and_coming_back() -> None:
    def change(status: str) -> updates.Meaning:
        return meaning(my_chat_member=message(new_chat_member={"status": status}))

    assert change("kicked") == Moved(str(CHAT), blocked=True)
    assert change("member") == Moved(str(CHAT), blocked=False)
    assert isinstance(change("restricted"), Ignored)


def test_what_nobody_said_is_ignored() -> None:
    assert isinstance(meaning(telepathy={}), Ignored)
    assert isinstance(meaning(message=message(pinned_message={"text": "old"})), Ignored)
    bot = {"id": 5, "is_bot": True}
    assert isinstance(meaning(message=message(**{"text": "x", "from": bot})), Ignored)


@pytest.mark.parametrize("part", [None, 5, "x", [], {}, {"chat": 5}, {"chat": {"id": "7"}}])
@pytest.mark.parametrize("kind", ["message", "edited_message", "callback_query", "my_chat_member"])
def test_nobody_can_tell_whose_it_is(kind: str, part: Any) -> None:
    with pytest.raises(Unreadable):
        meaning(**{kind: part})


WORDS = """
message chat id from type text caption date edit_date data callback_query is_bot poll question
new_chat_member status message_id language_code voice photo update_id
"""
NAMES = st.sampled_from(WORDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)


@given(kind=st.sampled_from([*updates.KINDS, "other"]), part=JSON)
def test_no_shape_of_an_update_breaks_the_reading(kind: str, part: Any) -> None:
    try:
        found = updates.read({kind: part}, now=NOW)
    except Unreadable:
        return
    if isinstance(found, Heard):
        assert int(found.chat_id) > 0 and len(found.language) <= 8
        found.text.encode()
    updates.group_of({kind: part})
    updates.query_of({kind: part})


@given(body=st.binary() | st.text().map(str.encode))
def test_no_bytes_break_the_label(body: bytes) -> None:
    label = raw.label(body)
    assert -(2**63) < label.update_id < 2**63
    assert label == raw.label(body)
    raw.words(body)
    raw.asks_for_help(body)
    raw.said_at(body)


def test_deep_nesting_breaks_nothing() -> None:
    deep = b'{"update_id": 3, "message": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert raw.load(deep) is None and raw.label(deep).update_id < 0
    assert raw.words(deep)


def test_an_answer_is_cut_into_the_very_bytes_that_came() -> None:
    one = '{"update_id": 1,  "message": {"text": "żółć \\ud83d ]}\\""}}'.encode()
    two = b'{"update_id":2,"x":1E3}'
    answer = b'{"ok": true, "result": [' + one + b" , " + two + b"]}"
    assert api.split(answer) == [one, two]
    assert api.split(b'{"ok":true,"result":[]}') == []
    for odd in (b"", b"<html>", b'{"ok":true}', b'{"result": 5}', b'{"result": [{"a": ]}'):
        assert api.split(odd) == []
