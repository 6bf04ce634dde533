"""Visits that failed on a panel, for the tests of what is learned from them."""

from __future__ import annotations

from itertools import count
from typing import Any

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts
from requests_app.enums import Responsible, VisitOutcome
from requests_app.models import OutcomeReason, Product
from tests import factories
from tests.fieldwork.conftest import new_technician, planned, report

_homes = count(700200000000)
PANEL = "HomC 40U-200"


def socket() -> OutcomeReason:
    return factories.OutcomeReasonFactory(
        code="socket_incompatible", title="The MSA does not fit the meter socket", rule="E7"
    )


def clips() -> OutcomeReason:
    return factories.OutcomeReasonFactory(code="double_sided_clips", title="Double-sided clips", rule="E8")


def wet() -> OutcomeReason:
    return factories.OutcomeReasonFactory(
        code="msa_damaged", title="The MSA was wet", rule="E14", responsible=Responsible.CUSTOMER
    )


def technician() -> Technician:
    return Technician.objects.first() or new_technician()


def visited(panel: str, device: Product, *reasons: OutcomeReason, **facts: Any) -> SiteVisit:
    """A visit to another home each time; it failed where there are reasons."""
    facts = {"account_number": str(next(_homes)), "panel_model": panel, "device": device} | facts
    visit = planned(technician(), factories.ordered(**facts))
    outcome = VisitOutcome.UNSUCCESSFUL if reasons else VisitOutcome.COMPLETE
    closeouts.close_out(visit, report(outcome=outcome, reasons=reasons), by=technician().user)
    return visit
