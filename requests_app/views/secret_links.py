"""What every page behind a mailed link does: it is kept by nobody, and links cannot be tried out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render

from msa_portal import guards
from msa_portal.guards import Guard

_HAS_FORM = "_has_form"
_GUESSES = 30
_GUESSES_FOR = 3600


class TooManyGuesses(Exception):
    """That address tried too many links that we did not make."""


def with_form[R: HttpResponseBase](response: R, *, has_form: bool = True) -> R:
    """The same response; `secret_page` lets its form be posted."""
    setattr(response, _HAS_FORM, has_form)
    return response


def secret_page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Nothing of the address is kept or passed on.

    `strict-origin` rather than `no-referrer`: under the latter browsers post forms with
    `Origin: null`, which the check against forged posts refuses. Neither tells the path.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: str, **kwargs: str) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except TooManyGuesses:
            response = render(request, "429.html", status=429)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "strict-origin" if getattr(response, _HAS_FORM, False) else "no-referrer"
        return response

    return guards.mark(wrapped, Guard.SECRET_LINK)


def get_or_throttle[T](request: HttpRequest, find: Callable[[], T | None]) -> T:
    """What the link opens, or 404; whoever tries too many links of whatever kind is not looked at any more."""
    key = f"signing-guesses:{request.META.get('REMOTE_ADDR', '')}"
    if cache.get(key, 0) >= _GUESSES:
        raise TooManyGuesses
    row = find()
    if row is None:
        cache.add(key, 0, _GUESSES_FOR)
        cache.incr(key)
        raise Http404
    return row
