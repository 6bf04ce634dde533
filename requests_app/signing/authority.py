"""The customer's authority for an agent: given, taken back, taken over, handed on, expired (A2, D10).

It is given by signing the authorization, holds for one service account and one company, and ends on
a day. `MSARequest.agent_until` is that day on each request it covers, so that access ends with it
whether or not the timer has run.
"""

from __future__ import annotations

import logging
from datetime import date, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import history, permissions
from requests_app.agreements import versions
from requests_app.enums import FINAL, AuthorityEnd, EventKind
from requests_app.models import AgentAuthority, MSARequest, ProgramSettings
from requests_app.models.request import MSARequestQuerySet
from requests_app.signing import notices

logger = logging.getLogger(__name__)

_WARNED_BEFORE_DAYS = (30, 7)


def grant(msa_request: MSARequest) -> AgentAuthority:
    """The customer signed the authorization: it holds from today. The caller holds the request's lock."""
    now = timezone.now()
    until = local_day(now) + timedelta(days=ProgramSettings.current().authority_days)
    number, company = account_of(msa_request), msa_request.agent_company_id or 0
    agent_authority, _created = AgentAuthority.objects.select_for_update().update_or_create(
        account_number=number,
        company_id=company,
        ended_at=None,
        defaults={"given_at": now, "expires_on": until},
    )
    MSARequest.objects.filter(pk=msa_request.pk).update(authority=agent_authority)
    MSARequest.objects.filter(authority=agent_authority).update(agent_until=until)
    msa_request.authority, msa_request.agent_until = agent_authority, until
    return agent_authority


def account_of(msa_request: MSARequest) -> str:
    """The service account's number as it is compared: letters and digits."""
    return "".join(letter for letter in msa_request.account_number.upper() if letter.isalnum())


def seen_by(user: User) -> QuerySet[AgentAuthority]:
    """The authorities that this customer gave, those that ended too, newest first."""
    authorities = AgentAuthority.objects.filter(requests__owner=user).select_related("company").distinct()
    return authorities.prefetch_related("requests").order_by("-given_at")


def take_over(msa_request: MSARequest, *, by: User) -> None:
    """The customer acts on this request from now on; what the company does elsewhere stays (D10)."""
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_customer(fresh, by)
        if not fresh.has_agent:
            raise Refused(_("No agent acts on this request."), code="no_agent")
        _end_on(fresh, by=by, why="taken_over")
    msa_request.refresh_from_db()


def revoke(msa_request: MSARequest, *, by: User) -> int:
    """The customer ends what they allowed for this service account. Gives how many requests it was for."""
    with transaction.atomic():
        covered = _lock_covered(msa_request, by)
        fresh = next(row for row in covered if row.pk == msa_request.pk)
        _check_customer(fresh, by)
        if not fresh.has_agent:
            raise Refused(_("No agent acts on this request."), code="no_agent")
        for row in covered:
            _end_on(row, by=by, why="revoked")
        if fresh.authority_id is not None:
            _close(fresh.authority_id, AuthorityEnd.REVOKED, by=by)
    msa_request.refresh_from_db()
    return len(covered)


def covered_by_same(msa_request: MSARequest, user: User) -> MSARequestQuerySet:
    """This customer's open requests that the company acts on under the same authority, this one among them."""
    same = MSARequest.objects.filter(owner=user, agent_company=msa_request.agent_company_id).exclude(status__in=FINAL)
    if msa_request.authority_id is None:
        return same.filter(pk=msa_request.pk)
    return same.filter(authority=msa_request.authority_id, agent_revoked_at__isnull=True)


def _lock_covered(msa_request: MSARequest, by: User) -> list[MSARequest]:
    """That request and those covered with it, locked in the order of their keys, as a payment of several locks them."""
    together = covered_by_same(msa_request, by) | MSARequest.objects.filter(pk=msa_request.pk)
    rows = [lock(row) for row in together.order_by("pk")]
    return [row for row in rows if row.pk == msa_request.pk or row.has_agent]


def _check_customer(msa_request: MSARequest, by: User) -> None:
    if msa_request.owner_id != by.pk:
        raise Refused(_("Only the customer can end the agent's authority."), code="not_allowed")


