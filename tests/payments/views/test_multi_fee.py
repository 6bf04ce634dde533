"""Up to fifty fees in one checkout, each of which settles and is refunded on its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.accounts.models import Company, User
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from payments import provider
from payments.models import Allocation, Fee, FeeSchedule, LedgerEntry, Payment, Refund
from payments.models.ledger import Account
from payments.services import checkout, fees, payable_fees, refunds, settle
from requests_app.enums import Status, WithdrawalReason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import drafts, policies, readiness_statements, transitions
from requests_app.models import MSARequest
from requests_app.readiness import readiness
from requests_app.signing import authority
from tests import factories, schedules
from tests.markup import laid_out
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.views.test_fee import signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


@pytest.fixture
def three(company: Company, bob: User) -> list[MSARequest]:
    """Payable requests of the company's customers."""
    return [a_request(company, number) for number in range(3)]


def a_request(company: Company, number: int = 0) -> MSARequest:
    made = factories.complete_request(company=company, account_number=f"70012345{number:04d}")
    return factories.executed(made)


def ticked(*requests: MSARequest, cents: int = FEE) -> dict[str, list[str]]:
    return {"fee": [f"{msa_request.reference}:{cents}" for msa_request in requests]}


def joint(requests: list[MSARequest], by: User) -> Payment:
    return checkout.open_joint_checkout(requests, by=by, expected_cents=FEE * len(requests))


def paid(sandbox: SandboxControl, requests: list[MSARequest], by: User) -> Payment:
    payment = joint(requests, by)
    sandbox.act(str(payment.session_id), "pay")
    return settle.settle_from_provider(payment)


def states_of(payment: Payment) -> list[str]:
    return list(payment.allocations.order_by("pk").values_list("state", flat=True))


def statuses(requests: list[MSARequest]) -> list[str]:
    return [factories.refreshed(msa_request).status for msa_request in requests]


# --- The page ----------------------------------------------------------------------------
def test_page_lists_what_the_company_can_pay_and_why_not_the_rest(
    three: list[MSARequest], bob: User, company: Company
) -> None:
    strangers = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    drafts.save_facts(three[2], {"city": "Arcadia"}, by=bob, version=three[2].version)
    page = text(signed_in(bob), "/payments/")
    assert [f'value="{msa_request.reference}:{FEE}"' in page for msa_request in three] == [True, True, False]
    assert f"{three[2].reference}</strong>" in page
    assert "signed again" in page
    assert "at most 50" in page
    assert str(strangers.reference) not in page
    assert Payment.objects.count() == 0


def test_staff_see_none_of_the_customers_fees(three: list[MSARequest]) -> None:
    assert str(three[0].reference) not in text(signed_in(factories.staff()), "/payments/")


def test_owner_of_several_homes_pays_them_at_once(schedule: FeeSchedule) -> None:
    alice = factories.UserFactory()
    homes = [factories.executed(factories.complete_request(owner=alice, account_number=f"7001{n}")) for n in range(2)]
    answer = signed_in(alice).post("/payments/pay/", ticked(*homes))
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"], payment.company) == (303, payment.session_url, None)


