"""Technicians, planned visits and real photos."""

from __future__ import annotations

import io
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.business_days import calendar
from requests_app import eligibility
from requests_app.enums import VisitOutcome
from requests_app.models import MSARequest
from tests import factories


def new_technician(number: str = "T-1", **user: Any) -> Technician:
    person = factories.UserFactory(**{"name": f"Tess {number}", "roles": [Role.TECHNICIAN]} | user)
    return Technician.objects.create(user=person, employee_number=number)


def business_day(after: int = 1) -> date:
    days = calendar.load()
    return days.add(calendar.local_day(timezone.now()), after)


def visit_of(msa_request: MSARequest) -> SiteVisit:
    return (
        SiteVisit.objects.select_related("order__round__msa_request")
        .filter(order__round__msa_request=msa_request)
        .latest("pk")
    )


def planned(
    technician: Technician, msa_request: MSARequest | None = None, *, on: date | None = None, window: str = "morning"
) -> SiteVisit:
    visit = visit_of(msa_request or factories.ordered())
    orders.schedule(visit, by=factories.dispatcher(), technician=technician, on=on or business_day(), window=window)
    return visit_of(visit.order.round.msa_request)


def report(**fields: Any) -> closeouts.Report:
    return closeouts.Report(**{"id": uuid4(), "outcome": VisitOutcome.COMPLETE, "checklist": {"E9": "ok"}} | fields)


def failure(**fields: Any) -> closeouts.Report:
    reasons = [factories.OutcomeReasonFactory()]
    return report(**{"outcome": VisitOutcome.UNSUCCESSFUL, "reasons": reasons} | fields)


def picture(color: str = "red", name: str = "meter.jpg") -> SimpleUploadedFile:
    body = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(body, "JPEG")
    return SimpleUploadedFile(name, body.getvalue(), "image/jpeg")


def answers(
    visit: SiteVisit, *, report_id: UUID | None = None, outcome: str = "complete", **more: Any
) -> dict[str, Any]:
    """What the browser posts: every check in order."""
    msa_request = visit.order.round.msa_request
    checks = {f"check_{r.number}": "ok" for r in eligibility.rules_for(msa_request.request_type) if r.checklist}
    return (
        {"report_id": str(report_id or uuid4()), "outcome": outcome, "notes": "", "serial_number": ""} | checks | more
    )


@pytest.fixture
def technician(db: None) -> Technician:
    return new_technician()


@pytest.fixture
def visit(technician: Technician) -> SiteVisit:
    return planned(technician)


@pytest.fixture
def tess(client: Any, technician: Technician) -> User:
    client.force_login(technician.user)
    return technician.user
