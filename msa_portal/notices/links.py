"""Links in mail: absolute, on the configured origin, and private ones made only when mail leaves."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings

# Stands in a stored body where a private link belongs. The name can resolve nowhere (RFC 2606).
PRIVATE_LINK = "https://private-link.invalid/"

_makers: dict[str, Callable[[str], str]] = {}


class LinkGone(Exception):
    """What the link would open is used, void or expired: the mail is not worth sending any more."""


def register(kind: str, maker: Callable[[str], str]) -> None:
    """`maker` gets the id after "kind:" and returns the absolute address, or raises `LinkGone`."""
    _makers[kind] = maker


def resolve(private_link: str) -> str:
    """The address for "kind:id". Raises `LinkGone`, also for a kind that nobody registered."""
    kind, _colon, identifier = private_link.partition(":")
    if kind not in _makers:
        raise LinkGone(f"nobody makes links of the kind {kind!r}")
    return _makers[kind](identifier)


def absolute(path: str) -> str:
    """A path of ours on PUBLIC_URL, whatever Host the present request claims (fault 44)."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/{path.lstrip('/')}"


def on_our_origin(url: str) -> str:
    """The same path and query as `url`, on PUBLIC_URL."""
    parts = urlsplit(url)
    return absolute(parts._replace(scheme="", netloc="").geturl())
