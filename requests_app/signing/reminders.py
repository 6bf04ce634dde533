"""Reminders to those whose signature is waited for, counted in business days (D7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from msa_portal.business_days import calendar
from msa_portal.business_days.calendar import BusinessCalendar, local_day
from msa_portal.db import lock
from requests_app.enums import FINAL, AgreementState, Party
from requests_app.models import Agreement, ProgramSettings, SigningInvitation, SigningReminder
from requests_app.signing import invitations, notices

# A link that holds for less is replaced: by mail it may be read a few days later.
_HOLDS = timedelta(days=3)


def run_due() -> int:
    """Remind everybody who is due; may run at any time, and twice. Gives how many were reminded."""
    program = ProgramSettings.current()
    days = (
        program.signature_reminder_days,
        program.signature_second_reminder_days,
        program.signature_last_reminder_days,
    )
    working_days = calendar.load()
    rows = Agreement.objects.filter(state=AgreementState.SIGNING).exclude(msa_request__status__in=FINAL)
    rows = rows.select_related("msa_request", "document").prefetch_related("signatures", "invitations", "reminders")
    return sum(
        _remind(agreement, party, number)
        for agreement in rows.iterator(chunk_size=200)
        for party in agreement.waited_for
        if (number := _due(agreement, party, days, working_days)) > _sent(agreement, party)
    )


def asked_at(agreement: Agreement, party: Party) -> datetime | None:
    """Since when that party is waited for; None where no link to them is open."""
    msa_request = agreement.msa_request
    if party == Party.AGENT or msa_request.owner_id is not None:
        return agreement.document.created_at if agreement.document else None
    links = [
        invitation for invitation in agreement.invitations.all() if invitation.email == msa_request.customer_email
    ]
    if not any(link.used_at is None and link.voided_at is None for link in links):
        return None
    return min(link.created_at for link in links)


def _due(agreement: Agreement, party: Party, days: tuple[int, ...], working_days: BusinessCalendar) -> int:
    """The number of the reminder whose day has come; 0 for none yet."""
    since = asked_at(agreement, party)
    if since is None:
        return 0
    passed = working_days.between(local_day(since), local_day(timezone.now()))
    return sum(passed >= day for day in days)


def _sent(agreement: Agreement, party: Party) -> int:
    return max((reminder.number for reminder in agreement.reminders.all() if reminder.party == party), default=0)


def _remind(agreement: Agreement, party: Party, number: int) -> bool:
    """Looked at again under the lock, so that two runs remind once and nobody after they signed."""
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        fresh = lock(agreement)
        if fresh.state != AgreementState.SIGNING or party not in fresh.waited_for or _sent(fresh, party) >= number:
            return False
        SigningReminder.objects.create(agreement=fresh, party=party, number=number, sent_at=timezone.now())
        link = _open_link(fresh) if party == Party.CUSTOMER else None
        if link is not None and link.expires_at <= timezone.now() + _HOLDS:
            invitations.renew_invitation(fresh, msa_request)
        else:
            notices.signature_reminder(msa_request, party, link, key=f"{fresh.pk}:{number}")
    return True


def _open_link(agreement: Agreement) -> SigningInvitation | None:
    return agreement.invitations.filter(used_at__isnull=True, voided_at__isnull=True).first()