def _end_on(msa_request: MSARequest, *, by: User | None, why: str) -> None:
    """Access ends at the next request, and signatures that were awaited are void. The row is locked."""
    msa_request.agent_revoked_at = timezone.now()
    msa_request.save(update_fields=["agent_revoked_at"])
    history.record(
        msa_request, EventKind.AGENT_REVOKED, by=by, codes={"company": msa_request.agent_company_id, "why": why}
    )
    versions.supersede_if_changed(msa_request, by=by)


def _close(pk: int, because: AuthorityEnd, *, by: User | None) -> None:
    AgentAuthority.objects.filter(pk=pk, ended_at__isnull=True).update(
        ended_at=timezone.now(), ended_because=because, ended_by=by
    )


def hand_over(msa_request: MSARequest, *, to: User, by: User) -> None:
    """Requests belong to the company: a colleague becomes the agent of record (D10)."""
    with transaction.atomic():
        if msa_request.agent_company is not None:
            lock(msa_request.agent_company)  # whoever leaves the company at this moment gets nothing more
        fresh = lock(msa_request)
        if not permissions.is_agent_of(by, fresh):
            permissions.check_acts_for(by, fresh)
            raise Refused(_("Only the agent's company hands a request over."), code="not_allowed")
        works_there = to.memberships.filter(company=fresh.agent_company_id).exists()
        if not (to.is_active and works_there and fresh.agent_company_id in to.company_ids):
            raise Refused(_("That person is not in your company any more. Choose another one."), code="no_member")
        if fresh.agent_id == to.pk:
            raise Refused(_("%(name)s has this request already.") % {"name": to.name}, code="same_agent")
        fresh.agent = to
        fresh.save(update_fields=["agent"])
        event = history.record(fresh, EventKind.AGENT_NAMED, by=by, codes={"agent": to.pk})
        if to.pk != by.pk:
            notices.handed_over(fresh, to=to, by=by, key=str(event.pk))
    msa_request.refresh_from_db()


def colleagues(msa_request: MSARequest) -> QuerySet[User]:
    """To whom the request can be handed over."""
    members = User.objects.filter(is_active=True, memberships__company=msa_request.agent_company_id)
    return members.exclude(pk=msa_request.agent_id or 0).order_by("name", "pk")


# --- The timer ---------------------------------------------------------------------------


def run_due() -> None:
    """Warn before authorities expire, and end those that have. It may run at any time, and twice."""
    today = local_day(timezone.now())
    running = AgentAuthority.objects.filter(ended_at__isnull=True)
    for agent_authority in list(running.filter(expires_on__lt=today)):
        expire(agent_authority)
    soon = today + timedelta(days=max(_WARNED_BEFORE_DAYS))
    for agent_authority in running.filter(expires_on__range=(today, soon)):
        _warn(agent_authority, today)


def expire(agent_authority: AgentAuthority) -> None:
    """Each in a transaction of its own: one that fails does not hold up the others."""
    try:
        with transaction.atomic():
            requests = [lock(msa_request) for msa_request in _open_requests(agent_authority)]
            fresh = lock(agent_authority)
            if fresh.ended_at is not None or fresh.expires_on >= local_day(timezone.now()):
                return  # signed again meanwhile
            for msa_request in requests:
                _end_on(msa_request, by=None, why="expired")
            _close(agent_authority.pk, AuthorityEnd.EXPIRED, by=None)
    except Exception:
        logger.exception("authority %s could not be ended", agent_authority.pk)


def _open_requests(agent_authority: AgentAuthority) -> MSARequestQuerySet:
    return agent_authority.requests.exclude(status__in=FINAL).filter(agent_revoked_at__isnull=True).order_by("pk")


def _warn(agent_authority: AgentAuthority, today: date) -> None:
    """Once for each of the two days, about the newest of its open requests."""
    msa_request = _open_requests(agent_authority).select_related("owner", "agent", "agent_company").last()
    if msa_request is None:
        return
    left = (agent_authority.expires_on - today).days
    days = min(days for days in _WARNED_BEFORE_DAYS if left <= days)
    with transaction.atomic():
        notices.authority_ends(
            msa_request, on=agent_authority.expires_on, key=f"{agent_authority.pk}:{agent_authority.expires_on}:{days}"
        )
