"""A company's own facts: registered and edited by its managers, verified by program staff, closed."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from msa_portal import formats
from msa_portal.accounts.admin_log import ADDITION, CHANGE, log
from msa_portal.accounts.companies import work
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.notices import CompanyClosed
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from msa_portal.notices.limits import Cause
from msa_portal.notices.outbox import queue

EDITABLE = ("name", "license_number", "license_classification", "phone", "email", "address")
# Staff verified these: another value has to be verified again.
VERIFIED = ("name", "license_number", "license_classification")


def register_company(
    *, by: User, name: str, license_number: str = "", license_classification: str = "", phone: str = ""
) -> Company:
    """A new company with `by` as its manager. Raises `Refused` for a name that is taken."""
    with transaction.atomic():
        by = lock(by)
        check_may_belong(by)
        if by.memberships.exists():
            raise Refused(_("You belong to a company already. Leave it first."), code="has_company")
        _check_name(name)
        company = Company.objects.create(
            name=name,
            license_number=license_number,
            license_classification=license_classification,
            phone=phone,
        )
        Membership.objects.create(user=by, company=company, is_manager=True)
        log(ADDITION, company, "registered", by=by)
        return company


def check_may_belong(user: User) -> None:
    """The utility's own people act for nobody (program.md, People)."""
    if user.is_staff or user.is_superuser or user.roles:
        raise Refused(
            _("People who work for the utility can't belong to a company. Use another account for it."), code="staff"
        )


def _check_name(name: str, *, but: Company | None = None) -> None:
    taken = Company.objects.filter(name__iexact=name, closed_at__isnull=True).exclude(pk=but.pk if but else 0)
    if taken.exists():
        message = _(
            "A company with this name is registered already. Ask its manager to invite you, or check the name."
        )
        raise Refused(message, code="company_exists", fields={"name": message})


def check_manager(company: Company, by: User) -> None:
    if not company.memberships.filter(user=by, is_manager=True).exists():
        raise Refused(_("Only a manager of the company may do that. Ask yours."), code="not_manager")


def update_company(company: Company, *, by: User, **changes: str) -> Company:
    """Change the company's facts. Another name or license ends the verification; a lapse stays one.

    For managers, and for staff with the permission.
    """
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {sorted(unknown)}")
    with transaction.atomic():
        fresh = lock(company)
        if not by.has_perm("accounts.change_company"):
            check_manager(fresh, by)
        changed = {name: value for name, value in changes.items() if getattr(fresh, name) != value}
        if not changed:
            return fresh
        if "name" in changed:
            _check_name(changed["name"], but=fresh)
        for name, value in changed.items():
            setattr(fresh, name, value)
        ends = fresh.is_verified and not set(VERIFIED).isdisjoint(changed)
        if ends:
            fresh.verified_at = fresh.verified_by = None
        fresh.save()
        log(CHANGE, fresh, ", ".join([*changed, *(["verification ended"] if ends else [])]), by=by)
        return fresh


def verified_facts(company: Company) -> list[str]:
    return [getattr(company, name) for name in VERIFIED]


def verify(company: Company, *, by: User, license_expires_on: date, seen: list[str] | None = None) -> Company:
    """Staff looked the company and its license up: its words may stand in email to strangers (D21).

    `seen` is what they looked up (`verified_facts`), where a page showed it. Raises `Stale` if that changed since.
    """
    with transaction.atomic():
        fresh = lock(company)
        _check_staff(by)
        if seen is not None and seen != verified_facts(fresh):
            raise Stale(
                _("The company changed this since you opened the page. Open it again and look that up."), code="stale"
            )
        if fresh.closed_at is not None:
            raise Refused(_("This company is closed."), code="closed")
        if not (fresh.license_number and fresh.license_classification):
            raise Refused(
                _("The company has no license number or classification yet. Ask its manager to enter both."),
                code="no_license",
            )
        if license_expires_on < local_day(timezone.now()):
            message = _("This license has expired. Verify the company once it's renewed.")
            raise Refused(message, code="lapsed", fields={"license_expires_on": message})
        fresh.verified_at, fresh.verified_by, fresh.license_expires_on = timezone.now(), by, license_expires_on
        fresh.save()
        log(CHANGE, fresh, f"verified, license until {license_expires_on}", by=by)
        return fresh


def take_back_verification(company: Company, *, by: User) -> Company:
    with transaction.atomic():
        fresh = lock(company)
        _check_staff(by)
        if not fresh.is_verified:
            raise Refused(_("This company isn't verified."), code="not_verified")
        fresh.verified_at = fresh.verified_by = None
        fresh.save()
        log(CHANGE, fresh, "verification taken back", by=by)
        return fresh


def _check_staff(by: User) -> None:
    if not by.has_perm("accounts.verify_company"):
        raise Refused(_("Only program staff verify a company."), code="not_allowed")


def check_license(company: Company) -> None:
    """Raises `Refused` after the license's last day: new requests wait, those that are open go on."""
    if company.license_has_lapsed:
        raise Refused(reason_against_new_requests(company), code="license_lapsed")


def reason_against_new_requests(company: Company) -> str:
    """In words; for a company whose license has lapsed."""
    return _(
        "Your company's contractor license expired on %(day)s, so you can't start new requests. Open requests go on"
        " as before. When the license is renewed, call the program: we check it, and then you can start again."
    ) % {"day": formats.day(company.license_expires_on) if company.license_expires_on else ""}


def close_company(company: Company, *, by: User) -> None:
    """The company acts for nobody anymore, and nobody belongs to it. Its records stay.

    Requests whose customers have an account go back to them. Raises `Refused` while there is any other open one:
    nobody could act on it.
    """
    with transaction.atomic():
        fresh = lock(company)
        check_manager(fresh, by)
        stuck = sum(not request.has_account for request in work.open_requests(fresh))
        if stuck:
            raise Refused(
                ngettext(
                    "%(count)d open request has a customer without an account. Finish or cancel it, or ask the"
                    " customer to take it over, then close the company.",
                    "%(count)d open requests have customers without an account. Finish or cancel them, or ask the"
                    " customers to take them over, then close the company.",
                    stuck,
                )
                % {"count": stuck},
                code="open_requests",
            )
        work.give_back(fresh, by=by)
        others = list(_others(fresh, by))
        fresh.invitations.filter(accepted_at__isnull=True, ended_at__isnull=True).update(ended_at=timezone.now())
        fresh.memberships.all().delete()
        fresh.closed_at = timezone.now()
        fresh.save(update_fields=["closed_at", "updated_at"])
        log(CHANGE, fresh, "closed", by=by)
        for colleague in others:
            context = {"name": colleague.name, "company": fresh.name, "manager": by.name}
            key = f"{fresh.pk}:{colleague.pk}"
            queue(
                CompanyClosed,
                to=colleague.email,
                key=key,
                context=context,
                recipient=colleague,
                cause=Cause(by, fresh),
            )


def _others(company: Company, by: User) -> QuerySet[User]:
    return User.objects.filter(memberships__company=company, is_active=True).exclude(pk=by.pk)
