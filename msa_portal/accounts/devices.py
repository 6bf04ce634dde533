"""Browsers that somebody has signed in with before have their own allowance of wrong passwords and of codes.

After OWASP's "Slow Down Online Guessing Attacks with Device Cookies": a stranger who guesses uses up the allowance
of all unknown browsers, and locks nobody out of their own. The cookie signs nobody in.
"""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.utils.crypto import get_random_string, salted_hmac

from msa_portal.accounts.models import User

_SALT = "known-device"
_KNOWN = "msa_portal.known_device"  # what set_cookie sends, in the request's META
_AGE = 365 * 24 * 3600  # seconds
_MOST_LOGINS = 8  # addresses of people who share the browser, the latest first
_MOST_TOKENS = 5  # sign-ins of the same person before this one


def allowance_key(request: HttpRequest, email: str) -> str:
    """What attempts for this address count by on this browser; empty where it never signed in with it."""
    told = _told(request)
    login = _login(email)
    return f"{told['id']}:{login}" if login in told.get("logins", []) else ""


def last_person(request: HttpRequest) -> int | None:
    """The key of who signed in last with this browser."""
    person: int | None = _told(request).get("person")
    return person


def is_from_earlier_sign_in(request: HttpRequest) -> bool:
    """Whether what is posted stood on a page that the same person had before they signed in again with this browser.

    Its token is the proof: nobody else's page has it.
    """
    told = _told(request)
    token = request.POST.get("csrfmiddlewaretoken") or request.META.get(settings.CSRF_HEADER_NAME, "")
    return told.get("person") == request.user.pk and bool(token) and _token(token) in told.get("tokens", [])


def note_sign_in(request: HttpRequest, user: User, **_kwargs: Any) -> None:
    """Receives Django's `user_logged_in`; the cookie goes out with the answer."""
    told = _told(request)
    proven = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    own, before = [_login(email) for email in proven], told.get("logins", [])
    # Pages that are open keep the token that this sign-in replaces.
    tokens = [_token(request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")), *told.get("tokens", [])]
    # A new id: what was guessed before the sign-in counts no more. Nobody renews others' allowances with their own.
    is_shared = not set(before) <= set(own)
    request.META[_KNOWN] = {
        "id": told["id"] if is_shared else get_random_string(22),
        "person": user.pk,
        "logins": list(dict.fromkeys([*own, *before]))[:_MOST_LOGINS],
        "tokens": list(dict.fromkeys(filter(None, tokens)))[:_MOST_TOKENS] if told.get("person") == user.pk else [],
    }


def set_cookie(request: HttpRequest, response: HttpResponse) -> None:
    known = request.META.get(_KNOWN)
    if known is None:
        return
    response.set_cookie(
        settings.DEVICE_COOKIE_NAME,
        signing.dumps(known, salt=_SALT),
        max_age=_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _told(request: HttpRequest) -> dict[str, Any]:
    try:
        told: dict[str, Any] = signing.loads(
            request.COOKIES.get(settings.DEVICE_COOKIE_NAME, ""), salt=_SALT, max_age=_AGE
        )
    except signing.BadSignature:
        return {}
    return told


def _login(email: str) -> str:
    """The cookie names nobody."""
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:16]


def _token(token: str) -> str:
    """The secret behind a form's token, or in the cookie, as the device cookie has it; empty where it is neither."""
    secret = token
    if len(token) == csrf.CSRF_TOKEN_LENGTH:
        try:
            secret = csrf._unmask_cipher_token(token)  # type: ignore[attr-defined]  # Django's types leave it out
        except ValueError:
            return ""
    if len(secret) != csrf.CSRF_SECRET_LENGTH:
        return ""
    return salted_hmac(_SALT, secret, algorithm="sha256").hexdigest()[:16]
