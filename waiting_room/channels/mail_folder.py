"""Mails of the demo: written into a folder, because a demo has no mail server to trouble."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from waiting_room.channels.email import EmailChannel
from waiting_room.sending import Parcel


class MailFolder(EmailChannel):
    """Writes each mail as a file anybody can open; nothing leaves the machine."""

    def __init__(self, folder: Path, *, sender: str, address: str) -> None:
        super().__init__("smtp://localhost", sender=sender, address=address)
        self._folder = folder

    async def send(self, parcel: Parcel) -> str:
        """Write one mail; returns its number."""
        mail = self.written(parcel)
        await asyncio.to_thread(self._write, f"{parcel.letter_id}.eml", mail.as_bytes())
        return parcel.letter_id

    async def prove(self, parcel: Parcel) -> str:
        """Write one mail to nobody."""
        return await self.send(replace(parcel, place=self._sender))

    def _write(self, name: str, mail: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / name).write_bytes(mail)
