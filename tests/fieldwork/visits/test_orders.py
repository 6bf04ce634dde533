"""Service orders and the planning of visits (V1, V2, D13)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from fieldwork import tasks
from fieldwork.models import ServiceOrder, SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from msa_portal.business_days import calendar
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from requests_app.enums import Status, WithdrawalReason
from requests_app.lifecycle import settlement, transitions
from requests_app.models import MSARequest, ProgramSettings
from requests_app.screening import corrections
from tests import factories
from tests.fieldwork.conftest import business_day, new_technician, planned, visit_of

pytestmark = pytest.mark.django_db


def test_issue_makes_one_order_due_in_30_business_days_and_a_visit_to_schedule():
    msa_request = factories.ordered()
    order = ServiceOrder.objects.get()
    assert (order.round.msa_request, order.state, order.due_on) == (msa_request, "open", business_day(30))
    assert order.number == f"SO-{order.issued_at.year}-{order.pk:06d}"
    assert [(visit.order, visit.state) for visit in SiteVisit.objects.all()] == [(order, "unscheduled")]


def test_due_day_leaves_out_the_days_that_the_customer_held():
    with time_machine.travel(datetime(2027, 3, 1, 20, tzinfo=UTC), tick=False) as clock:
        msa_request = factories.corrections_required()
        clock.move_to(datetime(2027, 3, 8, 20, tzinfo=UTC))
        for correction in msa_request.corrections.all():
            corrections.answer(correction, by=msa_request.owner, way="done", text="Put right.")
        transitions.resubmit(msa_request, by=msa_request.owner)
        factories.ordered(factories.valid(factories.refreshed(msa_request)))
        assert ServiceOrder.objects.get().due_on == business_day(30)


def test_schedule_plans_the_visit_and_tells_once(technician: Technician):
    visit = planned(technician, on=business_day(2))
    assert (visit.state, visit.technician, visit.scheduled_on, visit.window, visit.moves) == (
        "scheduled",
        technician,
        business_day(2),
        "morning",
        0,
    )
    assert NoticeMessage.objects.filter(kind="visit_scheduled").count() == 1


def test_move_keeps_the_status_and_tells_once_for_each_move(visit: SiteVisit):
    dispatcher, other = factories.dispatcher(), new_technician("T-2")
    for _again in range(2):
        orders.schedule(visit, by=dispatcher, technician=other, on=business_day(3), window="afternoon")
    assert visit.order.round.msa_request.status == Status.SERVICE_ORDER_ISSUED
    assert factories.refreshed(visit.order.round.msa_request).status == Status.SERVICE_ORDER_ISSUED
    assert (visit.technician, visit.scheduled_on, visit.window, visit.moves) == (
        other,
        business_day(3),
        "afternoon",
        1,
    )
    assert NoticeMessage.objects.filter(kind="visit_moved").count() == 1
    orders.schedule(visit, by=dispatcher, technician=other, on=business_day(4), window="afternoon")
    assert NoticeMessage.objects.filter(kind="visit_moved").count() == 2


def test_past_day_is_refused(technician: Technician):
    with pytest.raises(Refused, match="past") as refusal:
        planned(technician, on=calendar.local_day(timezone.now()) - timedelta(days=1))
    assert list(refusal.value.fields) == ["scheduled_on"]
    assert SiteVisit.objects.get().state == "unscheduled"


def test_day_off_is_refused(technician: Technician):
    today = calendar.local_day(timezone.now())
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 or 7)
    with pytest.raises(Refused, match="not a business day"):
        planned(technician, on=saturday)


def test_window_that_is_none_is_refused(technician: Technician):
    with pytest.raises(Refused) as refusal:
        orders.schedule(
            visit_of(factories.ordered()),
            by=factories.dispatcher(),
            technician=technician,
            on=business_day(),
            window="night",
        )
    assert refusal.value.code == "window"


def test_inactive_technician_is_refused(technician: Technician):
    technician.is_active = False
    technician.save()
    with pytest.raises(Refused, match="not active"):
        planned(technician)


def test_only_a_dispatcher_schedules(technician: Technician):
    visit = visit_of(factories.ordered())
    with pytest.raises(Refused, match="dispatcher"):
        orders.schedule(visit, by=factories.staff(), technician=technician, on=business_day(), window="morning")


def test_visit_that_has_begun_cannot_be_moved(visit: SiteVisit, technician: Technician):
    closeouts.go_on_site(visit, by=technician.user)
    with pytest.raises(Stale, match="Technician on site"):
        orders.schedule(visit, by=factories.dispatcher(), technician=technician, on=business_day(5), window="morning")


def test_withdrawal_cancels_order_and_visit(visit: SiteVisit):
    factories.withdrawn(visit.order.round.msa_request)
    visit.refresh_from_db()
    visit.order.refresh_from_db()
    assert (visit.state, visit.order.state) == ("canceled", "canceled")
    assert visit.closed_at is not None


def test_technician_on_site_blocks_withdrawal(visit: SiteVisit, technician: Technician):
    closeouts.go_on_site(visit, by=technician.user)
    msa_request = factories.refreshed(visit.order.round.msa_request)
    with pytest.raises(Refused, match="at the site now"):
        transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
    assert factories.refreshed(msa_request).status == Status.SERVICE_ORDER_ISSUED


# The timer


def wait_long(msa_request: MSARequest, business_days: int) -> None:
    """As if it had waited since then."""
    since = timezone.now()
    while calendar.load().between(calendar.local_day(since), calendar.local_day(timezone.now())) < business_days:
        since -= timedelta(days=1)
    MSARequest.objects.filter(pk=msa_request.pk).update(waiting_since=since)


def test_timer_issues_what_has_waited_long_enough():
    early, due = factories.valid(), factories.valid()
    wait_long(early, 4)
    wait_long(due, 5)
    assert tasks.issue_due_orders() == 1
    assert [factories.refreshed(order).status for order in (early, due)] == [
        Status.PENDING_SERVICE_ORDER,
        Status.SERVICE_ORDER_ISSUED,
    ]
    assert tasks.issue_due_orders() == 0


def test_timer_passes_over_a_disputed_fee():
    disputed, due = factories.valid(), factories.valid()
    for msa_request in (disputed, due):
        wait_long(msa_request, 5)
    settlement.set_disputed(disputed.rounds.get(), disputed=True)
    wait_long(disputed, 5)
    assert tasks.issue_due_orders() == 1
    assert factories.refreshed(disputed).status == Status.PENDING_SERVICE_ORDER
    assert factories.refreshed(due).status == Status.SERVICE_ORDER_ISSUED


def test_timer_is_off_where_supervisors_turned_it_off():
    ProgramSettings.current()
    ProgramSettings.objects.update(auto_issue_days=None)
    wait_long(factories.valid(), 20)
    assert tasks.issue_due_orders() == 0
