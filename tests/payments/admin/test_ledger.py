"""The ledger on the staff desk, its CSV, and the steps that only some rows and people have."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from payments.admin import ledger as ledger_admin
from payments.models import Dispute, Fee, LedgerEntry, Payment, Refund
from payments.services import ledger, refunds
from requests_app.models import MSARequest
from tests import factories
from tests.payments.conftest import FEE, part_of, request_of, state_of
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.steps import act, approve, pay, signed_in, withdraw

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]

LIST = "/admin/payments/ledgerentry/"
EXPORT = f"{LIST}export/"


@pytest.fixture
def paid(payable: MSARequest, provider_sandbox: SandboxControl) -> Payment:
    return pay(payable, provider_sandbox)


@pytest.fixture
def supervisor() -> Client:
    return signed_in(factories.supervisor())


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def exported(client: Client, query: str = "") -> list[list[str]]:
    answer: Any = client.get(EXPORT + query)
    assert (answer.status_code, answer.streaming) == (200, True)
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def rows_of(text: str) -> int:
    return text.count('class="action-checkbox"') or text.count('class="field-at')


def test_list_shows_entries_and_the_balances_of_the_filter(paid: Payment, supervisor: Client) -> None:
    approve(withdraw(paid))
    everything = page(supervisor, LIST)
    assert rows_of(everything) == 5
    assert "Balances of these entries" in everything
    sent = page(supervisor, f"{LIST}?kind=refund_sent")
    assert (rows_of(sent), "<dd>-$279.22</dd>" in sent) == (1, True)
    assert rows_of(page(supervisor, f"{LIST}?account=receivable")) == 3
    assert rows_of(page(supervisor, f"{LIST}?rule=D4")) == 2


@pytest.mark.parametrize("what", ["reference", "payment", "provider_id"])
def test_search_finds_by_reference_payment_and_provider_id(
    paid: Payment, supervisor: Client, provider_sandbox: SandboxControl, what: str
) -> None:
    other = pay(factories.executed(factories.complete_request()), provider_sandbox)
    searches = {
        "reference": (request_of(paid).reference, 3),
        "payment": (paid.pk, 1),
        "provider_id": (paid.intent_id, 1),
    }
    term, count = searches[what]
    text = page(supervisor, f"{LIST}?q={term}")
    assert (rows_of(text), request_of(other).reference in text) == (count, False)


def test_nothing_can_be_added_changed_or_deleted(paid: Payment, supervisor: Client) -> None:
    entry = LedgerEntry.objects.first()
    assert entry is not None
    codes = [
        supervisor.post(f"{LIST}{path}").status_code for path in ("add/", f"{entry.pk}/change/", f"{entry.pk}/delete/")
    ]
    assert (codes, LedgerEntry.objects.count()) == ([403] * 3, 3)
    assert 'name="_save"' not in page(supervisor, f"{LIST}{entry.pk}/change/")


def test_list_takes_as_many_queries_for_many_rows(
    paid: Payment, supervisor: Client, provider_sandbox: SandboxControl, django_assert_max_num_queries: Any
) -> None:
    page(supervisor, LIST)
    with django_assert_max_num_queries(100) as few:
        page(supervisor, LIST)
    for _each in range(2):
        pay(factories.executed(factories.complete_request()), provider_sandbox)
    with django_assert_max_num_queries(len(few.captured_queries)):
        assert rows_of(page(supervisor, LIST)) == 9


def test_pages_are_counted_no_further_than_needed(
    paid: Payment, supervisor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_admin, "MOST_SHOWN", 2)
    assert "2 ledger" in page(supervisor, LIST)


def test_program_staff_read_and_do_not_export(paid: Payment) -> None:
    staff = signed_in(factories.staff())
    assert "Export" not in page(staff, LIST)
    assert staff.get(EXPORT).status_code == 403


@pytest.mark.parametrize("role", [factories.dispatcher, factories.UserFactory])
def test_others_find_no_ledger(paid: Payment, role: Any) -> None:
    client = signed_in(role())
    assert {client.get(path).status_code for path in (LIST, EXPORT)} <= {302, 403, 404}


def test_export_is_what_the_filter_shows(paid: Payment, supervisor: Client) -> None:
    approve(withdraw(paid))
    msa_request = request_of(paid)
    assert len(exported(supervisor)) == 6
    header, row = exported(supervisor, "?kind=fee_paid")
    got = dict(zip(header, row, strict=True))
    assert got["Request"] == msa_request.reference
    assert (got["Rule"], got["Amount"], got["Currency"], got["Provider's id"]) == (
        "F2",
        "279.22",
        "USD",
        paid.intent_id,
    )
    assert (got["Debit"], got["Credit"]) == ("At the payment provider", "Owed by customers")
    moved = LedgerEntry.objects.get(kind="fee_paid").moved_at
    assert moved is not None
    assert got["Moved (UTC)"] == moved.strftime("%Y-%m-%d %H:%M:%S")
    local = timezone.localtime(moved, timezone.get_default_timezone())
    assert got["Moved (Pacific time)"] == local.strftime("%Y-%m-%d %H:%M:%S")


def test_export_names_nobody(paid: Payment, supervisor: Client) -> None:
    approve(withdraw(paid))
    msa_request = request_of(paid)
    text = str(exported(supervisor))
    assert [
        word for word in (msa_request.customer_name, paid.payer_email, msa_request.street, "Sue") if word in text
    ] == []


def test_export_is_harmless_in_a_spreadsheet(paid: Payment, supervisor: Client) -> None:
    """An id as the provider would never make it; the ledger takes it, the spreadsheet does not run it."""
    paid.refresh_from_db()
    evil = '=HYPERLINK("http://evil.example")'
    part = part_of(paid)
    LedgerEntry.objects.create(
        kind="money_held", rule="D15", debit="provider", credit="unapplied", amount_cents=1, msa_request=part.fee.round.msa_request,
        fee=part.fee, payment=paid, moved_at=timezone.now(), provider_id=evil, key="evil",
    )  # fmt: skip
    header, row = exported(supervisor, "?kind=money_held")
    assert dict(zip(header, row, strict=True))["Provider's id"] == f"'{evil}"


def test_every_rule_of_an_entry_can_be_filtered_by() -> None:
    used = {*ledger._RULE_OF_REFUND.values(), ledger._RULE_OF_DISPUTE, "F1", "F2", "F3", "D3", "D4", "D9", "D15"}
    assert used - set(ledger_admin.RULES) == set()


# --- Steps --------------------------------------------------------------------------------
def test_two_supervisors_write_off_what_a_bank_took(
    paid: Payment, supervisor: Client, provider_sandbox: SandboxControl
) -> None:
    fee = Fee.objects.get()
    change, step = f"/admin/payments/fee/{fee.pk}/change/", f"/admin/payments/fee/{fee.pk}/write_off/"
    assert step not in page(supervisor, change)
    assert (supervisor.post(step, {"reason": "Gone"}).status_code, state_of(fee)) == (200, "settled")
    act(paid, provider_sandbox, "dispute", "lose")
    assert step in page(supervisor, change)
    assert signed_in(factories.staff()).post(step, {"reason": "Gone"}).status_code == 404
    assert (supervisor.post(step, {"reason": ""}).status_code, state_of(fee)) == (200, "settled")
    assert (supervisor.post(step, {"reason": "Gone"}).status_code, state_of(fee)) == (302, "settled")
    approvals.approve(Proposal.objects.get(), by=factories.supervisor())
    assert state_of(fee) == "written_off"


def test_disputes_are_read(paid: Payment, supervisor: Client, provider_sandbox: SandboxControl) -> None:
    act(paid, provider_sandbox, "dispute")
    dispute = Dispute.objects.get()
    assert request_of(paid).reference in page(supervisor, "/admin/payments/dispute/")
    assert 'name="_save"' not in page(supervisor, f"/admin/payments/dispute/{dispute.pk}/change/")
    assert supervisor.post(f"/admin/payments/dispute/{dispute.pk}/change/", {"state": "won"}).status_code == 403


def test_own_proposal_above_the_limit_needs_another(paid: Payment) -> None:
    proposer = factories.supervisor()
    client = signed_in(proposer)
    client.post(f"/admin/payments/payment/{paid.pk}/propose/", {"amount": "50.01", "note": "Sorry"})
    refund = Refund.objects.get()
    step = f"/admin/payments/refund/{refund.pk}/approve/"
    text = page(client, step)
    assert "Above $50.00 another supervisor" in text
    assert 'type="submit" class="default"' not in text
    assert (client.post(step, {"expected_cents": FEE, "amount_cents": 5001}).status_code, state_of(refund)) == (
        200,
        "proposed",
    )
    other = signed_in(factories.supervisor())
    assert str(proposer) in page(other, step)
    assert (other.post(step, {"expected_cents": FEE, "amount_cents": 5001}).status_code, state_of(refund)) == (
        302,
        "succeeded",
    )


def test_own_proposal_up_to_the_limit_needs_nobody_else(paid: Payment, supervisor: Client) -> None:
    supervisor.post(f"/admin/payments/payment/{paid.pk}/propose/", {"amount": "50.00", "note": "Sorry"})
    refund = Refund.objects.get()
    supervisor.post(f"/admin/payments/refund/{refund.pk}/approve/", {"expected_cents": FEE, "amount_cents": 5000})
    assert state_of(refund) == "succeeded"


def test_too_much_is_said_at_the_amount(paid: Payment, supervisor: Client) -> None:
    answer = supervisor.post(f"/admin/payments/payment/{paid.pk}/propose/", {"amount": "279.23", "note": "Sorry"})
    assert (answer.status_code, Refund.objects.count()) == (200, 0)
    assert answer.context["form"].errors["amount"] == ["Of this payment $279.22 can still be refunded."]


@pytest.mark.parametrize("model", ["refund", "dispute", "payment", "fee"])
def test_money_lists_take_as_many_queries_for_many_rows(
    paid: Payment, supervisor: Client, provider_sandbox: SandboxControl, django_assert_max_num_queries: Any, model: str
) -> None:
    def happen(payment: Payment) -> None:
        refunds.propose_by_staff(payment, by=factories.staff(), amount_cents=100, note="Sorry")
        act(payment, provider_sandbox, "dispute")

    path = f"/admin/payments/{model}/"
    happen(paid)
    page(supervisor, path)
    with django_assert_max_num_queries(100) as few:
        page(supervisor, path)
    for _each in range(2):
        happen(pay(factories.executed(factories.complete_request()), provider_sandbox))
    with django_assert_max_num_queries(len(few.captured_queries)):
        page(supervisor, path)


def test_refund_that_grew_since_the_page_was_drawn_is_looked_at_again(paid: Payment, supervisor: Client) -> None:
    """A proposal of $10 becomes one of all that was paid when the customer withdraws; a supervisor reads "$10.00"."""
    refund = refunds.propose_by_staff(paid, by=factories.staff(), amount_cents=1000, note="Sorry")
    step = f"/admin/payments/refund/{refund.pk}/approve/"
    drawn = supervisor.get(step).context["form"].initial
    refunds.propose(part_of(paid), amount_cents=FEE, reason=Refund.Reason.WITHDRAWN_BEFORE_VISIT, by=None)
    assert (supervisor.post(step, drawn).status_code, state_of(refund)) == (200, "proposed")
    assert supervisor.post(step, supervisor.get(step).context["form"].initial).status_code == 302
