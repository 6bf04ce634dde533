"""Who acts for a customer (R4, D10): for one request in Python, for many in the database.

Lists filter in the database, so each rule is written twice, side by side.
`tests/requests_app/test_one_rule_once.py` checks over many generated requests that both agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from msa_portal.business_days.calendar import local_day

if TYPE_CHECKING:
    from msa_portal.accounts.models import User
    from requests_app.models.request import MSARequest


def has_agent(msa_request: MSARequest) -> bool:
    """Whether an agent of record acts for the customer (D22).

    The customer has not taken this request over, and the authority that covers it holds today. Until the customer
    has signed there is no authority, and the company prepares the request.
    """
    if msa_request.agent_company_id is None or msa_request.agent_revoked_at is not None:
        return False
    return msa_request.authority is None or msa_request.authority.holds_on(local_day(timezone.now()))


def with_agent() -> Q:
    """The requests for which `has_agent` is true."""
    today = local_day(timezone.now())
    holds = Q(authority__isnull=True) | Q(authority__ended_at__isnull=True, authority__expires_on__gte=today)
    return Q(agent_company__isnull=False, agent_revoked_at__isnull=True) & holds


def is_agent_of(user: User, msa_request: MSARequest) -> bool:
    """A member of the company that is agent of record and is not revoked."""
    return user.is_active and has_agent(msa_request) and msa_request.agent_company_id in user.company_ids


def acts_for(user: User, msa_request: MSARequest) -> bool:
    """Whether the user is the owner, or belongs to the company that is the agent of record and isn't revoked."""
    if not user.is_active:
        return False
    return msa_request.owner_id == user.pk or is_agent_of(user, msa_request)


def acted_for_by(user: User) -> Q:
    """The requests for which `acts_for` is true, for an active user."""
    mine = Q(owner=user)
    if user.company_ids:
        mine |= with_agent() & Q(agent_company__in=user.company_ids)
    return mine


def listed_for(user: User) -> Q:
    """Those of `acted_for_by` that lists show: the person's own, and those of the company that they work for now."""
    mine = Q(owner=user)
    if user.current_company_id is not None:
        mine |= with_agent() & Q(agent_company=user.current_company_id)
    return mine
