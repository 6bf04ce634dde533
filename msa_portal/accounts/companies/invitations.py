"""A colleague joins a company by accepting an invitation (D21). The inviter learns nothing about the address (fault 43)."""

from __future__ import annotations

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.admin_log import ADDITION, log
from msa_portal.accounts.companies import work
from msa_portal.accounts.companies.details import check_manager, check_may_belong
from msa_portal.accounts.models import Company, Membership, MembershipInvitation, User
from msa_portal.accounts.notices import CompanyInvitation
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices.limits import Cause
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import queue

LIFE = timedelta(days=14)


def invite(company: Company, *, by: User, email: str) -> MembershipInvitation:
    """Email an invitation to join; it replaces an earlier one to that address. Says nothing of who has the address."""
    with transaction.atomic():
        fresh = lock(company)
        check_manager(fresh, by)
        if fresh.memberships.filter(user__email__iexact=email).exists():
            message = _("%(email)s works with you already.") % {"email": email}
            raise Refused(message, code="member", fields={"email": message})
        open_invitations(fresh).filter(email__iexact=email).update(ended_at=timezone.now())
        invitation = MembershipInvitation.objects.create(
            company=fresh, email=email, invited_by=by, expires_at=timezone.now() + LIFE
        )
        log(ADDITION, invitation, "invited", by=by)
        queue(
            CompanyInvitation,
            to=email,
            key=str(invitation.key),
            context={
                "manager": by.name,
                "company": fresh.name,
                "is_unverified": not fresh.is_verified,
                "act_by": formats.day(invitation.expires_at),
                "action_url": absolute(reverse("accounts:invitations")),
            },
            cause=Cause(by, fresh),
            is_vouched_for=fresh.is_verified,
            is_new_cause=True,
        )
        return invitation


def send_again(invitation: MembershipInvitation, *, by: User) -> MembershipInvitation:
    """A new invitation to the same address, with the whole time to accept it."""
    if invitation.accepted_at or invitation.ended_at:
        raise Refused(_("This invitation isn't open anymore."), code="not_open")
    return invite(invitation.company, by=by, email=invitation.email)


def withdraw(invitation: MembershipInvitation, *, by: User) -> None:
    with transaction.atomic():
        check_manager(lock(invitation.company), by)
        _end(invitation)


def _end(invitation: MembershipInvitation) -> MembershipInvitation:
    fresh = lock(invitation)
    if fresh.accepted_at or fresh.ended_at:
        raise Refused(_("This invitation isn't open anymore."), code="not_open")
    fresh.ended_at = timezone.now()
    fresh.save(update_fields=["ended_at"])
    return fresh


def open_invitations(company: Company) -> QuerySet[MembershipInvitation]:
    """Neither accepted nor withdrawn; those that expired are among them, to be sent again."""
    return company.invitations.filter(accepted_at__isnull=True, ended_at__isnull=True).order_by("created_at")


def invitations_to(user: User) -> QuerySet[MembershipInvitation]:
    """Those that this person can accept: open, in time, sent to an address that they have proven."""
    proven = EmailAddress.objects.filter(user=user, verified=True).values(lower=Lower("email"))
    rows = MembershipInvitation.objects.annotate(lower=Lower("email")).filter(lower__in=proven)
    rows = rows.filter(accepted_at__isnull=True, ended_at__isnull=True, expires_at__gt=timezone.now())
    return rows.filter(company__closed_at__isnull=True).select_related("company", "invited_by").order_by("created_at")


def accept(invitation: MembershipInvitation, *, by: User) -> Membership:
    """Join. Raises `Refused` if the invitation has ended, or the person may not belong to this company."""
    with transaction.atomic():
        company = lock(invitation.company)
        fresh = lock(invitation)
        check_may_belong(by)
        if not invitations_to(by).filter(pk=fresh.pk).exists():
            raise Refused(
                _("This invitation has ended, or was sent to another address. Ask the company to send a new one."),
                code="not_open",
            )
        work.check_may_join(company, by)
        membership, _is_new = Membership.objects.get_or_create(user_id=by.pk, company=company)
        fresh.accepted_at, fresh.accepted_by_id = timezone.now(), by.pk
        fresh.save(update_fields=["accepted_at", "accepted_by"])
        log(ADDITION, membership, "joined", by=by)
        return membership


def decline(invitation: MembershipInvitation, *, by: User) -> None:
    with transaction.atomic():
        lock(invitation.company)
        if not invitations_to(by).filter(pk=invitation.pk).exists():
            raise Refused(_("This invitation isn't open anymore."), code="not_open")
        _end(invitation)
