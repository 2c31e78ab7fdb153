"""Every setting of the room, read from the environment once and checked before anything starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from waiting_room import kill_points
from waiting_room.errors import StartRefused

PREFIX = "WAITING_ROOM_"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(BaseSettings):
    """What an administrator may set. Names outside are `WAITING_ROOM_` + the field in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", env_ignore_empty=True)

    env: Literal["development", "demo", "production"] = "development"
    data: Path = Path("var")
    key_file: Path | None = None
    database_url: str = ""
    keys_url: str = ""
    content: Path | None = None
    public_url: str = ""
    port: int = Field(8000, ge=1, le=65535, validation_alias=AliasChoices("PORT"))
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    telegram_token: str = ""
    telegram_name: str = ""
    telegram_api: str = "https://api.telegram.org"
    telegram_mode: Literal["polling", "webhook"] = "polling"
    telegram_secret: str = ""
    telegram_per_second: float = Field(30, gt=0, le=1000)
    staff_telegram_token: str = ""
    smtp_url: str = ""
    mail_from: str = "waiting-room@localhost"
    heartbeat_url: str = ""
    anchor_url: str = ""
    drill_hour: int | None = Field(None, ge=0, le=23)
    drill_email: str = ""
    drill_telegram: str = ""
    metrics_token: str = ""
    backup_folder: Path | None = None
    backup_every: float = Field(60, ge=0.5, le=24 * 60)
    kill_at: str = ""

    @field_validator("telegram_secret")
    @classmethod
    def _secret_shape(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value):
            raise ValueError("must be at most 256 letters, digits, - or _, as Telegram takes it")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: str) -> str:
        if value and len(value) < 20:
            raise ValueError("must have at least 20 characters, so that nobody guesses it")
        return value

    @field_validator("telegram_token", "staff_telegram_token")
    @classmethod
    def _token_shape(cls, value: str) -> str:
        number, _, secret = value.partition(":")
        if value and not (number.isdigit() and len(secret) >= 20):
            raise ValueError("must look like 123456:AA…, as BotFather gives it")
        return value

    @field_validator("kill_at")
    @classmethod
    def _known_point(cls, value: str) -> str:
        if value and not kill_points.known(value):
            raise ValueError("names no point of waiting_room/kill_points.py")
        return value

    @field_validator("telegram_api", "public_url", "heartbeat_url", "anchor_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not _is_address(value, "http", "https"):
            raise ValueError("must start with https:// (or http:// on this machine only)")
        return value.rstrip("/")

    @field_validator("telegram_name")
    @classmethod
    def _bot_name(cls, value: str) -> str:
        name = value.removeprefix("@")
        if name and not re.fullmatch(r"[A-Za-z0-9_]{5,32}", name):
            raise ValueError("must be the bot's user name, such as SampleRoomBot")
        return name

    @field_validator("smtp_url")
    @classmethod
    def _mail_address(cls, value: str) -> str:
        if value and not _is_address(value, "smtp", "smtps"):
            raise ValueError("must start with smtp:// or smtps://")
        return value

    @field_validator("database_url", "keys_url")
    @classmethod
    def _database_address(cls, value: str) -> str:
        if value.startswith("postgresql://"):
            # Hosts hand out the plain form; SQLAlchemy would then look for another driver.
            value = value.replace("postgresql://", "postgresql+psycopg://", 1)
        if value and not value.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must start with sqlite:/// or postgresql://")
        # In memory the web, the bot and the ticks would each have a room of their own.
        if value in {"sqlite:///", "sqlite:///:memory:"}:
            raise ValueError("must name a file after sqlite:///")
        return value

    @property
    def database(self) -> str:
        """The address of the database; a file in the data folder unless set."""
        return self.database_url or f"sqlite:///{(self.data / 'waiting-room.db').absolute()}"

    @property
    def keys_database(self) -> str:
        """Where wrapped keys live, apart from the data, so that a backup of one is no use alone."""
        if self.keys_url or self.database.startswith("postgresql"):
            return self.keys_url or self.database
        return f"sqlite:///{(self.data / 'keys.db').absolute()}"

    @property
    def key_path(self) -> Path:
        """The file that holds the master key."""
        return self.key_file or self.data / "master.key"

    @property
    def address(self) -> str:
        """The address people use to reach this room, without a slash at the end."""
        return self.public_url or f"http://127.0.0.1:{self.port}"

    def joining_link(self, token: str) -> str:
        """The link that lets a person in by browser."""
        return f"{self.address}/chat/{token}"

    def telegram_link(self, token: str) -> str:
        """The same way in by Telegram; empty when the bot's name is not set."""
        return f"https://t.me/{self.telegram_name}?start={token}" if self.telegram_name else ""

    @property
    def drills_at(self) -> int | None:
        """The local hour of the daily drill; a room in production has one in any case."""
        return 10 if self.drill_hour is None and self.env == "production" else self.drill_hour

    @property
    def is_https(self) -> bool:
        """Whether people reach this room over https."""
        return self.address.startswith("https://")

    @property
    def content_folder(self) -> Path:
        """The folder editors change: the one that is set, else the one beside the code."""
        if self.content is not None:
            return self.content
        packaged = Path(__file__).parent / "_content"
        return packaged if packaged.is_dir() else Path(__file__).parent.parent / "content"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never reach a log."""
        found = [self.telegram_token, self.staff_telegram_token, self.telegram_secret]
        found += [self.metrics_token]
        for url in (self.smtp_url, self.database, self.keys_database):
            password = urlsplit(url).password or ""
            found += [password, unquote(password)]
        for url in (self.heartbeat_url, self.anchor_url):
            # Whoever knows the path of such an address may use it.
            found.append(urlsplit(url).path.strip("/"))
        return tuple(dict.fromkeys(secret for secret in found if secret))


def load(**overrides: Any) -> Settings:
    """Read and check the settings; raises StartRefused with one line that names what is wrong."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        name = name if name == "PORT" or name.startswith(PREFIX) else PREFIX + name
        raise StartRefused(f"{name}: {first['msg'].removeprefix('Value error, ')}") from None
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    """Rules that need two settings at once."""
    if settings.telegram_mode == "webhook" and settings.telegram_token:
        if not settings.telegram_secret:
            raise StartRefused("WAITING_ROOM_TELEGRAM_SECRET: needed when the mode is webhook")
        if not settings.public_url:
            raise StartRefused("WAITING_ROOM_PUBLIC_URL: needed when the mode is webhook")
    if settings.database.startswith("sqlite") and settings.keys_database == settings.database:
        raise StartRefused("WAITING_ROOM_KEYS_URL: must be another file than the database")
    if settings.telegram_token and settings.telegram_token == settings.staff_telegram_token:
        raise StartRefused("WAITING_ROOM_STAFF_TELEGRAM_TOKEN: must be a second bot, not the same")
    _check_copies(settings)
    if settings.env == "production":
        _check_production(settings)


def _check_copies(settings: Settings) -> None:
    copies = settings.backup_folder
    if copies and copies.resolve().is_relative_to(settings.data.resolve()):
        raise StartRefused("WAITING_ROOM_BACKUP_FOLDER: must lie outside WAITING_ROOM_DATA")


def _check_production(settings: Settings) -> None:
    if settings.kill_at:
        raise StartRefused("WAITING_ROOM_KILL_AT: is for tests; production refuses it")
    if not settings.public_url:
        raise StartRefused("WAITING_ROOM_PUBLIC_URL: needed in production, starting with https://")
    if not settings.is_https:
        raise StartRefused("WAITING_ROOM_PUBLIC_URL: must be https:// in production")
    if not settings.smtp_url:
        raise StartRefused("WAITING_ROOM_SMTP_URL: needed in production, so that alerts reach mail")
    for name in ("telegram_api", "heartbeat_url", "anchor_url"):
        address = urlsplit(getattr(settings, name))
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise StartRefused(f"{PREFIX}{name.upper()}: must be https:// in production")


def _is_address(value: str, *schemes: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
