"""My requests: who sees which rows, what waits for whom, pages by key (part 13)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from msa_portal.business_days.calendar import UTILITY_ZONE, local_day
from requests_app.enums import Party
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest
from requests_app.signing import authority
from requests_app.status import lists
from requests_app.status.clocks import Clocks
from tests import factories

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

LIST = reverse("requests:list")


def references(client, **query) -> list[str]:
    rows = client.get(LIST, query).context["rows"]
    return [row["msa_request"].reference for row in rows]


def test_list_without_a_request_starts_the_first_one(client):
    client.force_login(factories.UserFactory())
    page = client.get(LIST).content.decode()
    assert "You have no request yet" in page
    assert reverse("requests:new") in page


def test_list_asks_strangers_to_sign_in(client):
    assert client.get(LIST).url.startswith(reverse("account_login"))


def test_list_shows_ones_own_and_nobody_elses(client):
    alice, company = factories.UserFactory(), factories.CompanyFactory()
    mine = factories.complete_request(owner=alice)
    theirs = factories.complete_request(owner=factories.UserFactory())
    of_company = factories.complete_request(company=company)
    client.force_login(alice)
    assert references(client) == [mine.reference]
    client.force_login(factories.member_of(company))
    assert references(client) == [of_company.reference]
    client.force_login(factories.member_of(factories.CompanyFactory()))
    assert references(client) == []
    client.force_login(factories.staff())
    assert references(client) == [of_company.reference, theirs.reference, mine.reference]


def test_list_of_one_and_of_many_needs_the_same_number_of_queries(client):
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    client.force_login(bob)

    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(LIST).status_code == 200
        return len(queries)

    factories.executed(factories.complete_request(company=company))
    count()  # the first request of a process fills caches
    one = count()
    for make in (factories.submitted, factories.valid, factories.ordered, factories.failed, factories.completed):
        make(company=company)
    factories.prepared(factories.complete_request(company=company))
    for _ in range(3):
        factories.complete_request(company=company, panel_rating_amps=None)
    assert count() == one <= 9


def test_list_pages_by_key_and_misses_none(client, monkeypatch):
    monkeypatch.setattr(lists, "PAGE_SIZE", 2)
    monkeypatch.setattr(lists.page_of, "__kwdefaults__", {"size": 2})
    alice = factories.UserFactory()
    made = [factories.draft(owner=alice).reference for _ in range(5)]
    client.force_login(alice)
    seen, before = [], {}
    for _ in range(3):
        response = client.get(LIST, before)
        seen += [row["msa_request"].reference for row in response.context["rows"]]
        before = {"before": response.context["older"]}
    assert seen == made[::-1]
    assert before == {"before": None}


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 40, "1 OR 1=1"])
def test_list_with_a_key_or_filter_that_makes_no_sense_shows_all(client, nonsense):
    bob = factories.member_of(factories.CompanyFactory())
    msa_request = factories.draft(owner=bob)
    client.force_login(bob)
    assert references(client, before=nonsense, status=nonsense, waits=nonsense) == [msa_request.reference]


def test_list_finds_by_reference_name_and_address_every_word(client):
    company = factories.CompanyFactory()
    client.force_login(factories.member_of(company))
    oak = factories.complete_request(company=company, customer_name="Carol Oakley")
    elm = factories.complete_request(company=company, customer_name="Dave Elmer", street="3 Elm Road", city="Azusa")
    assert references(client, q="carol") == [oak.reference]
    assert references(client, q="elm azusa") == [elm.reference]
    assert references(client, q=oak.reference) == [oak.reference]
    assert references(client, q="carol azusa") == []
    assert references(client, status="request_submitted") == []
    assert references(client, status="unsubmitted") == [elm.reference, oak.reference]


def test_list_tells_what_waits_for_us_from_what_waits_for_others(client):
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    client.force_login(bob)
    draft = factories.complete_request(company=company)
    submitted = factories.submitted(company=company)
    out = factories.complete_request(company=company)
    factories.sign(factories.prepared(out), Party.AGENT)  # the customer's signature is awaited
    failed = factories.failed(company=company)
    factories.withdrawn(company=company)
    assert references(client, waits="us") == [failed.reference, draft.reference]
    assert references(client, waits="others") == [out.reference, submitted.reference]


def test_list_filter_of_what_waits_for_us_agrees_with_each_rows_holder(client):
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    for make in (factories.complete_request, factories.submitted, factories.corrections_required, factories.failed):
        make(company=company)
    factories.sign(factories.prepared(factories.complete_request(company=company)), Party.AGENT)
    clocks = Clocks.load(today=local_day(timezone.now()))
    waiting = lists.waiting(MSARequest.objects.visible_to(bob), "us", bob, clocks)
    by_event = [msa_request for msa_request in MSARequest.objects.all() if msa_request.events.last().holder == "agent"]
    assert sorted(row.pk for row in waiting) == sorted(row.pk for row in by_event)


def test_list_shows_what_is_late_on_the_utilitys_side_and_ours(client):
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    with time_machine.travel(datetime(2026, 3, 2, 10, tzinfo=UTILITY_ZONE), tick=False):
        late = factories.submitted(company=company)
        paused = factories.corrections_required(company=company)
    with time_machine.travel(datetime(2026, 4, 10, 10, tzinfo=UTILITY_ZONE), tick=False):
        factories.submitted(company=company)
    clocks_day = datetime(2026, 4, 20, 10, tzinfo=UTILITY_ZONE)
    with time_machine.travel(clocks_day, tick=False):
        client.force_login(bob)
        assert references(client, waits="late") == [late.reference]
    with time_machine.travel(clocks_day + timedelta(days=60), tick=False):
        client.force_login(bob)
        assert paused.reference in references(client, waits="late")


def test_revoked_agent_no_longer_sees_the_row(client):
    company = factories.CompanyFactory()
    bob, alice = factories.member_of(company), factories.UserFactory()
    msa_request = factories.complete_request(company=company)
    drafts.claim(msa_request, by=alice)
    client.force_login(bob)
    assert references(client) == [msa_request.reference]
    authority.take_over(msa_request, by=alice)
    assert references(client) == []
