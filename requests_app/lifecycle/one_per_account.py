"""One submitted, open request per service account (D27): who is shown the other one, and what staff allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import locked, take_over
from msa_portal.errors import Refused
from requests_app import history, permissions
from requests_app.enums import FINAL, EventKind
from requests_app.models import MSARequest
from requests_app.models.accounts import account_key, has_its_place, others_on_account

if TYPE_CHECKING:
    from requests_app.models.request import MSARequestQuerySet

MOST_WORDS = 500


def shown_to(user: User | AnonymousUser, msa_request: MSARequest) -> MSARequestQuerySet:
    """The other open requests for the account, as far as this person may see them."""
    others = cast("MSARequestQuerySet", others_on_account(msa_request))
    if not msa_request.case.is_account_in_use:  # known of a request that was loaded with its case
        return others.none()
    return others.visible_to(user).order_by("pk")


def in_the_way_of(msa_request: MSARequest, user: User | AnonymousUser) -> list[MSARequest]:
    """Those of `shown_to` that keep this one from being submitted; a request that has its place asks for nothing."""
    if not account_key(msa_request) or has_its_place(msa_request) or msa_request.status in FINAL:
        return []
    return list(shown_to(user, msa_request))


def is_in_the_way(msa_request: MSARequest) -> bool:
    """Whether another request keeps this one from being submitted."""
    return not has_its_place(msa_request) and msa_request.case.is_account_in_use


def allow(msa_request: MSARequest, *, reason: str, by: User) -> None:
    """Staff let a request go on beside another open one for the account. Its fee form opens if only that was missing.

    It holds for this account and kind of work. Raises `Refused` where no other request is in the way.
    """
    reason = reason.strip()
    if not reason:
        raise Refused(_("Say why this request may go on."), code="no_reason", fields={"reason": [_("Say why.")]})
    with locked(msa_request) as fresh:
        permissions.check_may_cause(EventKind.SECOND_REQUEST_ALLOWED, by, fresh)
        if fresh.status in FINAL:
            raise history.stale(fresh, to=by)
        if not is_in_the_way(fresh):
            raise Refused(_("No other open request for this account is in its way now."), code="nothing_in_the_way")
        fresh.allowed_account = account_key(fresh)
        fresh.allowed_account_because = reason[:MOST_WORDS]
        others = sorted(others_on_account(fresh).values_list("pk", flat=True))
        changed = ["allowed_account", "allowed_account_because"]
        history.record(fresh, EventKind.SECOND_REQUEST_ALLOWED, by=by, codes={"others": others}, save=changed)
    take_over(msa_request, fresh)