def test_page_costs_the_same_for_one_and_for_many(company: Company, bob: User) -> None:
    client, counts = signed_in(bob), []
    for number in (1, 6):
        for offset in range(number):
            a_request(company, number * 10 + offset)
        client.get("/payments/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/payments/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_older_ones_are_a_page_further(three: list[MSARequest], bob: User) -> None:
    first = payable_fees.page_of(bob, size=2)
    rest = payable_fees.page_of(bob, before=first.older, size=2)
    assert [row.msa_request for row in (*first.rows, *rest.rows)] == list(reversed(three))
    assert rest.older is None


def _changed(**facts: Any) -> Callable[[MSARequest, User], MSARequest]:
    return lambda msa_request, by: drafts.save_facts(msa_request, facts, by=by, version=msa_request.version)


def _to_put_right(msa_request: MSARequest, by: User) -> MSARequest:
    return factories.executed(_changed(clear_meter_access=False)(msa_request, by))


def _stated(msa_request: MSARequest, by: User) -> MSARequest:
    msa_request = _to_put_right(msa_request, by)
    readiness_statements.state_findings(
        msa_request, by=by, covers=[item.key for item in readiness.check(msa_request).promisable]
    )
    return msa_request


def _failed(msa_request: MSARequest) -> MSARequest:
    return factories.failed(factories.ordered(factories.valid(factories.paid(msa_request))))


def _second_visit(msa_request: MSARequest, by: User) -> MSARequest:
    msa_request = _failed(msa_request)
    follow_ups.save_reschedule(msa_request, by=by, statements={"package_missing": "It is there now."})
    return msa_request


def _modified(msa_request: MSARequest, by: User) -> MSARequest:
    msa_request = _failed(msa_request)
    follow_ups.save_modification(msa_request, by=by, device=factories.ProductFactory())
    return msa_request


def _lapsed(msa_request: MSARequest, _by: User) -> MSARequest:
    Fee.objects.filter(round__msa_request=msa_request).update(
        quote_holds_until=timezone.localdate() - timedelta(days=1)
    )
    schedules.change(amount_cents=30000)
    return msa_request


def _open_alone(msa_request: MSARequest, by: User) -> MSARequest:
    checkout.open_checkout(msa_request, by=by, expected_cents=FEE)
    return msa_request


def _by_bank(msa_request: MSARequest, by: User) -> MSARequest:
    Payment.objects.filter(pk=checkout.open_checkout(msa_request, by=by, expected_cents=FEE).pk).update(
        state="pending"
    )
    return msa_request


# Each with the code of what stands against paying it.
STATIONS: list[tuple[Callable[[MSARequest, User], MSARequest], str]] = [
    (lambda msa_request, _by: msa_request, ""),
    (_stated, ""),
    (_second_visit, ""),
    (_lapsed, ""),
    (_changed(city="Arcadia"), "agreement_not_executed"),
    (_modified, "agreement_not_executed"),
    (_changed(panel_rating_amps=None), "incomplete"),
    (_changed(service_amps=400, panel_rating_amps=400), "not_eligible"),
    (_to_put_right, "fix_first"),
    (_by_bank, "payment_pending"),
    (_open_alone, "paid_elsewhere"),
]


@pytest.mark.parametrize(("arrange", "code"), STATIONS)
def test_list_agrees_with_the_services(
    company: Company, bob: User, arrange: Callable[[MSARequest, User], MSARequest], code: str
) -> None:
    """The same amount, and a reason where, and only where, the service refuses."""
    msa_request = factories.refreshed(arrange(a_request(company), bob))
    other = a_request(company, 77)  # a payment of both, so that one alone is not gone on with
    row = next(row for row in payable_fees.page_of(bob).rows if row.msa_request == msa_request)
    visit = policies.open_round(msa_request)
    quotes = [fees.quote(msa_request, visit), fees.quote(other, policies.open_round(other))]
    amounts = [quote.amount_cents for quote in quotes if quote]
    assert [row.amount_cents, row.holds_until, row.visit] == [amounts[0], quotes[0] and quotes[0].holds_until, visit]
    assert (row.code, bool(row.reason)) == (code, bool(code))
    try:
        checkout.open_joint_checkout([msa_request, other], by=bob, expected_cents=sum(amounts))
        refused = ""
    except Refused as refusal:
        refused = refusal.code
    assert refused == code


# --- Opening -----------------------------------------------------------------------------
def test_three_fees_are_one_checkout_and_freeze_three_requests(
    three: list[MSARequest], bob: User, company: Company
) -> None:
    answer = signed_in(bob).post("/payments/pay/", ticked(*three))
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, payment.session_url)
    assert (payment.amount_cents, payment.company, states_of(payment)) == (3 * FEE, company, ["waiting"] * 3)
    assert all(factories.refreshed(msa_request).frozen_until for msa_request in three)


def test_second_tab_goes_on_with_the_open_checkout(three: list[MSARequest], bob: User) -> None:
    client = signed_in(bob)
    places = {client.post("/payments/pay/", ticked(*tab))["Location"] for tab in (three, reversed(three))}
    assert (len(places), Payment.objects.count()) == (1, 1)


def test_fee_posted_twice_is_paid_once(three: list[MSARequest], bob: User) -> None:
    assert signed_in(bob).post("/payments/pay/", ticked(three[0], three[0], three[1])).status_code == 303
    assert (Payment.objects.get().amount_cents, Allocation.objects.count()) == (2 * FEE, 2)


