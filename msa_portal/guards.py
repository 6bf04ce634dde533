"""Who may open a view. Each of our views is marked with its guard; a test fails for any URL without one."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import wraps
from typing import Concatenate, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from msa_portal.accounts.models import User


class Guard(Enum):
    """Who gets past the door. Which rows a person sees, the view's own querysets decide."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    TECHNICIAN = "technician"
    SECRET_LINK = "secret link"  # noqa: S105  (a kind of page)
    SIGNED_MESSAGE = "signed message"


class SignedInRequest(HttpRequest):
    """The request that a view behind `signed_in` or `technician` receives."""

    user: User


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
type SignedInView[**P] = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def mark[V: Callable[..., HttpResponseBase]](view: V, guard: Guard) -> V:
    """Record the guard on the view. Decorators that use `functools.wraps` keep it."""
    view.guard = guard  # type: ignore[attr-defined]  # read by guard_of
    return view


def guard_of(view: object) -> Guard | None:
    """The guard of a view function, or of the class behind a class-based view. None if it has no guard."""
    made_from = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    return getattr(made_from, "guard", None)


def public[V: Callable[..., HttpResponseBase]](view: V) -> V:
    return mark(view, Guard.PUBLIC)


def signed_message[V: Callable[..., HttpResponseBase]](view: V) -> V:
    """No sign-in: the view itself checks a signature over the body."""
    return mark(view, Guard.SIGNED_MESSAGE)


def signed_in[**P](view: SignedInView[P]) -> View[P]:
    """Anyone who isn't signed in is redirected to the sign-in page."""

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(cast(SignedInRequest, request), *args, **kwargs)

    return mark(wrapped, Guard.SIGNED_IN)


def technician[**P](view: SignedInView[P]) -> View[P]:
    """Anyone else who is signed in gets a 404."""

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        signed_in_request = cast(SignedInRequest, request)
        if not signed_in_request.user.is_technician:
            raise Http404
        return view(signed_in_request, *args, **kwargs)

    return mark(wrapped, Guard.TECHNICIAN)


def user_of(request: HttpRequest) -> User:
    """The person using a page that the admin site guards. Raises `PermissionDenied` if nobody is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
