"""What changes about people and companies. Each says who did it, in the admin's log."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import transaction

from msa_portal.accounts.admin_log import CHANGE, log
from msa_portal.accounts.companies.membership import leave_all
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import DESK_ROLES
from msa_portal.db import lock


def update_profile(user: User, *, by: User, name: str, phone: str) -> User:
    with transaction.atomic():
        user = lock(user)
        user.name, user.phone = name, phone
        user.save(update_fields=["name", "phone"])
        log(CHANGE, user, "name, phone", by=by)
        return user


def follow_roles(user: User, *, by: User) -> None:
    """After a change of groups: office roles may enter the admin, nobody else but superusers.

    People who work for the utility leave the companies that act for customers.
    """
    with transaction.atomic():
        user = lock(user)
        if user.is_superuser or user.roles:
            leave_all(user, by=by)
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
        log(CHANGE, user, "signed out on every device", by=by)
