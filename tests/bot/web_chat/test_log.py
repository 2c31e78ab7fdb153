"""What the log says of a person who chats: that some page was asked for, and nothing else."""

from __future__ import annotations

from structlog.testing import capture_logs

from tests.bot.web_chat.site import Visitor
from waiting_room.care.invitations import Issued


def test_log_holds_no_link_no_numbers_no_words(visitor: Visitor, issued: Issued) -> None:
    with capture_logs() as logs:
        visitor.join(issued, "1111111" if issued.pin != "1111111" else "2222222")
        visitor.post(f"/chat/{issued.token}", pin=issued.pin)
        cookie = visitor.token
        visitor.press("I am 18 or over")
        visitor.say("I cannot sleep, says Alex")
        visitor.post("/chat/sign-out")
        visitor.get("/chat/news?after=secret-word")
        visitor.get(f"/chat/{'y' * 43}")
    said = str(logs)
    for secret in (issued.token, issued.pin, cookie, "sleep", "Alex", "secret-word", "y" * 43):
        assert secret not in said
    assert {log["route"] for log in logs} >= {"/chat/{link}", "/chat", "/chat/say", "/chat/press"}