def test_a_request_given_twice_is_counted_once(three: list[MSARequest], bob: User) -> None:
    payment = checkout.open_joint_checkout([three[0], three[1], three[0]], by=bob, expected_cents=2 * FEE)
    assert payment.allocations.count() == 2


def test_overlapping_selection_says_who_pays_and_until_when(
    three: list[MSARequest], bob: User, company: Company
) -> None:
    colleague = factories.member_of(company, name="Cleo Colleague")
    joint(three[:2], colleague)
    answer = signed_in(bob).post("/payments/pay/", ticked(three[1], three[2]))
    page = laid_out(answer.content.decode())
    assert (answer.status_code, Payment.objects.count()) == (409, 1)
    assert re.search(rf"{three[1].reference}: Until \S+ \S+ Cleo Colleague has a payment open for it", page)
    assert f'value="{three[2].reference}:{FEE}" data-cents="{FEE}" checked' in page


def test_fifty_one_fees_are_refused_and_fifty_are_not(company: Company, bob: User) -> None:
    many = [a_request(company, number) for number in range(51)]
    answer = signed_in(bob).post("/payments/pay/", ticked(*many))
    assert (answer.status_code, Payment.objects.count()) == (409, 0)
    assert "at most 50" in answer.content.decode()
    assert joint(many[:50], bob).allocations.count() == 50


def test_changed_amount_is_named_and_the_selection_kept(three: list[MSARequest], bob: User) -> None:
    Fee.objects.filter(round__msa_request=three[1]).update(quote_holds_until=timezone.localdate() - timedelta(days=1))
    schedules.change(amount_cents=30000)
    answer = signed_in(bob).post("/payments/pay/", ticked(*three))
    page = laid_out(answer.content.decode())
    assert (answer.status_code, Payment.objects.count()) == (409, 0)
    assert f"{three[1].reference}: the amount is $300.00 now. The page showed $279.22." in page
    assert page.count(" checked>") == 3


def test_what_cannot_be_paid_any_more_is_named(three: list[MSARequest], bob: User) -> None:
    transitions.withdraw(three[0], by=bob, reason=WithdrawalReason.CHANGED_PLANS)
    answer = signed_in(bob).post("/payments/pay/", ticked(*three))
    assert f"{three[0].reference}: nothing is to be paid on it now." in answer.content.decode()
    assert (answer.status_code, Payment.objects.count()) == (409, 0)


@pytest.mark.parametrize("posted", [["MSA-2026-999999:27922"], ["x"], ["MSA-2026-1:-5"], []])
def test_odd_posts_open_nothing(three: list[MSARequest], bob: User, posted: list[str]) -> None:
    assert signed_in(bob).post("/payments/pay/", {"fee": posted}).status_code == 409
    assert Payment.objects.count() == 0


def test_posted_strangers_request_is_not_there(three: list[MSARequest], bob: User) -> None:
    theirs = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    answer = signed_in(bob).post("/payments/pay/", ticked(three[0], theirs))
    assert (answer.status_code, Payment.objects.count()) == (409, 0)
    assert "not yours to pay" in answer.content.decode()
    assert theirs.customer_name not in answer.content.decode().replace(three[0].customer_name, "")


def test_without_the_scope_the_service_still_refuses(three: list[MSARequest], bob: User) -> None:
    theirs = factories.executed(factories.complete_request(company=factories.CompanyFactory()))
    with pytest.raises(Refused) as refused:
        joint([three[0], theirs], bob)
    assert (refused.value.code, Payment.objects.count()) == ("not_allowed", 0)


def test_private_home_among_the_companys_is_not_paid_for_the_company(three: list[MSARequest], bob: User) -> None:
    own = factories.executed(factories.complete_request(owner=bob, account_number="7009"))
    assert joint([three[0], own], bob).company is None


