"""What the desk calls things: codes of the rows in the words of a case worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import phonenumbers

from waiting_room import library
from waiting_room.care import alerts, arrivals, caseload, consent, referrals
from waiting_room.models import Address, Alert, AlertEvent, CheckIn, CheckInPlan, LetterRow
from waiting_room.web.desk.moments import Moments

KINDS = {
    "life": "Words about ending their life",
    "medical": "Words about a medical emergency",
    "child": "Words about a child in danger",
    "abuse": "Words about somebody hurting them",
    "self-harm": "Words about hurting themself",
    "neglect": "Words about not managing to look after themself",
    "doubt": "Words that may mean danger",
    "screening failed": "A message the danger check could not read",
    "unheard voice note": "A voice note nobody has listened to",
    "unknown person": "Danger words from somebody we do not know",
    "asked to be contacted": "Asked to be contacted",
    "check-in: not-great": "Check-in: “Not great”",
    "check-in: need-help": "Check-in: “I need help”",
    "silence": "No answer to a check-in",
    "cannot be reached": "No message reaches them, please phone",
    "not safe to message": "Something was not sent: it is not safe to message them",
    "message not read": "A message to us that nobody has read in time",
    "message may be lost": "What you wrote may not have arrived",
    "new referral": "New referral",
    "a promise is broken": "The waiting room does not work as it should",
    "drill failed": "The daily test of the alerts failed",
    "restored from a copy": "This room was restored from a copy",
    "little space left": "The disk of this room is nearly full",
    "danger words broken": "The list of danger words is broken",
    "few danger words": "Only a few danger words are watched for",
    "clock jumped": "The clock of the machine jumped",
}
TO_DO = {
    "abuse": "Read it now, and what they wrote since. Do not phone if they say a call is not safe. "
    "Ask first whether they can talk. If you fear for their life, call 999.",
    "unknown person": "Read what they wrote and judge. If they left a number, phone it.",
    "unheard voice note": "Listen to it, or phone them.",
    "silence": "Phone them.",
    "cannot be reached": "",
    "not safe to message": "Reach them as their page says. A check-in or answer was due.",
    "message not read": "Read it, then answer or phone, and mark it as read.",
    "message may be lost": "Ask them whether they saw it, or write again.",
    "new referral": "Read it and invite them.",
    "a promise is broken": "Alerts may be late. Tell whoever runs the system, and phone people.",
    "drill failed": "Alerts may not arrive. Tell whoever runs the system, and phone people.",
    "restored from a copy": "Phone whoever may have written meanwhile, then close this.",
    "little space left": "Tell an administrator to make room on it.",
    "danger words broken": "The last good list goes on watching, so nothing gets worse; what was "
    "changed since is not in use. Ask an editor to run “waiting-room content check”.",
    "few danger words": "Words of danger may be missed. Read every message that comes in, and ask "
    "an editor to run “waiting-room content check” now.",
    "clock jumped": "Ask whoever looks after the machine. Times shown since may be wrong.",
}
TO_DO_BY_COLOUR = {
    "red": "Read it and phone them now. If you fear for their life, call 999.",
    "amber": "Read it and get in touch.",
    "green": "Look at it in working hours.",
}
IN_A_REFERRAL = {
    "red": "Read why they were referred, and the risks. Phone the referrer or the person now. If "
    "you fear for their life, call 999.",
    "amber": "Read why they were referred, and the risks. It may be about the past: ask the "
    "referrer, or get in touch.",
}
STEPS = {
    caseload.INVITE: ("Nobody has invited them yet.", "Invite them"),
    caseload.JOIN: ("Invited, has not joined yet.", "Phone them, or invite again"),
    caseload.ASSIGN: ("Has joined, and has no case worker.", "Assign a case worker"),
    caseload.TALK: ("Has joined and waits for a first talk.", "Arrange the first talk"),
}
CONSENTS = {
    consent.CONTACT: "Contact them here",
    consent.WORKER: "Their worker sees messages and answers",
    consent.PARTNERS: "Partner case workers",
    consent.REFERRER: "Tell the referrer how it goes",
    consent.GROUPS: "Introduce them to groups",
}
ANSWERS = {
    consent.GIVEN: ("Yes", "green"),
    consent.REFUSED: ("No", "red"),
    consent.WITHDRAWN: ("Taken back", "red"),
}
LETTER_STATES = {
    "queued": "waiting to go out",
    "sending": "on its way",
    "sent": "sent",
    "failed": "did not arrive",
    "uncertain": "may not have arrived",
    "held": "held back",
    "dropped": "not sent",
}
SAID = {
    "voice": "(a voice note)",
    "media": "(a picture or file)",
    "unreadable": "(something we could not read)",
    "start": "(used the invitation)",
    "press": "(pressed a button)",
}
CHANNELS = {"telegram": "Telegram", "web_chat": "web chat", "email": "e-mail"}
VERBS = {
    "raised": "Raised",
    "joined": "Something more joined it",
    "told": "Told",
    "told again": "Told again",
    "told on call": "Told on call",
    "reminded": "Reminded",
    "nobody on this rung": "Nobody to tell",
    "out of hours": "Out of hours: everybody got one notice",
    "acknowledged": "Taken",
    "fell back": "No outcome in time: others are told again",
    "closed": "Closed",
    "restored from a copy": "The room was restored",
}
ON_A_RUNG = ("told", "told again", "nobody on this rung")
RUNGS = {
    "worker": "their worker",
    "backup": "the backup",
    "duty lead": "the duty lead",
    "on call": "who is on call",
}
CHECK_INS = {"ok": "I’m OK", "not-great": "Not great", "need-help": "I need help"}
CHECK_IN_STATES = {
    "asked": "asked, no answer yet",
    "nudged": "asked twice, no answer yet",
    "missed": "no answer",
    "skipped": "not asked",
}
MATCHES = {"nhs": "NHS number", "name": "name", "born": "birth date", "phone": "phone"}
DONE = {
    "taken": "You have this now. Say what came of it once you know.",
    "outcome": "Outcome saved.",
    "closed": "Alert closed.",
    "note": "Note saved. Only colleagues see it.",
    "replied": "Your message is on its way.",
    "phone": "No message reaches them, so it was not sent. A task to phone them was raised.",
    "read": "Marked as read.",
    "assigned": "Case worker assigned.",
    "paused": "Check-ins are paused.",
    "stopped": "Stopped. The room sends them nothing more.",
    "ended": "The referral is closed.",
    "sent": "It is on its way.",
    "dropped": "It stays unsent.",
}


def kind(code: str) -> str:
    """What raised an alert, in words."""
    if code.startswith(arrivals.IN_A_REFERRAL):
        return f"In a referral: {kind(code.removeprefix(arrivals.IN_A_REFERRAL))}"
    return KINDS.get(code) or code[:1].upper() + code[1:]


def to_do(alert: Alert) -> str:
    """What somebody should do about an alert, in a few words."""
    if alert.kind.startswith(arrivals.IN_A_REFERRAL):
        return IN_A_REFERRAL.get(alert.colour, IN_A_REFERRAL["amber"])
    return TO_DO.get(alert.kind, TO_DO_BY_COLOUR.get(alert.colour, ""))


def words_of(row: caseload.OpenAlert) -> str:
    """What the person wrote that raised an alert; "" when it was a button or no message."""
    text = (row.said.text if row.said else "") or ""
    return "" if is_button(text) else text


def is_button(text: str) -> bool:
    """Whether these words are those on a button: a press arrives as text."""
    return library.normalise_label(text) in library.all_labels()


def phone(number: str) -> str:
    """A number as people dial it: +447700900123 becomes 07700 900123."""
    try:
        parsed = phonenumbers.parse(number, "GB")
    except phonenumbers.NumberParseException:
        return number
    home = parsed.country_code == 44
    form = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, form.NATIONAL if home else form.INTERNATIONAL)


def plain(code: str) -> str:
    """A code that is nearly words already: "northern-ireland", "friend-or-family"."""
    words = code.replace("-", " ").replace("_", " ")
    return {
        "gp": "GP",
        "self": "Themself",
        "wrote and they answered": "Wrote, and they answered",
    }.get(code) or words[:1].upper() + words[1:]


def next_step(row: caseload.OpenAlert, when: Moments) -> str:
    """Who has an alert, what happens next, and when."""
    alert, holder = row.alert, row.holder.name if row.holder else "Somebody"
    due = when.at(alert.due_at) if alert.due_at else ""
    if alert.state == alerts.ACKNOWLEDGED:
        return f"{holder} has this. An outcome is due by {due}."
    if alert.state == alerts.CONTACTED:
        return f"{holder} made contact ({alert.outcome}). Close it when it is settled."
    if alert.state == alerts.CLOSED:
        return f"Closed: {alert.reason}."
    return f"Nobody has this yet. Next: {_next_rung(alert)}, {due}."


def _next_rung(alert: Alert) -> str:
    rungs = [str(step["rung"]) for step in alert.ladder]
    following = rungs[min(alert.rung + 1, len(rungs) - 1)] if rungs else ""
    return RUNGS.get(following, following) or "told again"


def event(row: AlertEvent, alert: Alert) -> str:
    """One step in the life of an alert."""
    words = VERBS.get(row.verb) or row.verb[:1].upper() + row.verb[1:]
    if row.verb in ON_A_RUNG and row.rung < len(alert.ladder):
        rung = str(alert.ladder[row.rung]["rung"])
        return f"{words}: {RUNGS.get(rung, rung)}"
    raised = str((row.details or {}).get("kind", ""))
    return f"{words}: {kind(raised)}" if raised else words


def letter_state(row: LetterRow) -> str:
    """Whether a letter left, and why not."""
    words = LETTER_STATES.get(row.state, row.state)
    if row.state == "sent" and row.channel == "web_chat":
        words = "shown"
    elif row.state == "queued" and row.channel == "web_chat":
        words = "shown when they open their page"
    return f"{words}: {row.why}" if row.why else words


def reached(address: Address | None) -> str:
    """Where words reach this person."""
    if address is None:
        return "Not in the chat: phone or write"
    return CHANNELS.get(address.channel, address.channel)


def choices(words: Iterable[str]) -> list[tuple[str, str]]:
    """Codes that are words already, as answers of a form."""
    return [(word, plain(word)) for word in words]


def endings(reasons: Iterable[str]) -> list[tuple[str, str, str]]:
    """Why a referral may end, with what follows where that is not the usual."""
    silent = "Everything stops at once. Nothing more is sent, no goodbye either."
    return [(r, plain(r), silent if r in referrals.SILENT else "") for r in reasons]


def check_in(row: CheckIn) -> str:
    """What came of one asking."""
    if row.answer:
        words = CHECK_INS.get(row.answer, str(row.answer))
        return f"{words}. {row.comment}" if row.comment else words
    words = CHECK_IN_STATES.get(row.state, row.state)
    return f"{words} ({row.why})" if row.why else words


def check_ins_alt(rows: Sequence[CheckIn]) -> str:
    """The picture of the answers in one sentence; the table beside it says the rest."""
    answers = [CHECK_INS.get(row.answer, str(row.answer)) for row in rows if row.answer]
    if not answers:
        return "Check-ins over time: no answers yet."
    return (
        f"Check-ins over time: {len(answers)} of {len(rows)} answered, the last was {answers[-1]}."
    )


def rhythm(plan: CheckInPlan | None, when: Moments) -> str:
    """How often the person wants to be asked."""
    if plan is None:
        return "They have not chosen how often to be asked."
    if plan.ended_at is not None:
        return f"Stopped {when.day(plan.ended_at)}."
    if plan.paused_until is not None and plan.paused_until > when.now:
        return f"Paused until {when.day(plan.paused_until)}."
    return f"Every {plan.every_days} days."
