"""Personal values that sing: planted through every door, then looked for where they must not be."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from tests.journeys import live

VALUES = {
    "name": "Zéphyrine Quillfeather",
    "family name": "Quillfeather",
    "birth date": "1947-08-19",
    "birth date, as written": "19/8/1947",
    "phone": "07700900457",
    "phone, with spaces": "07700 900 457",
    "phone, as kept": "+447700900457",
    "e-mail": "zephyrine.quill@example.net",
    "NHS number": "9990000158",
    "NHS number, with spaces": "999 000 0158",
    "postcode": "LS99 4QQ",
    "referrer": "Doctor Featherstone Sample",
    "reason": "mourns the lighthouse keeper",
    "risks": "keeps a rusty harpoon",
    "how to reach them": "through the beekeeper next door",
    "name, by command": "Balthazar Ottershaw",
    "reason, by command": "hears the piano at night",
    "Telegram first name": "Wilhelmina",
    "Telegram last name": "Crumplehorn",
    "Telegram user name": "wilhelmina_crumple",
    "Telegram chat": "7731905524",
    "words": "the heron took my slippers",
    "words in danger": "under the copper beech",
    "words of a stranger": "alone with the marzipan",
    "words in the web chat": "the walrus knows my street",
    "words for numbers": "gingerbread instead of numbers",
    "photo's caption": "parsnips in the bathtub",
    "voice note's caption": "whispering to the radiator",
    "edited words": "the harvest moon was lying",
    "check-in's comment": "porridge with nobody",
    "worker's reply": "tangerines on your doorstep",
    "worker's note": "collects broken umbrellas",
    "search": "Quetzalina",
    "sign-in": "impostor.moonbeam@example.org",
    "password": "velvet rhubarb thunder",
    "wrong form": "sassafras lullaby",
    "poisoned update": "molasses confession",
}
"""What each value is, and the value. No page of the library holds any of them."""

SECRETS = {
    "WAITING_ROOM_SMTP_URL": "smtp://room:hush-mail-password@127.0.0.1:{port}",
    "WAITING_ROOM_TELEGRAM_SECRET": "hush-webhook-secret",
    "WAITING_ROOM_HEARTBEAT_URL": "http://127.0.0.1:{port}/hush-heartbeat",
    "WAITING_ROOM_ANCHOR_URL": "http://127.0.0.1:{port}/hush-anchor",
}
HUSHED = ("hush-mail-password", "hush-webhook-secret", "hush-heartbeat", "hush-anchor")


def scan(values: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Which value was found where, in whatever spelling."""
    lower = {place: held.lower() for place, held in places.items()}
    found = []
    for what, value in values.items():
        for spelling, written in spellings(value):
            # In base64 capitals mean something.
            among = places if spelling == "base64" else lower
            hits = [place for place, held in among.items() if written in held]
            found += [f"{what} in {place} ({spelling})" for place in hits]
    return found


def spellings(value: str) -> Iterator[tuple[str, bytes]]:
    """The obvious ways in which a value may be written down, in small letters but for base64."""
    plain = value.lower()
    for code in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        yield code, plain.encode(code)
    yield "JSON", json.dumps(plain)[1:-1].encode()
    yield "address", quote(plain, safe="").lower().encode()
    yield "form", quote(plain).replace("%20", "+").lower().encode()
    yield "hex", plain.encode().hex().encode()
    yield "hex", value.encode().hex().encode()
    for shift in range(3):
        # Three ways, by where in a group of three bytes it begins; the edges depend on neighbours.
        coded = base64.b64encode(b"\0" * shift + value.encode()).rstrip(b"=")
        yield "base64", coded[shift + (shift > 0) : -1]


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, as bytes."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in found}


def secrets_of(folder: Path) -> dict[str, str]:
    """Every configured secret, and the master key as its file and its paper spell it."""
    key = (folder / "master.key").read_text().split()[1]
    groups = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    tokens = (live.PATIENTS_TOKEN, live.STAFF_TOKEN)
    halves = [half for token in tokens for half in (token, token.split(":")[1])]
    return {f"secret {n}": s for n, s in enumerate((*halves, *HUSHED, key, groups))}
