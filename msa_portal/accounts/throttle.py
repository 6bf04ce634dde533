"""What the sign-in throttle counts by (fault 42)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def account_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The address that somebody tries to sign in with, however it is spelled, account or not."""
    tried = (credentials or {}).get("email") or request.POST.get("login", "")
    return str(tried).strip().lower()
