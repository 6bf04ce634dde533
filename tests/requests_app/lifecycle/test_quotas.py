"""Drafts have a quota for a person and for a company."""

from __future__ import annotations

import pytest
from django.test import Client

from msa_portal.accounts.models import Company
from msa_portal.errors import Refused
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import drafts, transitions
from requests_app.models import MSARequest
from requests_app.views.application import ELIGIBILITY_ANSWERS
from tests import factories
from tests.factories import UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(settings) -> None:
    settings.QUOTAS = settings.QUOTAS | {"drafts_of_person": 2, "drafts_of_company": 2}


def refused(act) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def test_person_has_room_for_so_many_drafts(client):
    alice = UserFactory()
    first, _second = factories.draft(owner=alice), factories.draft(owner=alice)
    assert refused(lambda: drafts.start(by=alice)) == "quota"
    client.force_login(alice)
    session = client.session
    session[ELIGIBILITY_ANSWERS] = {"has_solar": True}
    session.save()
    response = client.post("/requests/new/", follow=True)
    assert "Submit or cancel one of them first" in response.content.decode()
    assert client.session[ELIGIBILITY_ANSWERS] == {"has_solar": True}
    transitions.withdraw(first, by=alice, reason=WithdrawalReason.OTHER, note="x")
    assert client.post("/requests/new/").status_code == 302
    assert MSARequest.objects.count() == 3


def test_submitted_requests_take_no_room():
    alice = UserFactory()
    factories.draft(owner=alice)
    MSARequest.objects.update(status="request_submitted", request_type="install")
    assert [drafts.start(by=alice).owner for _ in range(2)] == [alice, alice]


def test_company_has_room_for_so_many_drafts_of_all_its_people(client):
    company: Company = factories.CompanyFactory()
    people = [factories.member_of(company) for _ in range(3)]
    for person in people[:2]:
        drafts.start(by=person, company=company)
    assert refused(lambda: drafts.start(by=people[2], company=company)) == "quota"
    assert drafts.start(by=people[2]).owner == people[2]
    client = Client()
    client.force_login(people[2])
    response = client.post("/requests/new/", {"whom": str(company.pk)})
    assert (response.status_code, company.msa_requests.count()) == (422, 2)
    assert "call the program" in response.content.decode()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("for_company", [False, True])
def test_two_at_once_do_not_both_take_the_last_place(for_company):
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    drafts.start(by=bob, company=company if for_company else None)
    answers, failures = at_once(*[lambda: drafts.start(by=bob, company=company if for_company else None)] * 4)
    assert (len(answers), {failure.code for failure in failures}, MSARequest.objects.count()) == (1, {"quota"}, 2)
