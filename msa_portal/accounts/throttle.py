"""What the sign-in throttle counts by (fault 42)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def account_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The address that somebody tries to sign in with, however it is spelled, account or not."""
    tried = (credentials or {}).get("email") or request.POST.get("login", "")
    return str(tried).strip().lower()


def client_in_logs(*_args: Any, **_kwargs: Any) -> str:
    """An address of a person or a machine is nothing for a log line (fault 52); the admin shows both."""
    return "a client"
