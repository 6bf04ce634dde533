"""What the office does meanwhile, in the stack's own process: `field.Field` calls it by `manage.py shell`."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from fieldwork.models import CloseOut, PhotoUpload, SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.accounts.roles import Role
from msa_portal.business_days import calendar
from requests_app.models import Product
from tests import factories

PATTERN = "BS-20[0-9]{2}-[0-9]{6}"


def technician(email: str, name: str) -> None:
    user = factories.UserFactory(email=email, name=name, roles=[Role.TECHNICIAN])
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    Technician.objects.create(user=user, employee_number=f"T-{user.pk}")


def day(email: str, name: str, count: int) -> list[int]:
    """A new technician with so many visits today, whatever day today is; gives their ids in order."""
    for factory in (factories.UserFactory, factories.ProductFactory):
        factory.reset_sequence(random.randrange(10_000, 10_000_000), force=True)
    technician(email, name)
    mine = Technician.objects.get(user__email=email)
    made = [_visit(mine, place) for place in range(count)]
    Product.objects.filter(msa_requests__rounds__service_order__visits__in=made).update(serial_pattern=PATTERN)
    return made


def _visit(mine: Technician, place: int) -> int:
    msa_request = factories.ordered(street=f"{10 + place} Walnut Street", access_notes=f"Gate {place + 1} is open.")
    visit = SiteVisit.objects.get(order__round__msa_request=msa_request)
    days = calendar.load()
    today = calendar.local_day(timezone.now())
    by = factories.dispatcher()
    orders.schedule(
        visit, by=by, technician=mine, on=days.add(today, 1), window="morning" if place < 2 else "afternoon"
    )
    # Browser tests run on holidays too, on which nobody is scheduled.
    SiteVisit.objects.filter(pk=visit.pk).update(scheduled_on=today, position=place + 1)
    return visit.pk


def state(visit: int) -> str:
    return SiteVisit.objects.get(pk=visit).state


def put_off(visit: int) -> None:
    """To tomorrow."""
    tomorrow = calendar.local_day(timezone.now()) + timedelta(days=1)
    SiteVisit.objects.filter(pk=visit).update(scheduled_on=tomorrow)


def cancel(visit: int) -> None:
    SiteVisit.objects.filter(pk=visit).update(state=SiteVisit.State.CANCELED)


def sign_out(email: str) -> None:
    """Everywhere, as the account page does it."""
    for session in Session.objects.all():
        if session.get_decoded().get(SESSION_KEY) == str(Technician.objects.get(user__email=email).user_id):
            session.delete()


def received(visit: int) -> int:
    return PhotoUpload.objects.get(visit=visit).received


def kept(email: str) -> list[dict[str, Any]]:
    """What has arrived of this technician."""
    rows = CloseOut.objects.filter(by__user__email=email).order_by("visit_id").prefetch_related("photos", "reasons")
    return [_told(row) for row in rows]


def _told(row: CloseOut) -> dict[str, Any]:
    return {
        "visit": row.visit_id,
        "outcome": row.outcome,
        "accepted": row.accepted,
        "conflict": row.conflict,
        "reasons": [reason.code for reason in row.reasons.all()],
        "photos": row.photos.count(),
        "marks": [mark["kind"] for photo in row.photos.all() for mark in photo.marks],
        "serial_number": row.serial_number,
        "unsafe": row.stopped_unsafe,
        "state": row.visit.state,
    }
