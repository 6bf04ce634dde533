"""What sign-in throttles count by (faults 42 and 60): nobody locks another person out by guessing."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest

from msa_portal.accounts import devices


def account_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The address that somebody tries to sign in with, however it is spelled, account or not.

    A browser that has signed in with it before counts apart.
    """
    tried = str((credentials or {}).get("email") or request.POST.get("login", "")).strip().lower()
    device = devices.allowance_key(request, tried).partition(":")[0]
    return f"{tried} (known browser {device})" if device else tried


def may_request_code(request: HttpRequest, email: str) -> bool:
    """Count a request for a sign-in code; False where there were too many.

    An unknown browser's allowance is by address on the network and by recipient, and all of them together have
    another, so that nobody's mailbox is flooded. A known browser's allowance is its own.
    """
    known = devices.allowance_key(request, email)
    if known and ratelimit.consume(request, action="code_on_known_browser", key=known):
        return True
    network = request.META.get("REMOTE_ADDR", "")
    return ratelimit.consume(request, action="request_login_code", key=f"{email}|{network}") and ratelimit.consume(
        request, action="code_for_address", key=email
    )
