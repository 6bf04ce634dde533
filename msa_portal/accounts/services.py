"""What changes about people and companies. Each says who did it, in the admin's log."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.notices import CompanyInvitation
from msa_portal.accounts.roles import DESK_ROLES
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import queue


def _record(action: int, row: models.Model, message: str, *, by: User) -> None:
    LogEntry.objects.log_actions(by.pk, [row], action, change_message=message, single_object=True)


def update_profile(user: User, *, by: User, name: str, phone: str) -> User:
    with transaction.atomic():
        user = lock(user)
        user.name, user.phone = name, phone
        user.save(update_fields=["name", "phone"])
        _record(CHANGE, user, "name, phone", by=by)
        return user


def register_company(*, by: User, name: str, license_number: str, phone: str) -> Company:
    """A new company with `by` as its manager. Raises `Refused` for a name that is taken."""
    with transaction.atomic():
        lock(by)
        if by.is_staff or by.is_technician:
            raise Refused(
                _("The utility's own people cannot register a company. Use another account for it."), code="staff"
            )
        if by.memberships.exists():
            raise Refused(_("You belong to a company already. Leave it first."), code="has_company")
        if Company.objects.filter(name__iexact=name).exists():
            message = _(
                "A company with this name is registered already. Ask its manager to add you, or check the name."
            )
            raise Refused(message, code="company_exists", fields={"name": message})
        company = Company.objects.create(name=name, license_number=license_number, phone=phone)
        Membership.objects.create(user=by, company=company, is_manager=True)
        _record(ADDITION, company, "registered", by=by)
        return company


def _check_manager(company: Company, by: User) -> None:
    if not company.memberships.filter(user=by, is_manager=True).exists():
        raise Refused(_("Only a manager of the company may do that. Ask yours."), code="not_manager")


def add_member(company: Company, *, by: User, email: str, name: str) -> Membership:
    """Let a person work for the company, account or not: the manager is told the same (fault 43).

    A new account has no password: its holder signs in with a code sent to the address.
    """
    with transaction.atomic():
        company = lock(company)
        _check_manager(company, by)
        user = User.objects.filter(email__iexact=email).first()
        if user is None:
            user = User.objects.create_user(email, name=name)
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
        membership, is_new = Membership.objects.get_or_create(user=user, company=company)
        if is_new:
            _record(ADDITION, membership, "added", by=by)
            _invite(membership, by=by)
        return membership


def _invite(membership: Membership, *, by: User) -> None:
    context: dict[str, Any] = {
        "name": membership.user.name,
        "manager": by.name,
        "company": membership.company.name,
        "action_url": absolute(reverse("account_request_login_code")),
    }
    queue(
        CompanyInvitation, to=membership.user.email, key=str(membership.pk), context=context, recipient=membership.user
    )


def remove_member(membership: Membership, *, by: User) -> None:
    """From the next request on the person sees nothing of the company (fault 38)."""
    with transaction.atomic():
        company = lock(membership.company)
        if membership.user_id != by.pk:
            _check_manager(company, by)
        others = company.memberships.exclude(pk=membership.pk)
        if membership.is_manager and others.exists() and not others.filter(is_manager=True).exists():
            raise Refused(_("A company needs a manager. Make a colleague manager first."), code="last_manager")
        _record(DELETION, membership, "removed", by=by)
        membership.delete()


def make_manager(membership: Membership, *, by: User) -> Membership:
    with transaction.atomic():
        _check_manager(lock(membership.company), by)
        membership.is_manager = True
        membership.save(update_fields=["is_manager"])
        _record(CHANGE, membership, "is_manager", by=by)
        return membership


def follow_roles(user: User) -> None:
    """After a change of groups: roles of the staff desk may enter the admin, nobody else but superusers."""
    with transaction.atomic():
        user = lock(user)
        is_staff = user.is_superuser or bool(user.roles & DESK_ROLES)
        if user.is_staff != is_staff:
            user.is_staff = is_staff
            user.save(update_fields=["is_staff"])


def restart_proof(user: User) -> None:
    """After staff gave an account another address: the old ones sign nobody in, and the new one is to be proven."""
    with transaction.atomic():
        EmailAddress.objects.filter(user=user).delete()
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)


def end_sessions(user: User, *, by: User) -> None:
    """Sign the person out on every device."""
    with transaction.atomic():
        for session in UserSession.objects.filter(user=user):
            session.end()
        _record(CHANGE, user, "signed out on every device", by=by)
