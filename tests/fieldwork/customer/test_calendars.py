"""The files that calendars follow: one identity for an order, newer than before with each change (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from icalendar import Calendar, Event

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.notices import delivery
from msa_portal.notices.models import NoticeMessage
from requests_app import history
from requests_app.enums import EventKind
from requests_app.models import ReadinessStatement
from tests import factories
from tests.fieldwork.conftest import business_day, new_technician, planned, visit_of
from tests.fieldwork.customer.conftest import told

pytestmark = pytest.mark.django_db


def event_in(text: str) -> Event:
    [event] = Calendar.from_ical(text).events
    return event


def attached(message: NoticeMessage) -> Event:
    [attachment] = message.attachments
    return event_in(attachment["text"])


@pytest.fixture
def visit(tess: Technician) -> SiteVisit:
    return planned(tess, on=date(2027, 3, 9))


def test_file_says_when_where_and_what_must_be_ready(visit: SiteVisit):
    event = attached(told("visit_scheduled", visit)[0])
    assert (event.start, event.end) == (datetime(2027, 3, 9, 16, tzinfo=UTC), datetime(2027, 3, 9, 20, tzinfo=UTC))
    assert str(event["LOCATION"]) == visit.order.round.msa_request.full_address
    assert "waterproof package" in str(event["DESCRIPTION"])
    assert [alarm.TRIGGER for alarm in event.walk("VALARM")] == [timedelta(days=-1)]


def test_window_is_the_utility_s_time_on_both_sides_of_the_clock_change(visit: SiteVisit, tess: Technician):
    """Daylight saving begins on March 14, 2027."""
    orders.schedule(visit, by=factories.dispatcher(), technician=tess, on=date(2027, 3, 15), window="afternoon")
    event = attached(told("visit_moved", visit)[0])
    assert (event.start, event.end) == (datetime(2027, 3, 15, 19, tzinfo=UTC), datetime(2027, 3, 16, 0, tzinfo=UTC))


def test_order_keeps_its_identity_and_each_change_is_newer(visit: SiteVisit, tess: Technician):
    by = factories.dispatcher()
    orders.schedule(visit, by=by, technician=tess, on=date(2027, 3, 10), window="morning")
    factories.withdrawn(factories.refreshed(visit.order.round.msa_request))
    rows = [told(kind, visit)[0] for kind in ("visit_scheduled", "visit_moved", "visit_canceled")]
    events = [attached(row) for row in rows]
    assert {str(event["UID"]) for event in events} == {f"{visit.order.number}@localhost"}
    assert [event["SEQUENCE"] for event in events] == [0, 2, 3]
    assert [str(event["STATUS"]) for event in events] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [row.attachments[0]["content_type"] for row in rows] == [
        "text/calendar; method=PUBLISH",
        "text/calendar; method=PUBLISH",
        "text/calendar; method=CANCEL",
    ]


def test_mail_brings_the_file_and_the_same_again_when_sent_again(visit: SiteVisit, clock: Any):
    row = told("visit_scheduled", visit)[0]
    clock.shift(timedelta(seconds=1))
    delivery.deliver(row.pk)
    clock.shift(timedelta(days=1))
    with_permission = factories.supervisor()
    delivery.send_again(NoticeMessage.objects.get(pk=row.pk), by=with_permission)
    delivery.deliver(row.pk)
    parts = [next(part for part in sent.message().walk() if part.get_filename()) for sent in mail.outbox]
    assert [(part.get_content_type(), part.get_param("method"), part.get_filename()) for part in parts] == [
        ("text/calendar", "PUBLISH", "visit.ics")
    ] * 2
    assert parts[0].get_content() == parts[1].get_content()
    assert event_in(parts[0].get_content()).start == datetime(2027, 3, 9, 16, tzinfo=UTC)


def test_staff_read_the_attachment_as_sent(visit: SiteVisit):
    row = told("visit_scheduled", visit)[0]
    client = Client()
    client.force_login(factories.supervisor())
    address = reverse("admin:notices_noticemessage_attachment", args=[row.pk, 0])
    answer = client.get(address)
    assert (answer.status_code, answer.content.decode()) == (200, row.attachments[0]["text"])
    assert client.get(reverse("admin:notices_noticemessage_attachment", args=[row.pk, 1])).status_code == 404
    assert address in client.get(reverse("admin:notices_noticemessage_change", args=[row.pk])).content.decode()


def test_request_page_gives_the_file_to_who_may_see_it(visit: SiteVisit):
    msa_request = visit.order.round.msa_request
    address = reverse("fieldwork:visit_file", args=[msa_request.reference])
    owner, stranger = Client(), Client()
    owner.force_login(msa_request.owner)
    stranger.force_login(factories.UserFactory())
    answer = owner.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert event_in(answer.content.decode()).start == datetime(2027, 3, 9, 16, tzinfo=UTC)
    assert address in owner.get(msa_request.get_absolute_url()).content.decode()
    assert stranger.get(address).status_code == 404


def test_no_file_while_the_visit_has_no_day(clock: Any):
    msa_request = factories.ordered()
    client = Client()
    client.force_login(msa_request.owner)
    assert client.get(reverse("fieldwork:visit_file", args=[msa_request.reference])).status_code == 404


# --- Taken off ---------------------------------------------------------------------------
def test_visit_taken_off_is_told_once_with_its_day(visit: SiteVisit):
    for _again in range(2):
        history.record_locked(
            visit.order.round.msa_request, EventKind.VISIT_CANCELED, by=None, codes={"visit": visit.pk}
        )
    rows = told("visit_canceled", visit)
    assert [row.subject for row in rows] == [
        f"Site visit on Tue, Mar 9, 2027 canceled · {visit.order.round.msa_request.reference}"
    ]
    assert "We plan the visit anew" in rows[0].text
    assert attached(rows[0])["SEQUENCE"] == 1


def test_same_day_again_after_it_was_taken_off_is_news(visit: SiteVisit, tess: Technician):
    history.record_locked(visit.order.round.msa_request, EventKind.VISIT_PUT_BACK, by=None, codes={"visit": visit.pk})
    SiteVisit.objects.filter(pk=visit.pk).update(state="unscheduled", moves=1)
    visit.refresh_from_db()
    orders.schedule(visit, by=factories.dispatcher(), technician=tess, on=date(2027, 3, 9), window="morning")
    assert [len(told(kind, visit)) for kind in ("visit_scheduled", "visit_canceled")] == [2, 1]
    assert attached(told("visit_scheduled", visit)[1])["SEQUENCE"] == 2


def test_withdrawal_cancels_the_day_that_was_told(visit: SiteVisit):
    factories.withdrawn(visit.order.round.msa_request)
    [row] = told("visit_canceled", visit)
    assert "Tue, Mar 9, 2027" in row.subject
    assert attached(row)["STATUS"] == "CANCELLED"


def test_withdrawal_without_a_day_cancels_nothing_that_was_told(clock: Any):
    msa_request = factories.ordered()
    factories.withdrawn(msa_request)
    assert NoticeMessage.objects.filter(kind="visit_canceled").count() == 0


def test_another_technician_on_the_same_day_is_no_news(visit: SiteVisit):
    other = new_technician("T-2")
    orders.schedule(visit, by=factories.dispatcher(), technician=other, on=date(2027, 3, 9), window="morning")
    assert told("visit_moved", visit) == []


def test_what_was_promised_is_said_in_the_notice(tess: Technician):
    msa_request = factories.ordered()
    ReadinessStatement.objects.create(
        msa_request=msa_request,
        findings=[{"rule": "E13", "field": "x", "message": "Not there.", "todo": "Put it into a bright bag."}],
        text="I will.",
        stated_by=msa_request.owner,
    )
    visit = planned(tess, msa_request, on=business_day(3))
    text = told("visit_scheduled", visit_of(msa_request))[0].text
    assert "What you said you would put right by then\n- Put it into a bright bag." in text
    assert visit.state == "scheduled"


def test_removal_asks_for_a_clear_way_alone(tess: Technician):
    msa_request = factories.ordered(request_type="removal", existing_adapter="msa", device=None)
    text = told("visit_scheduled", planned(tess, msa_request, on=business_day(3)))[0].text
    assert "Keep the way to the meter clear and safe" in text
    assert "waterproof" not in text
