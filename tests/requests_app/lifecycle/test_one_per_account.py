"""One submitted, open request per service account (D27), and one draft for two clicks."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from msa_portal.errors import Refused
from requests_app.enums import EventKind, Settlement, Status
from requests_app.lifecycle import drafts, one_per_account, policies, settlement, transitions
from requests_app.models import MSARequest, RequestEvent
from tests import factories
from tests.factories import UserFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

ACCOUNT = "712345678901"


def on_the_account(**facts):
    return factories.executed(factories.complete_request(**{"account_number": ACCOUNT} | facts))


def code_of(act) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


@pytest.mark.parametrize("first", ["install", "removal", "replacement"])
@pytest.mark.parametrize("second", ["install", "removal", "replacement"])
def test_work_on_a_device_excludes_other_work_on_one(first, second):
    existing = {"existing_adapter": "msa"}
    factories.paid(on_the_account(request_type=first, **existing))
    other = on_the_account(request_type=second, **existing)
    assert code_of(lambda: policies.check_payable(other)) == "account_in_use"
    assert code_of(lambda: factories.paid(other)) == "account_in_use"


def test_maintenance_is_separate_and_excludes_itself():
    factories.paid(on_the_account())
    maintained = factories.paid(
        on_the_account(request_type="maintenance", existing_adapter="msa"), how=Settlement.NOT_DUE
    )
    assert maintained.status == Status.REQUEST_SUBMITTED
    again = on_the_account(request_type="maintenance", existing_adapter="msa")
    assert code_of(lambda: policies.check_payable(again)) == "account_in_use"


def test_drafts_and_closed_requests_dont_count():
    first, second = on_the_account(), on_the_account()
    policies.check_payable(second)
    first = factories.paid(first)
    assert code_of(lambda: policies.check_payable(second)) == "account_in_use"
    assert first.holds_account == f"device {ACCOUNT}"
    assert factories.withdrawn(first).holds_account is None
    assert factories.paid(second).status == Status.REQUEST_SUBMITTED


@pytest.mark.parametrize("typed", ["712345678901", " 7123-4567 8901", "7123.4567.8901"])
def test_account_is_read_without_marks(typed):
    factories.paid(on_the_account())
    assert code_of(lambda: policies.check_payable(on_the_account(account_number=typed))) == "account_in_use"


def test_a_number_typed_tells_nothing_before_the_customer_has_signed(client: Client):
    """Whether the account has a request shows only where the person may see that request."""
    taken = factories.paid(on_the_account())
    stranger = UserFactory()
    device = factories.ProductFactory()
    theirs = factories.complete_request(owner=stranger, account_number=ACCOUNT, device=device)
    free = factories.complete_request(owner=stranger, account_number="799999999999", device=device)
    client.force_login(stranger)

    def shown(msa_request) -> str:
        pages = [reverse("requests:form", args=[msa_request.reference, slug]) for slug in ("where", "review")]
        pages += [msa_request.get_absolute_url(), reverse("payments:fee", args=[msa_request.reference])]
        text = "".join(client.get(page).content.decode() for page in pages)
        apart = rf"{msa_request.reference}|{msa_request.account_number}|[\w+/=-]{{20,}}|MSA-[\w-]+|[\d:]+[.]\d{{6}}"
        return re.sub(apart, "", text)

    assert shown(theirs) == shown(free)
    assert taken.reference not in shown(theirs)
    factories.executed(theirs)
    page = client.get(reverse("payments:fee", args=[theirs.reference])).content.decode()
    assert "call the program" in page
    assert taken.reference not in page


def test_who_may_see_the_other_one_is_shown_it_at_once(client: Client):
    owner = UserFactory()
    taken = factories.paid(on_the_account(owner=owner))
    mine = factories.complete_request(owner=owner, account_number=ACCOUNT)
    client.force_login(owner)
    for page in (
        mine.get_absolute_url(),
        reverse("requests:form", args=[mine.reference, "where"]),
        reverse("payments:fee", args=[mine.reference]),
    ):
        assert taken.reference in client.get(page).content.decode(), page
    assert mine.reference not in client.get(taken.get_absolute_url()).content.decode()


def test_staff_see_it_in_screening_and_may_allow_it(client: Client):
    staff = factories.staff()
    taken, waits = factories.paid(on_the_account()), on_the_account()
    client.force_login(staff)
    page = reverse("admin:requests_app_msarequest_change", args=[waits.pk])
    assert taken.reference in client.get(page).content.decode()
    allow = reverse("admin:requests_app_msarequest_allow_second", args=[waits.pk])
    refused = client.post(allow, {"reason": " "})
    assert refused.status_code == 409
    assert "Say why this request may go on" in refused.content.decode()
    assert client.post(allow, {"reason": "Two meters on one account"}).status_code == 302
    assert "Two meters on one account" in client.get(page).content.decode()
    event = RequestEvent.objects.get(msa_request=waits, kind=EventKind.SECOND_REQUEST_ALLOWED)
    assert (event.actor, event.codes) == (staff, {"others": [taken.pk]})
    assert factories.paid(factories.refreshed(waits)).status == Status.REQUEST_SUBMITTED
    both = client.get(reverse("admin:requests_app_msarequest_change", args=[taken.pk])).content.decode()
    assert waits.reference in both
    assert "Let this request go on" not in both


def test_a_third_request_is_not_allowed_with_the_second():
    factories.paid(on_the_account())
    second, third = on_the_account(), on_the_account()
    one_per_account.allow(second, reason="x", by=factories.staff())
    factories.paid(second)
    assert code_of(lambda: policies.check_payable(third)) == "account_in_use"


def test_what_was_allowed_holds_for_that_account_alone():
    factories.paid(on_the_account())
    factories.paid(on_the_account(account_number="755555555555"))
    second = on_the_account()
    one_per_account.allow(second, reason="x", by=factories.staff())
    second = drafts.save_facts(
        second, {"account_number": "755555555555"}, by=factories.actor_of(second), version=second.version
    )
    assert code_of(lambda: policies.check_payable(factories.executed(second))) == "account_in_use"


def test_only_screening_staff_allow_and_only_where_something_is_in_the_way():
    factories.paid(on_the_account())
    waits, free = on_the_account(), on_the_account(account_number="799999999999")
    assert code_of(lambda: one_per_account.allow(waits, reason="x", by=factories.actor_of(waits))) == "not_allowed"
    assert code_of(lambda: one_per_account.allow(free, reason="x", by=factories.staff())) == "nothing_in_the_way"


def test_a_corrected_account_number_is_judged_when_the_request_is_sent_back():
    """The number that is typed changes nothing until the customer has signed it; the old account stays held."""
    factories.paid(on_the_account(account_number="755555555555"))
    back = factories.corrections_required(factories.paid(on_the_account()))
    by = factories.actor_of(back)
    back = drafts.save_facts(back, {"account_number": "755555555555"}, by=by, version=back.version)
    assert back.holds_account.endswith(ACCOUNT)
    back.corrections.update(answered_at="2026-01-01T00:00Z", answered_by=by)
    back = factories.executed(back)
    assert code_of(lambda: transitions.resubmit(back, by=by)) == "account_in_use"


def test_first_request_goes_on_beside_one_that_was_allowed():
    first = factories.paid(on_the_account())
    second = on_the_account()
    one_per_account.allow(second, reason="x", by=factories.staff())
    factories.paid(second)
    back = factories.corrections_required(first)
    back.corrections.update(answered_at="2026-01-01T00:00Z", answered_by=factories.actor_of(back))
    transitions.resubmit(back, by=factories.actor_of(back))
    assert back.status == Status.REQUEST_SUBMITTED


def test_money_that_comes_for_the_second_is_held_not_used():
    """Both customers had opened the payment page: the second payment settles nothing, and its caller is told why."""
    first, second = on_the_account(), on_the_account()
    visit = second.rounds.get()
    settlement.open_fee_form(second, by=factories.actor_of(second))
    factories.paid(first)
    assert code_of(lambda: settlement.settle(visit, how=Settlement.PAID, by=None)) == "account_in_use"
    assert factories.refreshed(second).status == Status.UNSUBMITTED


def test_database_refuses_a_second_holder():
    first = factories.paid(on_the_account())
    other = factories.paid(on_the_account(account_number="799999999999"))
    with pytest.raises(IntegrityError), transaction.atomic():
        MSARequest.objects.filter(pk=other.pk).update(holds_account=first.holds_account)
    with pytest.raises(IntegrityError), transaction.atomic():
        MSARequest.objects.filter(pk=on_the_account(account_number="788888888888").pk).update(holds_account="device 1")


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_that_are_paid_at_once_make_one_submitted_request(monkeypatch):
    """Neither sees the other while it checks: the database decides, and the loser reads the same words."""
    pair = [on_the_account(), on_the_account()]
    visits = [msa_request.rounds.get() for msa_request in pair]
    monkeypatch.setattr(policies, "check_account_free", lambda msa_request: None)
    acts = [lambda visit=visit: settlement.settle(visit, how=Settlement.PAID, by=None) for visit in visits]
    results, errors = at_once(*acts)
    connection.close()
    assert results == [True]
    assert [getattr(error, "code", error) for error in errors] == ["account_in_use"]
    assert MSARequest.objects.filter(status=Status.REQUEST_SUBMITTED).count() == 1


# --- Two clicks, one draft


def test_page_sent_twice_starts_one_request(client: Client):
    client.force_login(UserFactory())
    page = client.get(reverse("requests:new")).content.decode()
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    first, second = (client.post(reverse("requests:new"), {"key": key[1]}) for _ in range(2))
    assert first.url == second.url
    assert MSARequest.objects.count() == 1
    client.post(reverse("requests:new"), {"key": "no key"})
    assert MSARequest.objects.count() == 2


def test_the_same_page_for_somebody_else_starts_another_request():
    company = factories.CompanyFactory()
    member, key = factories.member_of(company), uuid4()
    own, customers = drafts.start(by=member, key=key), drafts.start(by=member, company=company, key=key)
    assert (own.agent_company, customers.agent_company) == (None, company)
    assert drafts.start(by=member, company=company, key=key) == customers


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_clicks_at_once_make_one_draft():
    alice, key = UserFactory(), uuid4()
    results, errors = at_once(*[lambda: drafts.start(by=alice, key=key)] * 4)
    assert errors == []
    assert len({msa_request.pk for msa_request in results}) == MSARequest.objects.count() == 1


def test_form_names_the_other_one_as_soon_as_its_account_is_typed(client: Client):
    owner = UserFactory()
    taken = factories.paid(on_the_account(owner=owner))
    mine = factories.complete_request(owner=owner, account_number="799999999999")
    client.force_login(owner)
    page = reverse("requests:form", args=[mine.reference, "where"])
    assert taken.reference not in client.get(page).content.decode()
    posted = {"autosave": 1, "version": mine.version, "changed": "account_number", "account_number": ACCOUNT}
    assert taken.reference in client.post(page, posted).json()["account"]
