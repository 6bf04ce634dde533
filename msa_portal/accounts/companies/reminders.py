"""Before a company's license reaches its last day, its managers are told, twice."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from msa_portal import formats
from msa_portal.accounts.models import Company, User
from msa_portal.accounts.notices import LicenseExpires
from msa_portal.business_days.calendar import local_day
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import queue

WARNED_BEFORE_DAYS = (30, 7)


def run_due() -> None:
    """May run at any time, and twice: once for each company, last day and manager, 30 and 7 days before."""
    today = local_day(timezone.now())
    soon = today + timedelta(days=max(WARNED_BEFORE_DAYS))
    for company in Company.objects.filter(closed_at__isnull=True, license_expires_on__range=(today, soon)):
        _warn(company, ((company.license_expires_on or today) - today).days)


def _warn(company: Company, left: int) -> None:
    before = min(days for days in WARNED_BEFORE_DAYS if left <= days)
    managers = User.objects.filter(memberships__company=company, memberships__is_manager=True, is_active=True)
    with transaction.atomic():
        for manager in managers.order_by("pk"):
            queue(
                LicenseExpires,
                to=manager.email,
                key=f"{company.pk}:{company.license_expires_on}:{before}:{manager.pk}",
                recipient=manager,
                context={
                    "name": manager.name,
                    "company": company.name,
                    "act_by": formats.day(company.license_expires_on) if company.license_expires_on else "",
                    "action_url": absolute(reverse("accounts:company")),
                },
            )
