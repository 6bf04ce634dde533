"""Who may cause which event. When it may happen is in `policies`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.enums import EventKind
from requests_app.events import Actor, row_for
from requests_app.models import MSARequest
from requests_app.models.parties import acts_for, is_agent_of

__all__ = ["acts_for", "check_acts_for", "check_enters", "check_may_cause", "is_agent_of", "may_cause", "on_behalf_of"]

# They act without a signed-in user.
_WITHOUT_USER = frozenset({Actor.TIMER, Actor.LINK, Actor.PORTAL})


def may_cause(kind: EventKind, user: User | None, msa_request: MSARequest) -> bool:
    """Whether the person may cause the event, by its row. `None` is a timer, a private link, or the portal."""
    row = row_for(kind)
    if user is None:
        return not row.by.isdisjoint(_WITHOUT_USER)
    if not user.is_active:
        return False
    return any(user.has_perm(permission) for permission in row.permissions) or any(
        _is(actor, user, msa_request) for actor in row.by
    )


def _is(actor: Actor, user: User, msa_request: MSARequest) -> bool:
    match actor:
        case Actor.CUSTOMER:
            return msa_request.owner_id == user.pk
        case Actor.AGENT:
            return is_agent_of(user, msa_request)
        case Actor.TECHNICIAN:
            return user.is_technician
    return False


def on_behalf_of(msa_request: MSARequest) -> User:
    """Whose name an automatic step bears: the owner's, else the agent's."""
    person = msa_request.owner or (msa_request.agent if msa_request.has_agent else None)
    if person is None:
        raise Refused(_("Nobody acts for this request any more."), code="nobody_acts")
    return person


def check_may_cause(kind: EventKind, user: User | None, msa_request: MSARequest) -> None:
    if not may_cause(kind, user, msa_request):
        raise Refused(_("This is not yours to do on this request."), code="not_allowed")


def check_acts_for(user: User, msa_request: MSARequest) -> None:
    if not acts_for(user, msa_request):
        raise Refused(
            _("You do not act for this customer any more. Ask them to name you as their agent again."),
            code="not_allowed",
        )


def check_enters(user: User, msa_request: MSARequest, *, on_phone: bool) -> None:
    """The person acts for the customer; or, `on_phone`, is program staff who enter what the customer says."""
    if not on_phone:
        check_acts_for(user, msa_request)
    elif not (user.is_active and user.has_perm("requests_app.screen_msarequest")):
        raise Refused(_("Only program staff enter answers for a customer on the phone."), code="not_allowed")
