"""Beside each act that costs or returns money: how much, why, by which rule, and what comes back when."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from msa_portal.accounts.models import User
from payments.decision_table import Facts, Standing
from payments.models import Fee, Payment, Refund
from payments.services import refunds
from payments.text import fee_explanations
from requests_app.enums import Status
from requests_app.fee_rules import Reason
from requests_app.follow_ups import follow_ups
from requests_app.models import MSARequest, ProgramSettings
from tests import factories, jobs, schedules
from tests.payments.standings import pay, reach, receive

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("schedule")]

CUSTOMER = (Reason("package-missing", "customer"),)
UTILITY = (Reason("meter-or-record-error", "utility"),)
FAILED = (Status.SITE_VISIT_UNSUCCESSFUL, Standing.FAILED)


@pytest.fixture(autouse=True)
def no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.kept(monkeypatch)


def text(user: User, path: str) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def page(msa_request: MSARequest, name: str) -> str:
    return text(factories.actor_of(msa_request), f"/requests/{msa_request.reference}/{name}/")


def test_fee_page_says_all_of_it_before_the_first_payment(monkeypatch: pytest.MonkeyPatch) -> None:
    html = page(reach(monkeypatch, Facts(Status.UNSUBMITTED, Standing.NONE_YET)), "fee")
    for words in (
        "$279.22 for one site visit",
        "Rule F1",
        "You withdraw before this visit takes place: $279.22 comes back.",
        "failed only for reasons on the utility&#x27;s side: $279.22 comes back.",
        "failed for a reason on the customer&#x27;s side: nothing comes back.",
        "The work is done: nothing comes back.",
        "A supervisor approves each refund.",
    ):
        assert words in html


def test_fee_page_of_a_type_without_a_fee_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    msa_request = factories.executed(factories.complete_request(request_type="maintenance", existing_adapter="msa"))
    html = page(msa_request, "fee")
    assert "No fee is due for this type of request" in html
    assert "Rule D16" in html


@pytest.mark.parametrize("name", ["reschedule", "modify"])
def test_customers_reason_costs_a_second_fee_and_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    html = page(reach(monkeypatch, Facts(*FAILED, CUSTOMER + UTILITY)), name)
    for words in ("A second fee is due: $279.22", "Rule D3", "<li>The MSA was not there in its package</li>"):
        assert words in html
    assert html.split("fee-decision")[1].count("<li>Meter or record error</li>") == 0


@pytest.mark.parametrize("name", ["reschedule", "modify"])
def test_utilitys_reason_costs_nothing(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    html = page(reach(monkeypatch, Facts(*FAILED, UTILITY)), name)
    assert "The next visit costs nothing" in html
    assert "Rule F3" in html
    assert "A second fee is due" not in html


def test_program_that_charges_no_second_fee_does_not_blame_the_utility(monkeypatch: pytest.MonkeyPatch) -> None:
    msa_request = reach(monkeypatch, Facts(*FAILED, CUSTOMER))
    ProgramSettings.objects.update_or_create(pk=1, defaults={"second_fee_when_customer_responsible": False})
    html = page(msa_request, "reschedule")
    assert "charges no second fee at present" in html
    assert "utility&#x27;s side" not in html.split("fee-decision")[1].split("</section>")[0]


def test_second_fee_that_has_no_price_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    msa_request = reach(monkeypatch, Facts(*FAILED, CUSTOMER))
    schedules.change(effective_until="2025-07-01")
    decision = fee_explanations.next_fee(msa_request)
    assert (decision.heading, decision.rules, decision.costs) == ("The next visit costs nothing", ["D16"], False)


def test_fee_page_names_the_reasons_of_the_visit_that_failed_not_of_one_that_was_taken_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    msa_request = reach(monkeypatch, Facts(*FAILED, CUSTOMER))
    owner = factories.actor_of(msa_request)
    words = {"package-missing": "It is there now."}
    msa_request.rounds.get(number=1).reasons.update(proof="statement")
    follow_ups.save_reschedule(msa_request, by=owner, statements=words)
    follow_ups.cancel(factories.refreshed(msa_request), by=owner)
    follow_ups.save_reschedule(factories.refreshed(msa_request), by=owner, statements=words)
    assert msa_request.rounds.count() == 3
    html = page(factories.refreshed(msa_request), "fee")
    assert "A second fee is due: $279.22" in html
    assert "<li>The MSA was not there in its package</li>" in html


def test_withdrawal_page_says_what_comes_back_of_each_visit(monkeypatch: pytest.MonkeyPatch) -> None:
    msa_request = reach(monkeypatch, Facts(Status.RESCHEDULE_REQUESTED, Standing.FAILED, CUSTOMER))
    html = page(msa_request, "withdraw")
    assert "Visit 1: the $279.22 does not come back" in html
    assert "Visit 2: $279.22 comes back" in html
    assert "$279.22 in all." in html
    assert text(factories.staff(), f"/admin/requests_app/msarequest/{msa_request.pk}/change/").count("Visit 2:") == 1


def test_correction_that_cannot_be_answered_names_the_rules_that_promise_the_refund(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """F4, D14."""
    msa_request = reach(monkeypatch, Facts(Status.CORRECTIONS_REQUIRED, Standing.NONE_YET))
    assert "Rules D4, F4, D14" in page(msa_request, "withdraw")


def test_refund_of_a_duplicate_does_not_hide_what_a_withdrawal_gives_back(monkeypatch: pytest.MonkeyPatch) -> None:
    msa_request = pay(monkeypatch, reach(monkeypatch, Facts(Status.UNSUBMITTED, Standing.NONE_YET)))
    receive(monkeypatch, Fee.objects.get())
    html = page(factories.refreshed(msa_request), "withdraw")
    assert "Paid twice" in html
    assert "Visit 1: $279.22 comes back" in html


def test_withdrawal_takes_the_same_number_of_queries_for_one_visit_and_for_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def queries(msa_request: MSARequest) -> int:
        with CaptureQueriesContext(connection) as seen:
            fee_explanations.withdrawal_of(msa_request)
        return len(seen)

    one = reach(monkeypatch, Facts(Status.REQUEST_SUBMITTED, Standing.NONE_YET))
    two = reach(monkeypatch, Facts(Status.RESCHEDULE_REQUESTED, Standing.FAILED, CUSTOMER))
    assert queries(one) == queries(two)


# --- On the staff desk --------------------------------------------------------------------
def test_waiver_says_what_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    reach(monkeypatch, Facts(Status.UNSUBMITTED, Standing.NONE_YET))
    html = text(factories.supervisor(), f"/admin/payments/fee/{Fee.objects.get().pk}/waive/")
    for words in ("$279.22 for visit 1 is not asked for", "Rules F1, S", "nothing of it can come back later"):
        assert words in html


def test_proposal_says_what_the_rules_give_back(monkeypatch: pytest.MonkeyPatch) -> None:
    reach(monkeypatch, Facts(*FAILED, CUSTOMER))
    html = text(factories.staff(), f"/admin/payments/payment/{Payment.objects.get().pk}/propose/")
    assert "Visit 1: the $279.22 does not come back" in html
    assert "Rule D4" in html


def test_approval_and_refusal_say_how_much_why_and_what_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.withdrawn(reach(monkeypatch, Facts(Status.REQUEST_SUBMITTED, Standing.NONE_YET)))
    refund, supervisor = Refund.objects.get(), factories.supervisor()
    approve = text(supervisor, f"/admin/payments/refund/{refund.pk}/approve/")
    for words in (
        "$279.22 goes back to the card or account that paid",
        "Why it is proposed: Withdrawn before any visit.",
        "The visit did not take place, so all of its fee comes back.",
        "Rule D4",
        "Of this payment $0.00 stays after that.",
    ):
        assert words in approve
    decline = text(supervisor, f"/admin/payments/refund/{refund.pk}/decline/")
    assert "Nothing goes back: the $279.22 stays" in decline
    assert "Visit 1: $279.22 comes back." in decline


def test_refund_out_of_goodwill_shows_that_no_rule_owes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reach(monkeypatch, Facts(*FAILED, CUSTOMER))
    refund = refunds.propose_by_staff(Payment.objects.get(), by=factories.staff(), amount_cents=1000, note="Sorry")
    html = text(factories.supervisor(), f"/admin/payments/refund/{refund.pk}/approve/")
    for words in ("$10.00 goes back", "Why it is proposed: Goodwill. Sorry", "does not come back", "$269.22 stays"):
        assert words in html


def test_held_money_is_told_by_its_own_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    reach(monkeypatch, Facts(Status.UNSUBMITTED, Standing.NONE_YET))
    receive(monkeypatch, Fee.objects.get(), amount_cents=100)
    html = text(factories.supervisor(), f"/admin/payments/refund/{Refund.objects.get().pk}/approve/")
    assert "$1.00 goes back" in html
    assert "Visit 1: $1.00 comes back" in html
    assert "Rule D15" in html
