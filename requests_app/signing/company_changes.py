"""What becomes of a company's requests when a colleague leaves or the company closes (fault 71)."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.companies import work
from msa_portal.accounts.companies.work import OpenRequest
from msa_portal.accounts.models import Company, User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import readdress
from requests_app import history
from requests_app.agreements import versions
from requests_app.enums import FINAL, AuthorityEnd, EventKind
from requests_app.models import AgentAuthority, MSARequest
from requests_app.models.parties import with_agent
from requests_app.models.request import MSARequestQuerySet
from requests_app.signing import notices

_NOT_SENT = (NoticeMessage.State.QUEUED, NoticeMessage.State.SENDING)


def connect() -> None:
    work.register(CompanyRequests())


class CompanyRequests:
    """A company's requests, for the pages of the company. Implements `CompanyWork`."""

    def count_open(self, company: Company, person: User) -> int:
        return _open(company).filter(agent=person).count()

    def open_requests(self, company: Company) -> list[OpenRequest]:
        return [
            OpenRequest(str(row), row.get_absolute_url(), has_account=row.owner_id is not None)
            for row in _open(company).order_by("pk")
        ]

    def check_may_join(self, company: Company, person: User) -> None:
        """The agent can't be the customer too (A2)."""
        own = _open(company).filter(owner=person).first()
        if own is not None:
            raise Refused(
                _(
                    "%(company)s acts for you on request %(reference)s, so you can't work there now. End their authority"
                    " or finish that request first."
                )
                % {"company": company.name, "reference": own.reference},
                code="customer",
            )

    def hand_on(self, company: Company, *, leaver: User, to: User, by: User) -> int:
        """Open requests are handed over one by one, on their history. Those that are over only change whom email goes to."""
        handed = [_hand_on(lock(row), to=to, by=by) for row in _open(company).filter(agent=leaver).order_by("pk")]
        theirs = MSARequest.objects.filter(agent_company=company, agent=leaver)
        theirs.update(agent=to)
        # But for their own, from when they were a customer.
        references = MSARequest.objects.filter(agent_company=company).exclude(owner=leaver).values("reference")
        waiting = NoticeMessage.objects.filter(state__in=_NOT_SENT, reference__in=references)
        about_requests = waiting.filter(Q(recipient=leaver) | Q(to_email__iexact=leaver.email))
        readdress(about_requests.select_related("recipient").select_for_update(of=("self",)), to=to)
        if handed and to.pk != by.pk:
            notices.work_handed_over(company, handed, to=to, leaver=leaver, by=by)
        return len(handed)

    def give_back(self, company: Company, *, by: User) -> int:
        """The company steps down from every request and every authority. Unclaimed requests are the caller's to refuse."""
        rows = [lock(row) for row in _open(company).order_by("pk")]
        for row in rows:
            row.agent_revoked_at = timezone.now()
            row.save(update_fields=["agent_revoked_at"])
            history.record(row, EventKind.AGENT_REVOKED, by=by, codes={"company": company.pk, "why": "closed"})
            versions.supersede_if_changed(row, by=by)
        AgentAuthority.objects.filter(company=company, ended_at__isnull=True).update(
            ended_at=timezone.now(), ended_because=AuthorityEnd.CLOSED, ended_by=by
        )
        return len(rows)


def _open(company: Company) -> MSARequestQuerySet:
    return MSARequest.objects.exclude(status__in=FINAL).filter(with_agent(), agent_company=company)


def _hand_on(msa_request: MSARequest, *, to: User, by: User) -> MSARequest:
    msa_request.agent = to
    msa_request.save(update_fields=["agent"])
    history.record(msa_request, EventKind.AGENT_NAMED, by=by, codes={"agent": to.pk})
    return msa_request
