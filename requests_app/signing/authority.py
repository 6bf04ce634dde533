"""The customer's authority for an agent: given, ended, taken over, handed on, expired (A2, D10, D22).

It is given by signing the authorization, by one customer, for one service account, to one company, and ends on a day.
`AgentAuthority` is the one place that says whether it holds: requests name it and ask it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import history, permissions
from requests_app.enums import FINAL, AuthorityEnd, EventKind
from requests_app.lifecycle import agency, drafts
from requests_app.models import AgentAuthority, MSARequest, ProgramSettings
from requests_app.models.accounts import account_of
from requests_app.models.authority import proven_addresses
from requests_app.models.request import MSARequestQuerySet
from requests_app.signing import notices

logger = logging.getLogger(__name__)

_WARNED_BEFORE_DAYS = (30, 7)


def grant(msa_request: MSARequest, *, email: str, customer: User | None, proven: bool = True) -> AgentAuthority:
    """The customer signed the authorization: it holds from today. The caller holds the request's lock.

    `email` and `customer` say who signed. Only that customer's own authority for the account and company is
    extended, and not by a signature that nobody proved to be theirs (`proven` false: pages that the agent sent).
    """
    now = timezone.now()
    until = local_day(now) + timedelta(days=ProgramSettings.current().authority_days)
    whose = {"account_number": account_of(msa_request), "company_id": msa_request.agent_company_id or 0}
    email = email.lower()
    same = Q(customer_email=email) | (Q(customer=customer) if customer else Q(pk__in=[]))
    standing = AgentAuthority.objects.select_for_update().in_force().filter(same, **whose).order_by("pk").first()
    is_new = False
    if standing is None:
        standing, is_new = AgentAuthority.objects.get_or_create(
            customer_email=email,
            ended_at=None,
            **whose,
            defaults={"customer": customer, "given_at": now, "expires_on": until},
        )
    if proven and not is_new:
        standing.given_at, standing.expires_on = now, until
        standing.customer = standing.customer or customer
        standing.save(update_fields=["given_at", "expires_on", "customer"])
    MSARequest.objects.filter(pk=msa_request.pk).update(authority=standing)
    msa_request.authority = standing
    return standing


def seen_by(user: User) -> QuerySet[AgentAuthority]:
    """The authorities that this customer gave, those that ended too, newest first."""
    authorities = AgentAuthority.objects.given_by(user).select_related("company")
    return authorities.prefetch_related("requests").order_by("-given_at")


def requests_of(user: User) -> MSARequestQuerySet:
    """The requests whose customer this person is: in their account, or in their name at an address they have proven."""
    named = Q(authority__in=AgentAuthority.objects.given_by(user))
    for address in proven_addresses(user):
        named |= Q(authority__isnull=True, customer_email__iexact=address)
    return MSARequest.objects.filter(Q(owner=user) | Q(owner__isnull=True) & named)


def take_over(msa_request: MSARequest, *, by: User) -> None:
    """The customer acts on this request from now on; what the company does elsewhere stays (D10).

    One that is not in their account yet is from now on.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_customer(fresh, by)
        if not fresh.has_agent and fresh.owner_id is not None:
            raise Refused(_("No agent acts on this request."), code="no_agent")
        _stop([fresh], by=by, why="taken_over")
    msa_request.refresh_from_db()


def revoke(msa_request: MSARequest, *, by: User) -> int:
    """The customer ends what they allowed for this service account. Returns how many requests it was for."""
    with transaction.atomic():
        covered = _lock_covered(covered_by_same(msa_request, by))
        fresh = next(row for row in covered if row.pk == msa_request.pk)
        _check_customer(fresh, by)
        if not fresh.has_agent:
            raise Refused(_("No agent acts on this request."), code="no_agent")
        _close(_standing_for(fresh, by), AuthorityEnd.REVOKED, by=by)
        count = _stop(covered, by=by, why="revoked")
    msa_request.refresh_from_db()
    return count


def end(agent_authority: AgentAuthority, *, by: User) -> int:
    """The same, by the authority, which may cover no open request. Returns how many open requests it was for."""
    with transaction.atomic():
        if not AgentAuthority.objects.given_by(by).filter(pk=agent_authority.pk).exists():
            raise Refused(_("Only the customer can end the agent's authority."), code="not_allowed")
        covered = _lock_covered(open_under(agent_authority, by))
        if lock(agent_authority).ended_at is not None:
            raise Refused(_("This authority has ended already."), code="no_agent")
        _close([agent_authority.pk], AuthorityEnd.REVOKED, by=by)
        return _stop(covered, by=by, why="revoked")


