"""Who may open a view. Each of our views is marked with its guard, and a test refuses an address without one."""

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
    """What stands before the view; what of its rows a person sees, the view's own querysets decide."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"
    TECHNICIAN = "technician"
    SECRET_LINK = "secret link"  # noqa: S105  (a kind of page)
    SIGNED_MESSAGE = "signed message"


class SignedInRequest(HttpRequest):
    """What a view behind `signed_in` or `technician` is given."""

    user: User


type View[**P] = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
type SignedInView[**P] = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def mark[V: Callable[..., HttpResponseBase]](view: V, guard: Guard) -> V:
    """Note the guard on the view; decorators that use `functools.wraps` keep it."""
    view.guard = guard  # type: ignore[attr-defined]  # read by guard_of
    return view


def guard_of(view: object) -> Guard | None:
    """The guard of a view function, or of the class that a class-based view was made from."""
    made_from = getattr(view, "view_class", None) or getattr(view, "cls", None) or view
    return getattr(made_from, "guard", None)


def public[V: Callable[..., HttpResponseBase]](view: V) -> V:
    return mark(view, Guard.PUBLIC)


def signed_message[V: Callable[..., HttpResponseBase]](view: V) -> V:
    """The view itself checks a signature over the body."""
    return mark(view, Guard.SIGNED_MESSAGE)


def signed_in[**P](view: SignedInView[P]) -> View[P]:
    """Anybody else is sent to sign in."""

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(cast(SignedInRequest, request), *args, **kwargs)

    return mark(wrapped, Guard.SIGNED_IN)


def technician[**P](view: SignedInView[P]) -> View[P]:
    """To anybody else who is signed in the page is not there."""

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        signed_in_request = cast(SignedInRequest, request)
        if not signed_in_request.user.is_technician:
            raise Http404
        return view(signed_in_request, *args, **kwargs)

    return mark(wrapped, Guard.TECHNICIAN)


def user_of(request: HttpRequest) -> User:
    """The person on a page that the admin site guards. Raises `PermissionDenied` where nobody is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user
