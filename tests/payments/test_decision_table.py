"""The table of decisions against what the services do on real rows (D3, D4, D13, D15, F1, F2).

No provider is asked: its picture of a payment is put in the place of the call, and the portal's own
settlement follows it.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from payments import decision_table, refund_rules
from payments.decision_table import Facts, Row, Standing
from payments.models import Fee, FeeSchedule, Refund
from payments.services import withdrawal
from payments.text import fee_explanations
from requests_app import fee_rules, hooks
from requests_app.enums import FINAL, WITHDRAWABLE, RequestType, Status, WithdrawalReason
from requests_app.fee_rules import Reason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import policies, transitions
from requests_app.models import MSARequest, OutcomeReason, ProgramSettings
from tests import factories, jobs
from tests.payments.conftest import FEE
from tests.payments.standings import cure, pay, reach, receive

pytestmark = pytest.mark.django_db

PRICES: dict[RequestType, int | None] = dict.fromkeys(RequestType, FEE) | {RequestType.MAINTENANCE: None}


@pytest.fixture
def reasons() -> list[OutcomeReason]:
    """Each kind of reason twice; the ones that come with the program are among them."""
    for code, side, at_site in (("gate", "customer", False), ("truck", "utility", False), ("lock", "utility", True)):
        OutcomeReason.objects.create(code=code, title=code, responsible=side, at_site=at_site, proof="statement")
    return list(OutcomeReason.objects.all())


@pytest.fixture(autouse=True)
def no_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.kept(monkeypatch)


def what_the_services_do(msa_request: MSARequest) -> dict[str, Any]:
    """Whether it can be withdrawn, what was announced before, and the refunds that are proposed after."""
    done: dict[str, Any] = {"preview": preview(msa_request)}
    done["withdrawable"] = not policies.reason_against(policies.check_withdraw, msa_request)
    if done["withdrawable"]:
        transitions.withdraw(msa_request, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
        done["refunds"] = list(
            Refund.objects.filter(payment__fees__round__msa_request=msa_request)
            .order_by("fee__round__number")
            .values_list("fee__round__number", "amount_cents", "reason")
        )
    return done


def preview(msa_request: MSARequest) -> list[tuple[int, int]]:
    return [(one.number, one.refund_cents) for one in withdrawal.preview_refund(msa_request)]


def what_the_table_says(row: Row) -> dict[str, Any]:
    said: dict[str, Any] = {"withdrawable": row.withdrawable}
    if row.withdrawable:
        said["preview"] = [(one.number, one.refund_cents) for one in row.refunds]
        said["refunds"] = [(one.number, one.refund_cents, one.reason) for one in row.refunds if one.refund_cents]
    return said


def check(monkeypatch: pytest.MonkeyPatch, facts: Facts, *, charged: bool = True) -> None:
    row = decision_table.decide(facts, charged=charged, prices=PRICES)
    msa_request = reach(monkeypatch, facts)
    assert msa_request.status == facts.status
    assert fee_raised(msa_request) == (row.fee.due, row.fee_cents[RequestType.INSTALL]), facts
    done = what_the_services_do(msa_request)
    said = what_the_table_says(row)
    assert {name: done[name] for name in said} == said, facts
    if row.withdrawable:
        [mail, *_agents] = NoticeMessage.objects.filter(kind="withdrawn", reference=msa_request.reference)
        lines = [fee_explanations.returned(one).sentence for one in row.refunds] or [str(hooks.NOTHING_PAID)]
        assert [line for line in lines if line not in " ".join(mail.text.split())] == [], facts


def fee_raised(msa_request: MSARequest) -> tuple[bool, int | None]:
    """Whether the portal asks for money now; after a failed visit it does when the next one is asked for."""
    if msa_request.status == Status.SITE_VISIT_UNSUCCESSFUL:
        cure(msa_request)
        follow_ups.save_reschedule(msa_request, by=factories.actor_of(msa_request))
        visit = msa_request.rounds.last()
        assert visit is not None
        fee = Fee.objects.filter(round=visit, state=Fee.State.OPEN).first()
        assert (visit.fee_due, visit.fee_reason) == ((True, "D3") if fee else (False, "F3"))
        if fee is not None:
            follow_ups.cancel(factories.refreshed(msa_request), by=factories.actor_of(msa_request))
            msa_request.refresh_from_db()
            return True, fee.amount_cents
        return False, None
    fee = Fee.objects.filter(round__msa_request=msa_request, state=Fee.State.OPEN).first()
    return fee is not None, fee.amount_cents if fee else None


def all_facts(reasons: list[OutcomeReason]) -> list[Facts]:
    return list(decision_table.standings([reason.as_fact for reason in reasons]))


def kinds(reasons: list[OutcomeReason]) -> list[OutcomeReason]:
    """One reason of each kind: side, and somebody at the site or not."""
    return list({(one.responsible, one.at_site): one for one in reasons}.values())


def test_every_row_of_the_table_is_what_the_services_do(
    monkeypatch: pytest.MonkeyPatch, reasons: list[OutcomeReason], schedule: FeeSchedule
) -> None:
    rows = all_facts(kinds(reasons))
    assert len(rows) > 25
    for facts in rows:
        if facts.standing != Standing.MOVED:  # no event of the lifecycle: the test below
            check(monkeypatch, facts)


def test_random_sets_of_reasons_are_judged_alike(
    monkeypatch: pytest.MonkeyPatch, reasons: list[OutcomeReason], schedule: FeeSchedule
) -> None:
    dice = random.Random(4)
    after_failure = [Status.SITE_VISIT_UNSUCCESSFUL, Status.RESCHEDULE_REQUESTED, Status.REQUEST_SUBMITTED]
    for _turn in range(20):
        chosen = [one.as_fact for one in dice.sample(reasons, dice.randint(1, 6))]
        charged = dice.random() < 0.7
        ProgramSettings.objects.update_or_create(pk=1, defaults={"second_fee_when_customer_responsible": charged})
        if any(reason.at_site for reason in chosen):
            facts = Facts(dice.choice(after_failure), Standing.FAILED, tuple(chosen))
            check(monkeypatch, facts, charged=charged)


@pytest.mark.parametrize("code", ["weather", "gate", "truck"])
def test_visit_where_nobody_was_is_moved_and_its_fee_stays_good(
    monkeypatch: pytest.MonkeyPatch, reasons: list[OutcomeReason], schedule: FeeSchedule, code: str
) -> None:
    """D13."""
    msa_request = factories.ordered(factories.valid(pay(monkeypatch, reach(monkeypatch, Facts(*DRAFT)))))
    reason = OutcomeReason.objects.get(code=code)
    with pytest.raises(Refused, match="Nobody was at the site"):
        transitions.fail(msa_request, by=factories.technician(), reasons=[reason])
    msa_request = factories.refreshed(msa_request)
    row = decision_table.decide(
        Facts(Status.SERVICE_ORDER_ISSUED, Standing.MOVED, (reason.as_fact,)), charged=True, prices=PRICES
    )
    assert (row.fee.due, row.fee.rule, row.facts.side) == (False, "D13", "nobody")
    assert (msa_request.status, fee_raised(msa_request)) == ("service_order_issued", (False, None))
    done = what_the_services_do(msa_request)
    assert done["refunds"] == what_the_table_says(row)["refunds"] == [(1, FEE, "withdrawn_before_visit")]


DRAFT = (Status.UNSUBMITTED, Standing.NONE_YET)


@pytest.mark.parametrize(
    ("seen", "refund"),
    [
        ({"amount_cents": FEE - 1}, FEE - 1),
        ({"amount_cents": FEE + 500}, FEE + 500),
        ({"currency": "eur"}, None),
        ({"livemode": True}, None),
    ],
)
def test_held_money_goes_back_as_the_rule_says(
    monkeypatch: pytest.MonkeyPatch, schedule: FeeSchedule, seen: dict[str, Any], refund: int | None
) -> None:
    """D15."""
    reach(monkeypatch, Facts(*DRAFT))
    payment = receive(monkeypatch, Fee.objects.get(), **seen)
    rule = refund_rules.held(
        1,
        received_cents=seen.get("amount_cents", FEE),
        held_reason=payment.held_reason,
    )
    made = Refund.objects.filter(payment=payment).first()
    assert ((made.amount_cents, made.reason) if made else (0, None)) == (rule.refund_cents, rule.reason)
    assert (payment.state, rule.refund_cents, rule.rule) == ("held", refund or 0, "D15")


def test_money_for_a_withdrawn_request_is_held_as_the_rule_says(
    monkeypatch: pytest.MonkeyPatch, schedule: FeeSchedule
) -> None:
    msa_request = reach(monkeypatch, Facts(*DRAFT))
    fee = Fee.objects.get()
    factories.withdrawn(msa_request)
    fee.refresh_from_db()
    payment = receive(monkeypatch, fee)
    rule = refund_rules.held(1, received_cents=FEE, held_reason=payment.held_reason)
    made = Refund.objects.get(payment=payment)
    assert (rule.because, rule.refund_cents, rule.reason) == ("cannot_submit", made.amount_cents, made.reason)


def test_second_payment_of_a_fee_goes_back_as_the_rule_says(
    monkeypatch: pytest.MonkeyPatch, schedule: FeeSchedule
) -> None:
    """F1: one fee a visit; no approval, and the fee stays paid."""
    pay(monkeypatch, reach(monkeypatch, Facts(*DRAFT)))
    payment = receive(monkeypatch, Fee.objects.get())
    rule = refund_rules.paid_twice(1, FEE)
    made = Refund.objects.get(payment=payment)
    assert (made.amount_cents, made.reason, made.state == "proposed") == (FEE, rule.reason, rule.needs_approval)
    assert (payment.state, Fee.objects.get().state) == ("duplicate", "settled")


@pytest.mark.parametrize(
    ("sides", "charged", "due", "rule"),
    [
        (["customer"], True, True, "D3"),
        (["customer", "utility"], True, True, "D3"),
        (["utility"], True, False, "F3"),
        (["customer"], False, False, "F3"),
    ],
)
def test_second_fee(sides: list[str], charged: bool, due: bool, rule: str) -> None:
    """D3, in figures of its own: the table and the services share one function."""
    decision = fee_rules.next_visit([Reason(side, side) for side in sides], charged=charged)
    assert (decision.due, decision.rule, decision.codes) == (due, rule, ("customer",) if due else ())


# --- Which rows there are -----------------------------------------------------------------
def test_every_status_and_every_reason_has_its_rows(reasons: list[OutcomeReason]) -> None:
    rows = all_facts(reasons)
    assert {row.status for row in rows} == set(Status)
    failed_by = {row.failed[0].code for row in rows if row.status == Status.SITE_VISIT_UNSUCCESSFUL}
    assert failed_by == {reason.code for reason in reasons if reason.at_site}
    moved_by = {row.reasons[0].code for row in rows if row.standing == Standing.MOVED}
    assert moved_by == {reason.code for reason in reasons if not reason.at_site}
    assert {row.side for row in rows} == {"nobody", "customer", "utility", "both"}
    assert len(rows) == len(set(rows))


def test_what_cannot_occur_is_not_there(reasons: list[OutcomeReason]) -> None:
    rows = all_facts(reasons)
    assert not [row for row in rows if row.status == Status.UNSUBMITTED and row.reasons]
    unsuccessful = (Status.SITE_VISIT_UNSUCCESSFUL, Status.RESCHEDULE_REQUESTED)
    assert not [row for row in rows if row.status in unsuccessful and not row.failed]
    table = [decision_table.decide(row, charged=True, prices=PRICES) for row in rows]
    assert {row.facts.status for row in table if row.withdrawable} == WITHDRAWABLE
    assert not [row for row in table if row.facts.status in FINAL and (row.fee.due or row.withdrawable)]


def test_only_types_that_place_a_device_are_screened_again_after_a_failed_visit(reasons: list[OutcomeReason]) -> None:
    """D5."""
    for facts in all_facts(reasons):
        row = decision_table.decide(facts, charged=True, prices=PRICES)
        by_modification = facts.failed and facts.status in {
            Status.REQUEST_SUBMITTED,
            Status.CORRECTIONS_REQUIRED,
            Status.PENDING_SERVICE_ORDER,
        }
        expected = {"install", "replacement"} if by_modification else set(RequestType)
        assert set(row.refund_cents) == expected


def test_program_that_charges_no_second_fee_says_so() -> None:
    facts = Facts(Status.SITE_VISIT_UNSUCCESSFUL, Standing.FAILED, (Reason("gate", "customer"),))
    row = decision_table.decide(facts, charged=False, prices=PRICES)
    assert (row.fee.due, row.fee.rule, row.fee.because) == (False, "F3", "not_charged")
    assert decision_table.decide(facts, charged=True, prices=PRICES).fee.codes == ("gate",)


def test_table_takes_the_schedule_in_force_on_its_day(schedule: FeeSchedule) -> None:
    today = timezone.localdate()
    later = FeeSchedule.objects.create(
        request_type="install", effective_from=today + timedelta(days=30), amount_cents=30150
    )
    now, then = decision_table.table(today), decision_table.table(later.effective_from)
    first = RequestType.INSTALL
    assert (now.rows[0].fee_cents[first], then.rows[0].fee_cents[first]) == (FEE, 30150)
    assert (now.announced, then.announced) == ([later], [])
    assert (now.in_force[RequestType.MAINTENANCE], now.rows[0].fee_cents[RequestType.MAINTENANCE]) == (None, None)