# --- Settling and going back --------------------------------------------------------------
def test_each_fee_settles_with_a_receipt_and_a_mail_of_its_own(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, three, bob)
    assert statuses(three) == [Status.REQUEST_SUBMITTED] * 3
    assert all(part.receipt for part in payment.allocations.all())
    summary = NoticeMessage.objects.get(kind="receipt_for_several")
    assert (summary.to_email, "$837.66" in summary.text) == (bob.email, True)
    assert all(str(msa_request.reference) in summary.text for msa_request in three)
    for msa_request in three:
        mail = NoticeMessage.objects.get(kind="receipt", reference=msa_request.reference)
        others = [str(other.reference) for other in three if other != msa_request]
        assert (mail.to_email, "$279.22" in mail.text) == (msa_request.customer_email, True)
        assert not [word for word in (*others, "$837.66") if word in mail.text + mail.subject]


def test_fee_withdrawn_meanwhile_is_held_and_the_others_submit(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = joint(three, bob)
    provider_sandbox.act(str(payment.session_id), "pay")
    transitions.withdraw(three[1], by=bob, reason=WithdrawalReason.CHANGED_PLANS)
    settle.settle_from_provider(payment)
    assert (state_of(payment), states_of(payment)) == ("paid", ["settled", "held", "settled"])
    assert statuses(three) == ["request_submitted", "withdrawn", "request_submitted"]
    refund = Refund.objects.get()
    assert (refund.fee.round.msa_request, refund.amount_cents, refund.state) == (three[1], FEE, "proposed")
    page = text(signed_in(bob), f"/payments/{payment.pk}/returned/")
    assert "2 of 3 fees paid" in page
    assert "Held" in page


def test_refund_of_one_fee_leaves_the_others(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, three, bob)
    transitions.withdraw(factories.refreshed(three[0]), by=bob, reason=WithdrawalReason.CHANGED_PLANS)
    refunds.approve(Refund.objects.get(), by=factories.supervisor(), expected_cents=FEE)
    left = list(payment.allocations.order_by("pk").values_list("refunded_cents", flat=True))
    assert (left, Refund.objects.get().state) == ([FEE, 0, 0], "succeeded")
    assert statuses(three) == ["withdrawn", "request_submitted", "request_submitted"]
    assert LedgerEntry.objects.filter(payment=payment).balance(Account.PROVIDER) == 2 * FEE


def test_partial_refund_in_the_dashboard_is_laid_onto_the_fees(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, three, bob)
    provider_sandbox.act(str(payment.session_id), "refund", amount=FEE + 1000)
    settle.settle_from_provider(payment)
    left = list(payment.allocations.order_by("pk").values_list("refunded_cents", flat=True))
    assert left == [FEE, 1000, 0]
    assert statuses(three) == [Status.REQUEST_SUBMITTED] * 3


def test_dispute_blocks_every_visit_of_it(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, three, bob)
    provider_sandbox.act(str(payment.session_id), "dispute")
    settle.settle_from_provider(payment)
    assert [msa_request.rounds.get().disputed for msa_request in three] == [True] * 3
    provider_sandbox.act(str(payment.session_id), "win")
    settle.settle_from_provider(payment)
    assert [msa_request.rounds.get().disputed for msa_request in three] == [False] * 3


def test_paid_alone_and_jointly_gives_back_that_part_only(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    alone = opened(three[0])
    Payment.objects.filter(pk=alone.pk).update(state="expired")  # opened past our guard
    payment = joint(three, bob)
    for paying in (alone, payment):
        provider_sandbox.act(str(paying.session_id), "pay")
    for paying in (alone, payment):
        settle.settle_from_provider(paying)
    assert (states_of(alone), states_of(payment)) == (["settled"], ["duplicate", "settled", "settled"])
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount_cents, refund.state) == (payment, FEE, "succeeded")
    assert statuses(three) == [Status.REQUEST_SUBMITTED] * 3


# --- Who sees it, who cancels it -----------------------------------------------------------
def test_return_page_asks_the_provider_and_shows_each_fee(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = joint(three, bob)
    done = provider_sandbox.act(str(payment.session_id), "pay")
    page = text(signed_in(bob), "/" + done["success_url"].split("/", 3)[3])
    assert "$837.66 paid for 3 fees" in page
    assert all(f"/requests/{msa_request.reference}/receipt/{payment.pk}/" in page for msa_request in three)


def test_company_sees_the_payment_and_strangers_do_not(three: list[MSARequest], bob: User, company: Company) -> None:
    payment = joint(three, bob)
    others = [factories.UserFactory(), factories.member_of(factories.CompanyFactory()), factories.staff()]
    address = f"/payments/{payment.pk}/"
    assert signed_in(factories.member_of(company)).get(f"{address}returned/").status_code == 200
    assert [signed_in(other).get(f"{address}returned/").status_code for other in others] == [404] * 3
    assert [signed_in(other).post(f"{address}cancel/").status_code for other in others] == [404] * 3
    assert state_of(payment) == "open"


def test_customer_who_ended_the_authority_is_shown_no_more(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, three, bob)
    alice = factories.UserFactory(name="Alice Owner")
    drafts.claim(three[0], by=alice)
    authority.take_over(three[0], by=alice)
    page = text(signed_in(bob), f"/payments/{payment.pk}/returned/")
    assert "You act for this home no longer" in page
    assert f"/requests/{three[0].reference}/" not in page


def test_payer_cancels_and_every_request_thaws(three: list[MSARequest], bob: User) -> None:
    payment = joint(three, bob)
    assert signed_in(bob).post(f"/payments/{payment.pk}/cancel/").status_code == 302
    assert (state_of(payment), states_of(payment)) == ("expired", ["waiting"] * 3)
    assert not [msa_request for msa_request in three if factories.refreshed(msa_request).frozen_until]


def test_customer_of_one_sees_who_pays_and_cannot_cancel_for_all(three: list[MSARequest], bob: User) -> None:
    alice = factories.UserFactory()
    drafts.claim(three[0], by=alice)
    payment = joint([factories.refreshed(msa_request) for msa_request in three], bob)
    owner, address = signed_in(alice), f"/requests/{three[0].reference}/fee/"
    page = text(owner, address)
    assert "payment for several homes" in page
    assert f"{bob.name} opened it" in page
    assert "Cancel the payment" not in page
    assert not [other for other in three[1:] if str(other.reference) in page]
    assert owner.post(f"{address}cancel/").status_code == 409
    assert state_of(payment) == "open"
    assert "Cancel the payment" in text(signed_in(bob), address)


def test_own_page_names_no_fee_of_the_others(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    """A customer's pages speak of their own fee and refund, whatever else the payment was for."""
    alice = factories.UserFactory()
    drafts.claim(three[0], by=alice)
    payment = paid(provider_sandbox, [factories.refreshed(msa_request) for msa_request in three], bob)
    transitions.withdraw(factories.refreshed(three[1]), by=bob, reason=WithdrawalReason.CHANGED_PLANS)
    owner = signed_in(alice)
    pages = [text(owner, f"/requests/{three[0].reference}/{name}") for name in ("", "fee/", "withdraw/")]
    assert not [
        word
        for word in ("$837.66", "Refund of", *(str(msa_request.reference) for msa_request in three[1:]))
        for page in pages
        if word in page
    ]
    assert "$279.22" in pages[0]
    assert owner.get(f"/requests/{three[1].reference}/receipt/{payment.pk}/").status_code == 404


def test_checkout_that_ran_out_can_be_paid_anew(
    three: list[MSARequest], bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = joint(three, bob)
    with time_machine.travel(timezone.now() + timedelta(minutes=59), tick=False):
        again = joint(three[:2], bob)
    assert (state_of(payment), again.state, again.allocations.count()) == ("expired", "open", 2)


def test_try_that_the_provider_never_answered_gives_way_to_a_larger_one(
    three: list[MSARequest], bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_new: provider.NewSession) -> provider.Session:
        raise provider.ProviderUnavailable("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(provider, "create_session", silent)
        assert signed_in(bob).post("/payments/pay/", ticked(*three[:2])).status_code == 409
    assert "checked" not in text(signed_in(bob), "/payments/")
    assert joint(three, bob).state == "open"
    assert sorted(Payment.objects.values_list("state", flat=True)) == ["expired", "open"]


def test_list_of_requests_links_to_the_fees(three: list[MSARequest], bob: User) -> None:
    page = text(signed_in(bob), "/requests/")
    assert "3 fees to pay" in page
    assert 'href="/payments/"' in page


def test_nobody_signed_in_is_sent_to_sign_in(three: list[MSARequest]) -> None:
    answers: list[Any] = [Client().get("/payments/"), Client().post("/payments/pay/", ticked(*three))]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Payment.objects.count() == 0
