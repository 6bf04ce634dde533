"""Typed readers for the environment: a missing or malformed value stops the start, by name."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

_reader = environ.Env()


def _read[T](name: str, expected: str, convert: Callable[[str], T], default: T) -> T:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        return convert(raw)
    except (ValueError, KeyError, TypeError, AttributeError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured(f"{name} is malformed: expected {expected}.") from error


def load_dotenv(path: Path) -> None:
    """Take what `.env` says for names that the environment does not set itself."""
    if path.exists():
        environ.Env.read_env(path, overwrite=False)


def boolean(name: str, default: bool) -> bool:
    def convert(raw: str) -> bool:
        words = {"1": True, "true": True, "yes": True, "on": True}
        words |= {"0": False, "false": False, "no": False, "off": False}
        return words[raw.lower()]

    return _read(name, "1 or 0", convert, default)


def port(name: str, default: int) -> int:
    def convert(raw: str) -> int:
        value = int(raw)
        if not 0 < value < 65536:
            raise ValueError(value)
        return value

    return _read(name, "a port number from 1 to 65535", convert, default)


def count(name: str, default: int) -> int:
    def convert(raw: str) -> int:
        value = int(raw)
        if not 0 < value < 65:
            raise ValueError(value)
        return value

    return _read(name, "a number from 1 to 64", convert, default)


def seconds(name: str, default: int) -> int:
    def convert(raw: str) -> int:
        value = int(raw)
        if value < 60:
            raise ValueError(value)
        return value

    return _read(name, "a number of seconds, at least 60", convert, default)


def wait(name: str, default: int, *, most: int) -> int:
    """Seconds to wait, 0 for none."""

    def convert(raw: str) -> int:
        value = int(raw)
        if not 0 <= value <= most:
            raise ValueError(value)
        return value

    return _read(name, f"a number of seconds from 0 to {most}", convert, default)


def limit(name: str, default: int) -> int:
    def convert(raw: str) -> int:
        value = int(raw)
        if value < 1:
            raise ValueError(value)
        return value

    return _read(name, "a whole number, at least 1", convert, default)


def text(name: str, default: str = "") -> str:
    return _read(name, "text", str, default)


def word_list(name: str, default: list[str]) -> list[str]:
    return _read(
        name,
        "names separated by commas",
        lambda raw: [part.strip() for part in raw.split(",") if part.strip()],
        default,
    )


def folder(name: str, default: Path) -> Path:
    return _read(name, "the path of a folder", lambda raw: Path(raw).expanduser().resolve(), default)


def web_address(name: str, default: str) -> str:
    """An origin, with neither path nor trailing slash."""

    def convert(raw: str) -> str:
        parts = urlsplit(raw)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(raw)
        _ = parts.port
        return f"{parts.scheme}://{parts.netloc}"

    return _read(name, "an address such as https://msa.example.com, without a path", convert, default)


def service_address(name: str, *, plain_http: bool) -> str:
    """Where a service of ours answers; empty for none. Without `plain_http` only this machine may go without TLS."""

    def convert(raw: str) -> str:
        parts = urlsplit(raw)
        may_be_plain = plain_http or parts.hostname in {"localhost", "127.0.0.1", "::1"}
        if parts.scheme not in ({"http", "https"} if may_be_plain else {"https"}) or not parts.hostname:
            raise ValueError(raw)
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(raw)
        _ = parts.port
        return raw.rstrip("/")

    return _read(name, "an address such as https://records.example.com/v1", convert, "")


def key(name: str) -> str:
    """A secret that goes into a header: printable, and in one piece."""

    def convert(raw: str) -> str:
        if not (raw.isascii() and raw.isprintable() and " " not in raw):
            raise ValueError
        return raw

    return _read(name, "a key without spaces", convert, "")


def encryption_keys(name: str, default: list[str]) -> list[str]:
    """Keys of 32 bytes in URL-safe base64, separated by commas."""

    def convert(raw: str) -> list[str]:
        keys = [part.strip() for part in raw.split(",") if part.strip()]
        if any(len(base64.urlsafe_b64decode(key)) != 32 for key in keys):
            raise ValueError
        return keys

    return _read(name, "keys of 32 bytes in URL-safe base64, separated by commas", convert, default)


def redis_url(name: str) -> str:
    def convert(raw: str) -> str:
        parts = urlsplit(raw)
        if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
            raise ValueError(raw)
        _ = parts.port
        return raw

    return _read(name, "an address such as redis://localhost:6379/0", convert, "")


def scanner_address(name: str) -> str:
    """Where a virus scanner listens: `tcp://host:port` or `unix:///path`; empty for none."""

    def convert(raw: str) -> str:
        parts = urlsplit(raw)
        if not (parts.hostname if parts.scheme == "tcp" else parts.scheme == "unix" and parts.path):
            raise ValueError(raw)
        _ = parts.port
        return raw

    return _read(name, "an address such as tcp://clamav:3310 or unix:///run/clamav/clamd.ctl", convert, "")


def tile_address(name: str) -> str:
    """Where a map's tiles are, with {z}, {x} and {y}, and {s} for the server's name where there are several."""

    def convert(raw: str) -> str:
        parts = urlsplit(raw)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "," in raw or ";" in raw or " " in raw:
            raise ValueError(raw)
        if not all(part in raw for part in ("{z}", "{x}", "{y}")):
            raise ValueError(raw)
        return raw

    return _read(name, "an address such as https://tiles.example.com/{z}/{x}/{y}.png", convert, "")


def tile_origins(address: str) -> list[str]:
    """What a Content Security Policy must allow for these tiles."""
    if not address:
        return []
    parts = urlsplit(address)
    return [f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"]


def database(name: str, default: str) -> dict[str, Any]:
    """Django's settings for a `postgres://…` or `sqlite:///…` address."""

    def convert(raw: str) -> dict[str, Any]:
        config = dict(_reader.db_url_config(raw))
        if config.get("ENGINE") not in {"django.db.backends.sqlite3", "django.db.backends.postgresql"}:
            raise ValueError(raw)
        return config

    expected = "postgres://user:password@host:5432/name or sqlite:////folder/file.sqlite3"
    return _read(name, expected, convert, convert(default))


def email(name: str, default: str) -> dict[str, Any]:
    """Django's settings for `smtp://…`, `smtp+tls://…`, `consolemail://` or `filemail:///folder`."""

    def convert(raw: str) -> dict[str, Any]:
        return dict(_reader.email_url_config(raw))

    return _read(name, "smtp+tls://user:password@host:587", convert, convert(default))
