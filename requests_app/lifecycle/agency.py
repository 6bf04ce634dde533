"""A company stops acting on a request (D10, D22)."""

from __future__ import annotations

from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.notices import outbox
from requests_app import history
from requests_app.agreements import versions
from requests_app.enums import EventKind
from requests_app.models import MSARequest, RequestEvent


def stop_acting(msa_request: MSARequest, *, by: User | None, why: str) -> RequestEvent:
    """From the next request on the company's people see nothing of it, and no mail about it reaches them (fault 71).

    Signatures that are awaited are void, and so are the links that the agent had emailed. The caller holds the
    request's lock. `by` None is a timer.
    """
    outbox.cancel(msa_request.reference or "", recipients=_agents_people(msa_request))
    msa_request.agent_revoked_at = timezone.now()
    msa_request.save(update_fields=["agent_revoked_at"])
    event = history.record(
        msa_request, EventKind.AGENT_REVOKED, by=by, codes={"company": msa_request.agent_company_id, "why": why}
    )
    versions.supersede_if_changed(msa_request, by=by)
    return event


def _agents_people(msa_request: MSARequest) -> list[int]:
    members = User.objects.filter(memberships__company=msa_request.agent_company_id).values_list("pk", flat=True)
    people = {*members, msa_request.agent_id or 0}
    return sorted(people - {msa_request.owner_id, 0})