def open_under(agent_authority: AgentAuthority, user: User) -> list[MSARequest]:
    """The open requests that end with it: those it covers, and those for the account that wait for a signature."""
    covered = [*_open_requests(agent_authority)]
    return _with_unsigned(covered, user, agent_authority.company_id, agent_authority.account_number)


def covered_by_same(msa_request: MSARequest, user: User) -> list[MSARequest]:
    """This customer's open requests for the account on which the company acts, this one among them."""
    covered = [msa_request]
    for pk in _standing_for(msa_request, user):
        covered += _open_requests(AgentAuthority(pk=pk))
    company = msa_request.agent_company_id or 0
    return _with_unsigned(covered, user, company, account_of(msa_request))


def _with_unsigned(covered: list[MSARequest], user: User, company: int, account: str) -> list[MSARequest]:
    rows = {row.pk: row for row in covered}
    if account:
        waiting = requests_of(user).open().filter(agent_company=company, authority__isnull=True)
        for row in waiting.filter(agent_revoked_at__isnull=True):
            if account_of(row) == account:
                rows.setdefault(row.pk, row)
    return [rows[pk] for pk in sorted(rows)]


def _standing_for(msa_request: MSARequest, user: User) -> list[int]:
    """The authorities in force that this customer gave to the company for the request's account."""
    standing = AgentAuthority.objects.given_by(user).in_force().filter(company=msa_request.agent_company_id)
    same = Q(account_number=account_of(msa_request)) | Q(pk=msa_request.authority_id or 0)
    return list(standing.filter(same).order_by("pk").values_list("pk", flat=True))


def _lock_covered(rows: Iterable[MSARequest]) -> list[MSARequest]:
    """Locked in the order of their keys, as a payment of several locks them."""
    return [lock(row) for row in sorted(rows, key=lambda row: row.pk)]


def _check_customer(msa_request: MSARequest, by: User) -> None:
    if msa_request.owner_id != by.pk and not requests_of(by).filter(pk=msa_request.pk).exists():
        raise Refused(_("Only the customer can end the agent's authority."), code="not_allowed")


def _stop(rows: Iterable[MSARequest], *, by: User | None, why: str) -> int:
    """The company stops acting on these rows, which are locked; the customer who ended it has them in their account.

    Returns on how many it acted until now. Each customer is told once.
    """
    ended = []
    for row in rows:
        if row.agent_revoked_at is None:
            ended.append((row, agency.stop_acting(row, by=by, why=why)))
        if by is not None and row.owner_id is None and row.created_by_id != by.pk:
            drafts.claim(row, by=by)
            row.refresh_from_db()
    notices.acting_ended(ended, why=why)
    return len(ended)


def _close(pks: Iterable[int], because: AuthorityEnd, *, by: User | None) -> None:
    AgentAuthority.objects.filter(pk__in=list(pks)).in_force().update(
        ended_at=timezone.now(), ended_because=because, ended_by=by
    )


def hand_over(msa_request: MSARequest, *, to: User, by: User) -> None:
    """Requests belong to the company: a colleague becomes the agent of record (D10)."""
    with transaction.atomic():
        if msa_request.agent_company is not None:
            lock(msa_request.agent_company)  # a person who leaves the company at this moment gets nothing more
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
    running = AgentAuthority.objects.in_force()
    for agent_authority in list(running.filter(expires_on__lt=today)):
        expire(agent_authority)
    for agent_authority in AgentAuthority.objects.filter(pk__in=_left_behind()):
        _finish(agent_authority)
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
            _close([agent_authority.pk], AuthorityEnd.EXPIRED, by=None)
            _stop(requests, by=None, why="expired")
    except Exception:
        logger.exception("authority %s could not be ended", agent_authority.pk)


def _left_behind() -> QuerySet[MSARequest, int | None]:
    """Authorities that ended while a further request was being signed under them."""
    rows = MSARequest.objects.open().filter(authority__ended_at__isnull=False, agent_revoked_at__isnull=True)
    return rows.values_list("authority", flat=True)


def _finish(agent_authority: AgentAuthority) -> None:
    with transaction.atomic():
        rows = _lock_covered(_open_requests(agent_authority))
        _stop(rows, by=None, why=agent_authority.ended_because)


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
