"""How long a sign-in lasts: office staff's short, a technician's 30 days for each phone, others' by Django's setting."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import OFFICE_ROLES

_SIGNED_IN_AT, _SEEN_AT = "signed_in_at", "seen_at"
_NOTE_EVERY = 60  # seconds: seldom enough that a page costs no write


def note_sign_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Receives Django's `user_logged_in`."""
    request.session[_SIGNED_IN_AT] = request.session[_SEEN_AT] = int(time.time())
    _set_age(request, user)


def is_office(user: User) -> bool:
    return user.is_superuser or user.is_staff or bool(user.roles & OFFICE_ROLES)


def end_if_over(request: HttpRequest) -> User | None:
    """Sign the person out if their session is over, and return them; else note that they're here."""
    user = request.user
    if not user.is_authenticated:
        return None
    now = int(time.time())
    signed_in_at = request.session.setdefault(_SIGNED_IN_AT, now)
    seen_at = request.session.setdefault(_SEEN_AT, now)
    if is_office(user):
        is_over = now - seen_at >= settings.OFFICE_SESSION_IDLE or now - signed_in_at >= settings.OFFICE_SESSION_AGE
    else:
        is_over = user.is_technician and now - signed_in_at >= settings.TECHNICIAN_SESSION_AGE
    if is_over:
        logout(request)
        return user
    if now - seen_at >= _NOTE_EVERY and _is_a_persons_doing(request):
        request.session[_SEEN_AT] = now
    return None


def _is_a_persons_doing(request: HttpRequest) -> bool:
    """A page that asks again by script every minute keeps nobody signed in."""
    return request.method == "POST" or request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"


def set_cookie_age(request: HttpRequest) -> None:
    """A technician's phone stays signed in for 30 days, whether or not they ticked "Remember me"."""
    if request.user.is_authenticated:
        _set_age(request, request.user)


def _set_age(request: HttpRequest, user: User) -> None:
    if not user.is_technician or is_office(user):
        return
    ends_at = datetime.fromtimestamp(request.session[_SIGNED_IN_AT] + settings.TECHNICIAN_SESSION_AGE, UTC)
    if request.session.get("_session_expiry") != ends_at.isoformat():
        request.session.set_expiry(ends_at)
