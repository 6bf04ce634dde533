"""A person's feed: what they may see and nothing else, behind an address that can be ended."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from fieldwork.customer import feeds
from fieldwork.models import CalendarFeed, SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.accounts.models import User
from requests_app.models import MSARequest
from tests import factories
from tests.fieldwork.conftest import business_day, planned

pytestmark = pytest.mark.django_db


def path_of(feed: CalendarFeed) -> str:
    return reverse("fieldwork:feed", args=[feeds.token_for(feed)])


def summaries(answer: Any) -> list[str]:
    return [str(event["SUMMARY"]) for event in Calendar.from_ical(answer.content.decode()).events]


def feed_for(user: User) -> CalendarFeed:
    return feeds.renew(by=user)


def request_of_a_company() -> tuple[MSARequest, User]:
    company = factories.CompanyFactory()
    msa_request = factories.complete_request(company=company)
    msa_request.owner = factories.UserFactory(email=msa_request.customer_email)
    msa_request.save(update_fields=["owner"])
    return factories.ordered(factories.valid(factories.submitted(msa_request))), factories.member_of(company)


def test_owner_and_agent_see_their_visits_and_strangers_none(tess: Technician, client: Client):
    mine, agent = request_of_a_company()
    planned(tess, mine)
    other = planned(tess)
    feeds_of = {name: feed_for(user) for name, user in [("owner", mine.owner), ("agent", agent)]}
    stranger = feed_for(factories.UserFactory())
    for feed in feeds_of.values():
        assert summaries(client.get(path_of(feed))) == [f"Meter technician's visit, {mine.reference}"]
    assert summaries(client.get(path_of(stranger))) == []
    assert other.order.round.msa_request.reference != mine.reference


def test_agent_whose_authority_ended_sees_nothing_more(tess: Technician, client: Client):
    msa_request, agent = request_of_a_company()
    planned(tess, msa_request)
    feed = feed_for(agent)
    assert len(summaries(client.get(path_of(feed)))) == 1
    MSARequest.objects.filter(pk=msa_request.pk).update(agent_revoked_at=msa_request.created_at)
    assert summaries(client.get(path_of(feed))) == []


def test_staff_s_feed_does_not_hold_everybody_s_visits(tess: Technician, client: Client):
    planned(tess)
    assert summaries(client.get(path_of(feed_for(factories.supervisor())))) == []


def test_new_address_ends_the_old_one(tess: Technician, client: Client):
    visit = planned(tess)
    owner = visit.order.round.msa_request.owner
    client.force_login(owner)
    page = reverse("fieldwork:calendar")
    assert "/calendar/" not in client.get(page).context["address"]
    client.post(page)
    first = client.get(page).context["address"]
    client.post(page)
    second = client.get(page).context["address"]
    anonymous = Client()
    assert first != second
    assert anonymous.get(first.removeprefix("http://localhost:8000")).status_code == 404
    assert len(summaries(anonymous.get(second.removeprefix("http://localhost:8000")))) == 1


def test_closed_account_ends_the_feed(tess: Technician, client: Client):
    owner = planned(tess).order.round.msa_request.owner
    path = path_of(feed_for(owner))
    assert client.get(path).status_code == 200
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get(path).status_code == 404


def test_feed_is_kept_by_nobody_and_says_when_nothing_changed(tess: Technician, client: Client):
    visit = planned(tess)
    path = path_of(feed_for(visit.order.round.msa_request.owner))
    first = client.get(path)
    assert (first["Cache-Control"], first["X-Robots-Tag"], first["Referrer-Policy"]) == (
        "no-store",
        "noindex",
        "no-referrer",
    )
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    orders.schedule(visit, by=factories.dispatcher(), technician=tess, on=business_day(4), window="afternoon")
    changed = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] == first["ETag"]) == (200, False)


def test_guesses_are_throttled_and_an_ended_address_is_no_guess(client: Client, clock: Any):
    feed = feed_for(factories.UserFactory())
    ended = path_of(feed)
    feeds.renew(by=feed.user)
    guess = reverse("fieldwork:feed", args=["1-1.nothing"])
    assert {client.get(ended).status_code for _again in range(35)} == {404}
    assert [client.get(guess).status_code for _again in range(31)] == [404] * 30 + [429]


def test_canceled_visit_leaves_the_feed(tess: Technician, client: Client):
    visit = planned(tess)
    msa_request = visit.order.round.msa_request
    path = path_of(feed_for(msa_request.owner))
    factories.withdrawn(msa_request)
    assert summaries(client.get(path)) == []
    assert SiteVisit.objects.get().scheduled_on is not None


def test_feed_takes_the_same_queries_for_one_visit_and_for_many(
    tess: Technician, client: Client, django_assert_num_queries: Any
):
    owner = factories.UserFactory()
    feed = feed_for(owner)
    for count in (1, 4):
        while SiteVisit.objects.count() < count:
            planned(
                tess, factories.ordered(factories.valid(factories.submitted(factories.complete_request(owner=owner))))
            )
        with django_assert_num_queries(4):
            answer = client.get(path_of(feed))
        assert len(summaries(answer)) == count
