"""Another day at the customer's wish: up to two business days ahead, once, without a fee, and the status stays (D13)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fieldwork.day_changes import answers, unsuitable_days
from fieldwork.day_changes import offers as day_changes_offers
from fieldwork.day_changes import requests as day_requests
from fieldwork.models import DayChange, ServiceOrder, SiteVisit, Technician, UnsuitableDay
from fieldwork.schedule import facts, problem
from fieldwork.visits import closeouts, day_change_rules, orders
from msa_portal.accounts.models import User
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from payments.models import Fee
from requests_app.enums import EventKind, Status
from requests_app.models import MSARequest
from tests import factories
from tests.fieldwork.conftest import new_technician, planned, report, visit_of
from tests.fieldwork.customer.conftest import told

pytestmark = pytest.mark.django_db

# Monday is March 1, 2027: two business days before Thursday is Tuesday.
THURSDAY, FRIDAY = date(2027, 3, 4), date(2027, 3, 5)


@pytest.fixture
def visit(tess: Technician) -> SiteVisit:
    return planned(tess, on=THURSDAY)


@pytest.fixture
def request_(visit: SiteVisit) -> MSARequest:
    return visit.order.round.msa_request


@pytest.fixture
def alice(request_: MSARequest) -> User:
    assert request_.owner is not None
    return request_.owner


@pytest.fixture
def page(request_: MSARequest, alice: User) -> tuple[Client, str]:
    client = Client()
    client.force_login(alice)
    return client, reverse("fieldwork:another_day", args=[request_.reference])


def events(msa_request: MSARequest, kind: EventKind) -> list[dict[str, Any]]:
    return [event.codes for event in msa_request.events.filter(kind=kind)]


# --- Choosing ----------------------------------------------------------------------------
def test_chosen_day_is_published_at_once_without_a_fee(visit: SiteVisit, request_: MSARequest, alice: User):
    fees = Fee.objects.count()
    day_requests.choose(request_, on=FRIDAY, window="afternoon", by=alice)
    moved = visit_of(request_)
    assert (moved.state, moved.scheduled_on, moved.window, moved.moves) == ("scheduled", FRIDAY, "afternoon", 1)
    assert (moved.placement.lane.on, moved.placement.window) == (FRIDAY, "afternoon")
    wish = DayChange.objects.get()
    assert (wish.state, wish.was_on, wish.was_window, wish.to_on, wish.to_window) == (
        "moved", THURSDAY, "morning", FRIDAY, "afternoon",
    )  # fmt: skip
    assert events(request_, EventKind.DAY_CHANGE_ASKED) == [{"visit": visit.pk, "answer": "moved"}]
    assert Fee.objects.count() == fees
    assert factories.refreshed(request_).status == Status.SERVICE_ORDER_ISSUED
    [message] = told("visit_moved", visit)
    assert "You chose another time" in message.text


def test_same_choice_again_moves_once(visit: SiteVisit, request_: MSARequest, alice: User):
    for _again in range(2):
        day_requests.choose(request_, on=FRIDAY, window="afternoon", by=alice)
    assert (visit_of(request_).moves, len(told("visit_moved", visit)), DayChange.objects.count()) == (1, 1, 1)


def test_second_ask_is_refused_and_the_page_says_why(request_: MSARequest, alice: User, page: tuple[Client, str]):
    day_requests.choose(request_, on=date(2027, 3, 10), window="afternoon", by=alice)
    with pytest.raises(Refused, match="once for each visit") as refused:
        day_requests.choose(request_, on=date(2027, 3, 11), window="morning", by=alice)
    assert refused.value.code == "already_used"
    with pytest.raises(Refused):
        day_requests.ask(request_, [], by=alice)
    client, address = page
    assert "You changed the day once already" in client.get(address, follow=True).content.decode()
    assert DayChange.objects.count() == 1


@pytest.mark.parametrize(("days", "code"), [(0, None), (1, None), (2, "too_late"), (3, "too_late")])
def test_day_is_changed_until_two_business_days_before(
    request_: MSARequest, alice: User, clock: Any, days: int, code: str | None
):
    clock.shift(timedelta(days=days))
    reason = day_change_rules.why_not(visit_of(request_))
    assert (reason and reason.code) == code
    if code:
        with pytest.raises(Refused, match="until 2 business days before"):
            day_requests.choose(request_, on=date(2027, 3, 10), window="morning", by=alice)
        assert visit_of(request_).scheduled_on == THURSDAY


def test_half_day_that_fills_up_meanwhile_is_not_taken(visit: SiteVisit, request_: MSARequest, alice: User):
    Technician.objects.update(daily_minutes=60)
    planned(visit.technician, on=FRIDAY, window="afternoon")
    assert (FRIDAY, "afternoon") not in [
        (offer.on, offer.window) for offer in day_changes_offers.find(visit_of(request_))
    ]
    with pytest.raises(Stale, match="taken in the meantime"):
        day_requests.choose(request_, on=FRIDAY, window="afternoon", by=alice)
    assert (visit_of(request_).scheduled_on, DayChange.objects.count()) == (THURSDAY, 0)


def test_day_beyond_the_offers_is_refused(request_: MSARequest, alice: User):
    for on in (date(2027, 3, 2), date(2027, 3, 6), date(2027, 6, 1)):  # too near, a Saturday, too far
        with pytest.raises(Stale):
            day_requests.choose(request_, on=on, window="morning", by=alice)
    assert DayChange.objects.count() == 0


def test_stranger_and_technician_choose_nothing(visit: SiteVisit, request_: MSARequest):
    assert visit.technician is not None
    for person in (factories.UserFactory(), visit.technician.user, factories.dispatcher()):
        with pytest.raises(Refused):
            day_requests.choose(request_, on=FRIDAY, window="afternoon", by=person)
        with pytest.raises(Refused):
            day_requests.ask(request_, [], by=person)
    assert DayChange.objects.count() == 0


# --- Offers ------------------------------------------------------------------------------
def test_offers_are_half_days_that_hold_the_visit(visit: SiteVisit):
    offers = day_changes_offers.find(visit)
    assert 1 < len(offers) <= day_changes_offers.MOST
    assert [(offer.on, offer.window) for offer in offers] == sorted(
        {(offer.on, offer.window) for offer in offers}, key=lambda half: (half[0], half[1] == "afternoon")
    )
    assert (THURSDAY, "morning") not in {(offer.on, offer.window) for offer in offers}
    assert min(offer.on for offer in offers) >= date(2027, 3, 3)
    assert all(offer.on.weekday() < 5 for offer in offers)


def test_offers_leave_out_what_was_named_as_unsuitable(visit: SiteVisit, alice: User):
    for on in (FRIDAY, date(2027, 3, 8)):
        UnsuitableDay.objects.create(order=visit.order, on=on, part="all_day", named_by=alice)
    days = {offer.on for offer in day_changes_offers.find(visit_of(visit.order.round.msa_request))}
    assert days
    assert not days & {FRIDAY, date(2027, 3, 8)}


def test_site_without_a_position_is_offered_days_by_their_minutes(visit: SiteVisit, request_: MSARequest, alice: User):
    ServiceOrder.objects.update(latitude=None, longitude=None)
    offers = day_changes_offers.find(visit_of(request_))
    assert len(offers) == day_changes_offers.MOST
    assert {offer.position for offer in offers} == {None}
    first = offers[-1]
    day_requests.choose(request_, on=first.on, window=first.window, by=alice)
    assert visit_of(request_).scheduled_on == first.on


def test_full_half_days_are_not_offered_by_minutes_either(visit: SiteVisit):
    ServiceOrder.objects.update(latitude=None, longitude=None)
    Technician.objects.update(daily_minutes=30)
    assert day_changes_offers.find(visit_of(visit.order.round.msa_request)) == []


def test_nothing_is_offered_where_nobody_may_do_it(visit: SiteVisit):
    SiteVisit.objects.filter(pk=visit.pk).update(is_fixed=True)
    assert day_changes_offers.find(visit_of(visit.order.round.msa_request)) == []


def test_offers_take_the_same_queries_whatever_stands_on_the_board(
    visit: SiteVisit, tess: Technician, django_assert_num_queries: Any
):
    with CaptureQueriesContext(connection) as alone:
        day_changes_offers.find(visit_of(visit.order.round.msa_request))
    for _each in range(3):
        planned(new_technician(f"T-{_each + 5}"), on=FRIDAY)
    with CaptureQueriesContext(connection) as many:
        day_changes_offers.find(visit_of(visit.order.round.msa_request))
    assert len(many) == len(alone)


# --- None suits --------------------------------------------------------------------------
def test_none_suits_names_the_days_and_tells_dispatch(visit: SiteVisit, request_: MSARequest, alice: User):
    dan = factories.dispatcher()
    wish = day_requests.ask(
        request_, [(FRIDAY, "morning"), (FRIDAY, "afternoon"), (date(2027, 3, 8), "morning")], by=alice
    )
    assert (wish.state, visit_of(request_).scheduled_on) == ("open", THURSDAY)
    assert list(UnsuitableDay.objects.values_list("on", "part")) == [
        (FRIDAY, "all_day"),
        (date(2027, 3, 8), "morning"),
    ]
    assert events(request_, EventKind.UNSUITABLE_DAYS_NAMED) == [{"count": 3}]
    assert events(request_, EventKind.DAY_CHANGE_ASKED) == [{"visit": visit.pk, "answer": "open"}]
    message = NoticeMessage.objects.get(kind="day_change_asked", recipient=dan)
    assert "Fri, Mar 5, 2027" in message.text
    assert day_requests.ask(request_, [], by=alice) == wish


def test_moving_the_visit_answers_the_wish(visit: SiteVisit, request_: MSARequest, alice: User, tess: Technician):
    day_requests.ask(request_, [], by=alice)
    dan = factories.dispatcher()
    orders.schedule(visit_of(request_), by=dan, technician=tess, on=FRIDAY, window="morning")
    wish = DayChange.objects.get()
    assert (wish.state, wish.to_on, wish.to_window, wish.answered_by) == ("moved", FRIDAY, "morning", dan)
    assert events(request_, EventKind.DAY_CHANGE_ANSWERED) == [{"visit": visit.pk, "answer": "moved"}]


def test_dispatch_answers_that_the_day_stays(visit: SiteVisit, request_: MSARequest, alice: User):
    wish = day_requests.ask(request_, [], by=alice)
    client = Client()
    client.force_login(factories.dispatcher())
    address = reverse("admin:fieldwork_daychange_changelist")
    assert request_.reference in client.get(address).content.decode()
    posted = {"action": "keep_the_day", "_selected_action": [wish.pk]}
    assert "1 customer is told." in client.post(address, posted, follow=True).content.decode()
    assert DayChange.objects.get().state == "kept"
    assert len(told("day_change_kept", visit)) == 1
    with pytest.raises(Stale):
        answers.keep(wish, by=factories.dispatcher())
    with pytest.raises(Refused):
        answers.keep(wish, by=alice)


# --- Days that do not suit ---------------------------------------------------------------
def test_days_are_named_before_the_visit_is_planned_and_planning_leaves_them_out(clock: Any, tess: Technician):
    msa_request = factories.ordered()
    visit = visit_of(msa_request)
    assert msa_request.owner is not None
    unsuitable_days.name(
        msa_request, [(FRIDAY, "morning"), (THURSDAY, "morning"), (THURSDAY, "afternoon")], by=msa_request.owner
    )
    translated = problem.build(date(2027, 3, 2), date(2027, 3, 8))
    [row] = [planned for planned in translated.problem.visits if planned.id == visit.pk]
    offered = {(translated.days[window.day], translated.window(window)) for window in row.windows}
    assert offered == {
        (date(2027, 3, 2), "morning"), (date(2027, 3, 2), "afternoon"),
        (date(2027, 3, 3), "morning"), (date(2027, 3, 3), "afternoon"),
        (FRIDAY, "afternoon"),
        (date(2027, 3, 8), "morning"), (date(2027, 3, 8), "afternoon"),
    }  # fmt: skip
    assert not facts.suits(visit.order, FRIDAY, "morning")


def test_too_many_days_and_the_visits_own_are_refused(visit: SiteVisit, request_: MSARequest, alice: User):
    days = day_change_rules.nameable(visit.order).days
    with pytest.raises(Refused, match="at most") as refused:
        unsuitable_days.name(request_, [(on, "morning") for on in days], by=alice)
    assert refused.value.code == "too_many"
    with pytest.raises(Refused) as own:
        unsuitable_days.name(request_, [(THURSDAY, "morning")], by=alice)
    assert own.value.code == "day_of_the_visit"
    assert UnsuitableDay.objects.count() == 0


def test_nothing_is_changed_once_the_technician_is_on_the_way(visit: SiteVisit, request_: MSARequest, alice: User):
    SiteVisit.objects.update(on_the_way_at=timezone.now())
    for change in (
        lambda: unsuitable_days.name(request_, [(FRIDAY, "morning")], by=alice),
        lambda: day_requests.choose(request_, on=FRIDAY, window="afternoon", by=alice),
    ):
        with pytest.raises(Refused) as refusal:
            change()
        assert refusal.value.code == "on_the_way"


def test_visit_without_a_day_has_none_to_move_from(tess: Technician):
    visit = visit_of(factories.ordered())
    with pytest.raises(Refused) as refusal:
        day_change_rules.check_changeable(visit)
    assert refusal.value.code == "no_day"


@pytest.mark.parametrize("page", ["another_day", "none_suits"])
def test_visit_without_a_day_leads_to_naming_the_days_that_do_not_suit(client: Client, tess: Technician, page: str):
    msa_request = factories.ordered()
    client.force_login(factories.actor_of(msa_request))
    landed = client.get(reverse(f"fieldwork:{page}", args=[msa_request.reference]), follow=True)
    assert landed.redirect_chain == [(reverse("fieldwork:unsuitable_days", args=[msa_request.reference]), 302)]
    assert "The visit has no day yet" in landed.text
    assert 'method="post"' in landed.text.split("<main")[1]


def test_no_day_is_chosen_after_the_visit(visit: SiteVisit, request_: MSARequest, alice: User, tess: Technician):
    closeouts.close_out(visit, report(), by=tess.user)
    with pytest.raises(Refused) as refusal:
        day_requests.choose(request_, on=FRIDAY, window="afternoon", by=alice)
    assert refusal.value.code == "no_day"


def test_days_are_not_named_once_the_visit_is_due(visit: SiteVisit, request_: MSARequest, alice: User):
    ServiceOrder.objects.update(due_on=date(2027, 3, 1))
    with pytest.raises(Refused) as refusal:
        unsuitable_days.name(request_, [(FRIDAY, "morning")], by=alice)
    assert (refusal.value.code, UnsuitableDay.objects.count()) == ("too_late", 0)


# --- Pages -------------------------------------------------------------------------------
def test_page_offers_and_moves(request_: MSARequest, page: tuple[Client, str]):
    client, address = page
    assert address in client.get(request_.get_absolute_url()).content.decode()
    shown = client.get(address)
    offer = shown.context["offers"][-1]
    assert "Move my visit" in shown.content.decode()
    answer = client.post(address, {"half": f"{offer.on}:{offer.window}"}, follow=True)
    assert answer.redirect_chain == [(request_.get_absolute_url(), 302)]
    assert visit_of(request_).scheduled_on == offer.on
    assert "You changed the day once already" in answer.content.decode()


@pytest.mark.parametrize("half", ["", "nonsense", "2027-03-05:night", "2027-13-05:morning"])
def test_page_refuses_what_is_no_half_day(request_: MSARequest, page: tuple[Client, str], half: str):
    client, address = page
    answer = client.post(address, {"half": half})
    assert answer.status_code == 422
    assert "portal-error-summary" in answer.content.decode()
    assert DayChange.objects.count() == 0


def test_page_asks_dispatch_where_none_suits(request_: MSARequest, page: tuple[Client, str]):
    client, _address = page
    address = reverse("fieldwork:none_suits", args=[request_.reference])
    assert client.get(address).status_code == 200
    client.post(address, {"halves": ["2027-03-05:morning"]})
    assert (DayChange.objects.get().state, UnsuitableDay.objects.count()) == ("open", 1)
    assert "Dispatch looks for one" in client.get(request_.get_absolute_url()).content.decode()


def test_agent_asks_and_strangers_find_nothing(tess: Technician):
    company = factories.CompanyFactory()
    msa_request = factories.ordered(factories.valid(factories.submitted(factories.complete_request(company=company))))
    planned(tess, msa_request, on=THURSDAY)
    bob, eve = company.members.get(), factories.UserFactory()
    for person, expected in ((bob, 200), (eve, 404), (tess.user, 404), (factories.staff(), 404)):
        client = Client()
        client.force_login(person)
        for name in ("another_day", "none_suits", "unsuitable_days"):
            answer = client.get(reverse(f"fieldwork:{name}", args=[msa_request.reference]))
            assert (name, answer.status_code) == (name, expected)
