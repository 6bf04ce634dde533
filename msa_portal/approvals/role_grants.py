"""Granting a role takes two supervisors, taking one back takes one (D23).

A grant is a role's group, the superuser's flag, or letting a disabled person with a role sign in again. The first two
supervisors, and one in an emergency, come from the command line (`manage.py grant_role`).
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal.accounts import services as accounts
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import services
from msa_portal.approvals.models import Proposal
from msa_portal.approvals.services import Kind
from msa_portal.db import lock
from msa_portal.errors import Refused

ROLE, SUPERUSER = "role", "superuser"
# What is granted beside the roles' own names.
ALL_RIGHTS, SIGN_IN = "superuser", "sign_in"


def propose(user: User, power: str, *, by: User, reason: str = "") -> Proposal:
    """Ask a second supervisor to let this person have that role, all rights, or sign in again.

    All rights are for superusers to give. Raises `Refused` for oneself and for what the person has.
    """
    if user.pk == by.pk:
        raise Refused(_("Nobody gives a role to themselves. Ask another supervisor."), code="own_benefit")
    _check_lacks(user, power)
    payload = {"user": user.pk, "power": power, "email": user.email}
    return services.propose(
        _kind(power), _target(user, power), subject=_subject(user, power), payload=payload, by=by, reason=reason
    )


def grant_from_shell(user: User, power: str, *, operator: str, reason: str) -> Proposal:
    """At once, by somebody who has the server's shell: recorded, and told to all supervisors."""
    _check_lacks(user, power)
    payload = {"user": user.pk, "power": power, "email": user.email}
    return services.from_shell(
        _kind(power),
        _target(user, power),
        subject=_subject(user, power),
        payload=payload,
        operator=operator,
        reason=reason,
    )


def supervisors() -> int:
    """How many people can approve a grant."""
    return User.objects.filter(is_active=True, groups__name=Role.SUPERVISOR).distinct().count()


def has(user: User, power: str) -> bool:
    if power == ALL_RIGHTS:
        return user.is_superuser
    return user.is_active if power == SIGN_IN else user.groups.filter(name=power).exists()


def label(power: str) -> str:
    names = {ALL_RIGHTS: _("all rights (superuser)"), SIGN_IN: _("signing in again")}
    return names.get(power) or str(Role(power).label)


def _check_lacks(user: User, power: str) -> None:
    if has(user, power):
        raise Refused(
            _("%(name)s has this already: %(power)s.") % {"name": user.name, "power": label(power)}, code="has_it"
        )


def _kind(power: str) -> str:
    return SUPERUSER if power == ALL_RIGHTS else ROLE


def _target(user: User, power: str) -> str:
    return f"user:{user.pk}:{power}"


def _subject(user: User, power: str) -> str:
    return _("%(power)s for %(name)s (%(email)s)") % {
        "power": label(power),
        "name": user.name,
        "email": user.email,
    }


def _hold(proposal: Proposal) -> None:
    lock(User(pk=proposal.payload["user"]))


def _check(proposal: Proposal) -> None:
    user, power = User.objects.get(pk=proposal.payload["user"]), proposal.payload["power"]
    _check_lacks(user, power)
    if user.email != proposal.payload["email"]:
        raise Refused(
            _("%(name)s has another address now. Decline this, and propose it again.") % {"name": user.name},
            code="stale",
        )
    if power != SIGN_IN and not user.is_active:
        raise Refused(_("%(name)s is disabled. Let them sign in again first.") % {"name": user.name}, code="disabled")


def _apply(proposal: Proposal) -> None:
    user, power = lock(User(pk=proposal.payload["user"])), proposal.payload["power"]
    if power == SIGN_IN:
        user.is_active = True
        user.save(update_fields=["is_active"])
    elif power == ALL_RIGHTS:
        user.is_superuser = user.is_staff = True
        user.save(update_fields=["is_superuser", "is_staff"])
    else:
        user.groups.add(Group.objects.get(name=power))
    # From the shell nobody is signed in: the company's history then names the person who left it.
    accounts.follow_roles(user, by=proposal.decided_by or user)


def _beneficiary(proposal: Proposal) -> int:
    return int(proposal.payload["user"])


def _facts(proposal: Proposal) -> list[tuple[Any, Any]]:
    user = User.objects.get(pk=proposal.payload["user"])
    held = ", ".join(sorted(str(role.label) for role in user.roles)) or _("none")
    return [(_("Person"), f"{user.name} ({user.email})"), (_("Roles now"), held)]


def register() -> None:
    common: dict[str, Any] = {
        "apply": _apply,
        "hold": _hold,
        "check": _check,
        "facts": _facts,
        "beneficiary": _beneficiary,
    }
    services.register(
        Kind(name=ROLE, title=gettext_lazy("Granting a role"), permission="accounts.change_user", **common)
    )
    # No role has this permission, so superusers alone propose and approve it.
    services.register(
        Kind(name=SUPERUSER, title=gettext_lazy("Granting all rights"), permission="accounts.delete_user", **common)
    )
