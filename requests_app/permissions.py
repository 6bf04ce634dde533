"""Who may cause which event. When it may happen is in `policies`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.enums import EventKind
from requests_app.models import MSARequest
from requests_app.models.parties import acts_for, is_agent_of

__all__ = ["acts_for", "check_acts_for", "check_may_cause", "is_agent_of", "may_cause", "on_behalf_of"]

_BY_OWNER = frozenset(
    {EventKind.SUBMIT, EventKind.RESUBMIT, EventKind.RESCHEDULE, EventKind.MODIFY, EventKind.WITHDRAW}
)
_BY_PERMISSION = {
    EventKind.REQUIRE_CORRECTIONS: "requests_app.screen_msarequest",
    EventKind.DEEM_VALID: "requests_app.screen_msarequest",
    EventKind.ISSUE_SERVICE_ORDER: "fieldwork.issue_serviceorder",
}
_BY_TIMER = frozenset({EventKind.ISSUE_SERVICE_ORDER, EventKind.WITHDRAW})
_BY_TECHNICIAN = frozenset({EventKind.COMPLETE, EventKind.FAIL})


def may_cause(kind: EventKind, user: User | None, msa_request: MSARequest) -> bool:
    """Whether that person may cause that event; `None` is a timer."""
    if user is None:
        return kind in _BY_TIMER
    if not user.is_active:
        return False
    if kind in _BY_PERMISSION:
        return user.has_perm(_BY_PERMISSION[kind])
    if kind in _BY_TECHNICIAN:
        return user.is_technician
    on_their_word = kind == EventKind.WITHDRAW and user.has_perm("requests_app.withdraw_msarequest")
    return on_their_word or (kind in _BY_OWNER and acts_for(user, msa_request))


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
