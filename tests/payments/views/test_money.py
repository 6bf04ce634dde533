"""What a customer reads of their money, and asking for some of it back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from msa_portal.notices.models import NoticeMessage
from payments.models import Account, Fee, LedgerEntry, Payment, Refund
from payments.provider.returns import refunds_of
from payments.services import refunds, settle
from requests_app.models import MSARequest
from tests import factories, two_people
from tests.payments.conftest import FEE, part_of, request_of, state_of
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.steps import BOUNCES, WAITS, act, approve, pay, pay_twice, signed_in, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


@pytest.fixture
def owner(payable: MSARequest) -> Client:
    return signed_in(factories.actor_of(payable))


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> Payment:
    return pay(payable, provider_sandbox)


def address(msa_request: MSARequest, name: str = "") -> str:
    return f"/requests/{msa_request.reference}/money/{name}"


def text(client: Client, path: str) -> str:
    """The page's words without its markup, one space between them."""
    answer = client.get(path)
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1].split("</main>", 1)[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())


def money(client: Client, payment: Payment) -> str:
    return text(client, address(request_of(payment)))


def failed_visit(payment: Payment) -> MSARequest:
    """The visit took place and failed for a reason of the customer's."""
    return factories.failed(factories.ordered(factories.valid(factories.refreshed(request_of(payment)))))


def ask_path(payment: Payment) -> str:
    return address(request_of(payment), f"refund/{part_of(payment).pk}/")


def test_unpaid_fee_says_why_it_is_due_and_how_long_it_holds(payable: MSARequest, owner: Client) -> None:
    page = text(owner, address(payable))
    for words in (
        "Paid $0.00",
        "Still due $279.22",
        "Each site visit has its fee",
        "holds until",
        "F1",
    ):
        assert words in page
    assert "Rule D9" in page


def test_paid_fee_shows_who_paid_and_the_receipt(paid: Payment, owner: Client) -> None:
    page = money(owner, paid)
    for words in ("Paid $279.22", "Came back $0.00", "Still due $0.00", "by card or bank account", "$279.22 received"):
        assert words in page
    assert f"/receipt/{paid.pk}/" in owner.get(address(request_of(paid))).content.decode()


def test_page_never_names_an_account(paid: Payment, owner: Client) -> None:
    approve(withdraw(paid))
    page = money(owner, paid).lower()
    assert [label for label in Account.labels if str(label).lower() in page] == []
    assert LedgerEntry.objects.count() == 5


@pytest.mark.parametrize("role", ["owner", "agent", "staff"])
def test_insiders_read_the_page(schedule: Any, provider_sandbox: SandboxControl, role: str) -> None:
    company = factories.CompanyFactory()
    msa_request = factories.executed(factories.complete_request(company=company))
    owner = factories.UserFactory()
    MSARequest.objects.filter(pk=msa_request.pk).update(owner=owner)
    payment = pay(factories.refreshed(msa_request), provider_sandbox)
    people = {"owner": owner, "agent": factories.member_of(company), "staff": factories.staff()}
    assert "Paid $279.22" in money(signed_in(people[role]), payment)


def test_stranger_finds_nothing(paid: Payment) -> None:
    approve(withdraw(paid))
    refund = Refund.objects.get()
    stranger = signed_in(factories.UserFactory())
    note = f"/requests/{request_of(paid).reference}/refund-note/{refund.pk}/"
    codes = [stranger.get(path).status_code for path in (address(request_of(paid)), ask_path(paid), note)]
    codes.append(stranger.post(ask_path(paid), {"note": "Mine"}).status_code)
    assert (codes, Refund.objects.count()) == ([404] * 4, 1)


def test_other_requests_refund_is_not_found_under_mine(
    paid: Payment, owner: Client, provider_sandbox: SandboxControl
) -> None:
    other = pay(factories.executed(factories.complete_request()), provider_sandbox)
    refund = approve(withdraw(other))
    mine = request_of(paid)
    codes = [
        owner.get(address(mine, f"refund/{part_of(other).pk}/")).status_code,
        owner.get(f"/requests/{mine.reference}/refund-note/{refund.pk}/").status_code,
    ]
    assert codes == [404, 404]


def test_refund_is_shown_with_its_dates_and_its_note(paid: Payment, owner: Client) -> None:
    refund = withdraw(paid)
    assert "A supervisor decides" in money(owner, paid)
    approve(refund)
    page = money(owner, paid)
    for words in ("A supervisor approved it", "Sent to the card", "Accepted for payment", "Usually shown on your"):
        assert words in page
    assert "Came back $279.22" in page
    answer = owner.get(f"/requests/{request_of(paid).reference}/refund-note/{refund.pk}/")
    assert b"".join(answer.streaming_content)[:5] == b"%PDF-"  # type: ignore[attr-defined]  # a file answer


def test_refund_that_waits_at_the_bank_is_not_called_done(
    payable: MSARequest, owner: Client, provider_sandbox: SandboxControl
) -> None:
    payment = pay(payable, provider_sandbox, card=WAITS)
    refund = approve(withdraw(payment))
    page = money(owner, payment)
    assert (refund.state, "Accepted for payment" in page, "Usually shown on your" in page) == ("sent", False, True)
    assert owner.get(f"/requests/{payable.reference}/refund-note/{refund.pk}/").status_code == 404


