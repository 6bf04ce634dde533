"""Who manages a company, and how people leave it: their work goes to a colleague at once (fault 71)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.admin_log import CHANGE, DELETION, log
from msa_portal.accounts.companies import work
from msa_portal.accounts.companies.details import check_manager
from msa_portal.accounts.models import Membership, User
from msa_portal.db import lock
from msa_portal.errors import Refused


def remove_member(membership: Membership, *, by: User, to: User | None = None) -> int:
    """The person leaves, or a manager removes them; `to` takes over their requests. Gives how many are open.

    From the next request on the person sees nothing of the company, and gets no email about it (faults 38, 71).
    Raises `Refused` if they are its only manager, or have open requests and `to` is no colleague.
    """
    with transaction.atomic():
        company = lock(membership.company)
        if membership.user_id != by.pk:
            check_manager(company, by)
        check_may_go(membership)
        heir = _heir(membership, to)
        if heir is None:
            raise Refused(_("Choose a colleague who takes over the open requests."), code="no_heir")
        count = work.hand_on(company, leaver=membership.user, to=heir, by=by)
        _remove(membership, by=by)
        return count


def _remove(membership: Membership, *, by: User) -> None:
    """Their invitations end too: none of them leads back into the company, under another address."""
    own = membership.company.invitations.filter(invited_by=membership.user_id)
    own.filter(accepted_at__isnull=True, ended_at__isnull=True).update(ended_at=timezone.now())
    log(DELETION, membership, "removed", by=by)
    membership.delete()


def check_may_go(membership: Membership) -> None:
    """A company keeps a manager: who is the only one makes another one first, or closes the company."""
    others = membership.company.memberships.exclude(pk=membership.pk)
    if not others.exists():
        raise Refused(_("You're the only person in this company. Close the company instead."), code="last_member")
    if membership.is_manager and not others.filter(is_manager=True).exists():
        raise Refused(
            _("A company needs a manager. Make a colleague a manager first, or close the company."),
            code="last_manager",
        )


def _heir(membership: Membership, chosen: User | None) -> User | None:
    """The colleague chosen; without open requests, a manager gets the email about those that are over."""
    others = colleagues(membership)
    if chosen is not None:
        return others.filter(pk=chosen.pk).first()
    if work.count_open(membership.company, membership.user):
        return None
    return others.first()


def colleagues(membership: Membership) -> QuerySet[User]:
    """The others in the company, managers first."""
    others = User.objects.filter(is_active=True, memberships__company=membership.company_id)
    return others.exclude(pk=membership.user_id).order_by("-memberships__is_manager", "memberships__joined_at", "pk")


def make_manager(membership: Membership, *, by: User) -> Membership:
    """By a manager, or by staff for a company whose managers can't be reached."""
    with transaction.atomic():
        company = lock(membership.company)
        if not by.has_perm("accounts.change_membership"):
            check_manager(company, by)
        fresh = lock(membership)
        fresh.is_manager = True
        fresh.save(update_fields=["is_manager"])
        log(CHANGE, fresh, "is_manager", by=by)
        return fresh


def leave_all(user: User, *, by: User) -> None:
    """The person works for the utility from now on, which nobody does who acts for customers.

    A colleague takes over: a manager, or the one who has been there longest and becomes manager. Raises `Refused`
    where the person is alone in a company with open requests.
    """
    check_may_work_for_the_utility(user)
    for membership in user.memberships.select_related("company", "user").order_by("pk"):
        company = lock(membership.company)
        heir = colleagues(membership).first()
        if heir is None:
            _remove(membership, by=by)
            continue
        work.hand_on(company, leaver=membership.user, to=heir, by=by)
        _remove(membership, by=by)
        if not company.memberships.filter(is_manager=True).exists():
            company.memberships.filter(user=heir).update(is_manager=True)
            log(CHANGE, company.memberships.get(user=heir), "is_manager", by=by)


def check_may_work_for_the_utility(user: User) -> None:
    """Raises `Refused` as `leave_all` would, changing nothing."""
    for membership in user.memberships.select_related("company"):
        if not colleagues(membership).exists() and work.open_requests(membership.company):
            raise Refused(
                _(
                    "%(name)s is the only person in %(company)s, which has open requests. Their company has to finish or"
                    " hand over those first."
                )
                % {"name": user.name, "company": membership.company.name},
                code="last_member",
            )