def test_refund_that_comes_back_is_told_and_can_be_asked_for_again(
    payable: MSARequest, owner: Client, provider_sandbox: SandboxControl
) -> None:
    payment = pay(payable, provider_sandbox, card=BOUNCES)
    approve(withdraw(payment))
    provider_sandbox.call("later/run")
    settle.settle_from_provider(payment)
    page = money(owner, payment)
    assert "Your bank sent it back" in page
    assert "Came back $0.00" in page
    assert "Ask for $279.22" in text(owner, ask_path(payment))


def test_declined_refund_shows_the_supervisors_reason(paid: Payment, owner: Client) -> None:
    refunds.decline(withdraw(paid), by=factories.supervisor(), note="It was paid back by check.")
    page = money(owner, paid)
    assert "A supervisor declined it" in page
    assert "The reason: It was paid back by check." in page


def test_second_payment_goes_back_and_the_fee_stays_paid(
    payable: MSARequest, owner: Client, provider_sandbox: SandboxControl
) -> None:
    counted, extra = pay_twice(payable, provider_sandbox)
    page = money(owner, counted)
    assert "this second payment goes back" in page
    assert "Paid $558.44 Came back $279.22 Still due $0.00" in page
    assert (state_of(extra), state_of(Fee.objects.get()), payable.rounds.get().settlement) == (
        "duplicate",
        "settled",
        "paid",
    )


def test_dispute_is_shown_to_its_end(paid: Payment, owner: Client, provider_sandbox: SandboxControl) -> None:
    act(paid, provider_sandbox, "dispute")
    assert "Your bank decides" in money(owner, paid)
    act(paid, provider_sandbox, "lose")
    page = money(owner, paid)
    assert "your bank gave you the money back" in page
    assert "Taken by your bank in a dispute $279.22 Still due $279.22" in page
    two_people.write_off(Fee.objects.get(), reason="A secret of the office")
    page = money(owner, paid)
    assert "we do not ask for it again" in page
    assert "Still due $0.00" in page
    assert "secret" not in page


def test_waived_fee_is_shown(payable: MSARequest, owner: Client) -> None:
    two_people.waive(Fee.objects.get(), reason="A secret of the office")
    page = text(owner, address(payable))
    assert "Waived: you do not have to pay it" in page
    assert "secret" not in page


QUERIES = 14  # of which nine read the money


def test_page_takes_as_many_queries_for_many_rows(
    payable: MSARequest, owner: Client, provider_sandbox: SandboxControl, django_assert_num_queries: Any
) -> None:
    payment = pay(payable, provider_sandbox)
    refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=100, note="One")
    path = address(request_of(payment))
    owner.get(path)
    with django_assert_num_queries(QUERIES):
        owner.get(path)
    for _turn in range(3):
        approve(Refund.objects.get(state="proposed"))
        refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=100, note="More")
    act(payment, provider_sandbox, "dispute")
    with django_assert_num_queries(QUERIES):
        page = owner.get(path).content.decode()
    assert page.count("Refund of $1.00") == 4


def test_refund_cannot_be_asked_for_while_the_visit_is_to_come(paid: Payment, owner: Client) -> None:
    page = text(owner, ask_path(paid))
    assert "Withdraw the request, and it comes back in full." in page
    answer = owner.post(ask_path(paid), {"note": "I want it"})
    assert (answer.status_code, Refund.objects.count()) == (409, 0)
    assert "Ask for a refund" not in money(owner, paid)


def test_customer_asks_two_supervisors_decide_and_the_money_goes(paid: Payment, owner: Client) -> None:
    msa_request = failed_visit(paid)
    assert "Ask for a refund" in money(owner, paid)
    asking = text(owner, ask_path(paid))
    assert "Visit 1: the $279.22 does not come back" in asking
    assert "A supervisor can decide otherwise." in asking
    assert owner.post(ask_path(paid), {"note": "The dog was ill"})["Location"] == address(msa_request)
    refund = Refund.objects.get()
    assert (refund.reason, refund.state, refund.amount_cents) == ("requested", "proposed", FEE)
    page = money(owner, paid)
    assert "A refund was asked for" in page
    assert "The dog was ill" in page
    for sent in ([], [FEE]):
        supervisor = signed_in(factories.supervisor())
        supervisor.post(
            f"/admin/payments/refund/{refund.pk}/approve/",
            {"expected_cents": FEE, "amount_cents": refund.amount_cents},
        )
        assert [row.amount_cents for row in refunds_of(str(paid.intent_id))] == sent
    assert NoticeMessage.objects.filter(kind="refund_paid").count() == 1
    assert "Came back $279.22" in money(owner, paid)


def test_asking_twice_is_one_refund(paid: Payment, owner: Client) -> None:
    failed_visit(paid)
    codes = [owner.post(ask_path(paid), {"note": "The dog was ill"}).status_code for _time in range(2)]
    assert (codes, Refund.objects.count()) == ([302, 409], 1)
    assert "asked for already" in text(owner, ask_path(paid))


def test_asking_without_a_reason_links_to_the_field(paid: Payment, owner: Client) -> None:
    failed_visit(paid)
    answer = owner.post(ask_path(paid), {"note": " "})
    page = answer.content.decode()
    assert (answer.status_code, Refund.objects.count()) == (200, 0)
    assert 'href="#id_note"' in page
    assert "data-error-summary" in page


def test_staff_read_the_page_and_do_not_ask(paid: Payment) -> None:
    failed_visit(paid)
    staff = signed_in(factories.staff())
    assert "Ask for a refund" not in money(staff, paid)
    assert (staff.post(ask_path(paid), {"note": "For them"}).status_code, Refund.objects.count()) == (409, 0)
