"""Ready, put right first, or cannot be served: and no payment with something left unsaid."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from msa_portal.errors import Refused, Stale
from payments.models import Fee
from payments.services import fees
from requests_app.enums import EventKind, PhotoTopic, Settlement, Status
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import drafts, policies, readiness_statements, settlement, transitions
from requests_app.models import IncompatiblePanel, MSARequest, PanelModelAnswer, ReadinessStatement
from requests_app.readiness import readiness
from requests_app.readiness.readiness import Answer, Kind
from tests import factories

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

NEAR, LISTED = "MBED2O40B200BF", "MBED2040B200BF"


def open_findings(**more):
    return factories.complete_request(device_in_waterproof_package=False, clear_meter_access=False, **more)


def covers(msa_request: MSARequest) -> set[str]:
    return {item.key for item in readiness.check(msa_request).promisable}


def stated(msa_request: MSARequest) -> ReadinessStatement:
    return readiness_statements.state_findings(
        msa_request, by=factories.actor_of(msa_request), covers=covers(msa_request)
    )


def change(msa_request: MSARequest, **facts) -> MSARequest:
    msa_request.refresh_from_db()
    return drafts.save_facts(msa_request, facts, by=factories.actor_of(msa_request), version=msa_request.version)


def refusal(msa_request: MSARequest) -> Refused:
    with pytest.raises(Refused) as refused:
        settlement.open_fee_form(msa_request, by=factories.actor_of(msa_request))
    return refused.value


def test_ready_when_nothing_stands_against_it():
    state = readiness.check(factories.complete_request())
    assert (state.answer, state.items) == (Answer.READY, ())


def test_finding_says_why_what_to_do_and_where():
    state = readiness.check(factories.complete_request(device_in_waterproof_package=False))
    (item,) = state.items
    assert state.answer == Answer.FIX_FIRST
    assert (item.rule, item.kind, item.field, item.step) == (
        "E13",
        Kind.PUT_RIGHT,
        "device_in_waterproof_package",
        "site",
    )
    assert item.photos == (PhotoTopic.PACKAGE,)
    assert item.why.startswith("The MSA must wait next to the meter")
    assert item.todo.startswith("Put it there before the visit")


def test_missing_answer_is_a_finding_that_cannot_be_promised():
    msa_request = factories.complete_request(clear_meter_access=None)
    state = readiness.check(msa_request)
    assert [(it.rule, it.kind, it.field, it.step) for it in state.items] == [
        ("C3", Kind.MISSING, "clear_meter_access", "site")
    ]
    assert (state.answer, state.promisable) == (Answer.FIX_FIRST, [])


def test_cannot_be_served_wins_over_what_can_be_put_right():
    state = readiness.check(factories.complete_request(panel_rating_amps=400, clear_meter_access=False))
    assert state.answer == Answer.CANNOT_SERVE
    assert [item.rule for item in state.of_kind(Kind.CANNOT_SERVE)] == ["E4", "E7"]
    assert [item.rule for item in state.promisable] == ["E17"]


def test_open_finding_without_a_statement_keeps_the_fee_form_shut():
    msa_request = factories.executed(open_findings())
    refused = refusal(msa_request)
    assert (refused.code, set(refused.fields)) == ("fix_first", {"device_in_waterproof_package", "clear_meter_access"})
    assert "(E13)" in str(refused)
    assert "Ready for the visit?" in str(refused)
    with pytest.raises(Refused, match="E17"):
        fees.raise_fee(msa_request, by=msa_request.owner)
    with pytest.raises(Refused, match="E17"):
        settlement.settle(policies.open_round(msa_request), how=Settlement.WAIVED, by=msa_request.owner)
    assert (Fee.objects.count(), factories.refreshed(msa_request).status) == (0, Status.UNSUBMITTED)


def test_statement_opens_the_fee_form_and_raises_the_fee():
    msa_request = factories.executed(open_findings())
    statement = stated(msa_request)
    assert [(finding["rule"], finding["field"]) for finding in statement.findings] == [
        ("E13", "device_in_waterproof_package"),
        ("E17", "clear_meter_access"),
    ]
    assert statement.findings[1]["message"] == "The meter technician needs a clear, safe way to the meter."
    assert (statement.stated_by, statement.text) == (msa_request.owner, readiness_statements.statement_text())
    assert msa_request.events.filter(kind=EventKind.READINESS_STATED).get().codes == {
        "statement": statement.pk,
        "rules": ["E13", "E17"],
    }
    assert factories.paid(msa_request).status == Status.REQUEST_SUBMITTED


def test_one_finding_less_keeps_the_statement():
    msa_request = open_findings()
    statement = stated(msa_request)
    change(msa_request, clear_meter_access=True)
    assert readiness.statement_of(msa_request) == statement
    assert readiness.check(factories.refreshed(msa_request)).unstated == []


def test_new_finding_supersedes_the_statement():
    msa_request = factories.executed(open_findings())
    stated(msa_request)
    change(msa_request, device_clean_dry_undamaged=False)
    assert readiness.statement_of(msa_request) is None
    assert refusal(msa_request).code == "fix_first"
    change(msa_request, device_clean_dry_undamaged=True)
    assert refusal(msa_request).code == "fix_first"


def test_finding_that_comes_without_a_change_of_the_request_is_not_covered():
    """The product's entry changed: the statement stands, but does not cover it."""
    msa_request = factories.executed(
        open_findings(has_storage=False, device=factories.ProductFactory(required_companions=[]))
    )
    stated(msa_request)
    assert policies.reason_against(policies.check_payable, msa_request) == ""
    msa_request.device.required_companions = ["storage"]
    msa_request.device.save()
    assert "E18" in policies.reason_against(policies.check_payable, factories.refreshed(msa_request))


def test_statement_of_a_stale_list_is_refused():
    msa_request = open_findings()
    seen = covers(msa_request)
    change(msa_request, device_clean_dry_undamaged=False)
    with pytest.raises(Stale) as refused:
        readiness_statements.state_findings(msa_request, by=msa_request.owner, covers=seen)
    assert (refused.value.code, ReadinessStatement.objects.count()) == ("findings_changed", 0)


def test_new_statement_takes_the_place_of_the_old_one():
    msa_request = open_findings()
    old, new = stated(msa_request), stated(msa_request)
    old.refresh_from_db()
    assert (old.superseded_at is not None, readiness.statement_of(msa_request)) == (True, new)


def test_nothing_to_state_where_nothing_is_open():
    msa_request = factories.complete_request()
    with pytest.raises(Refused) as refused:
        readiness_statements.state_findings(msa_request, by=msa_request.owner, covers=set())
    assert refused.value.code == "nothing_open"


def test_stranger_states_nothing():
    msa_request = open_findings()
    with pytest.raises(Refused) as refused:
        readiness_statements.state_findings(msa_request, by=factories.UserFactory(), covers=covers(msa_request))
    assert refused.value.code == "not_allowed"


def test_nothing_is_stated_once_the_utility_has_the_request():
    msa_request = open_findings()
    stated(msa_request)
    msa_request = factories.submitted(msa_request)
    with pytest.raises(Refused) as refused:
        stated(msa_request)
    assert refused.value.code == "not_now"


def test_open_checkout_is_not_shut_by_what_comes_later():
    msa_request = factories.executed(
        factories.complete_request(has_storage=False, device=factories.ProductFactory(required_companions=[]))
    )
    visit = settlement.open_fee_form(msa_request, by=msa_request.owner)
    MSARequest.objects.filter(pk=msa_request.pk).update(frozen_until=timezone.now() + timedelta(minutes=30))
    msa_request.device.required_companions = ["storage"]
    msa_request.device.save()
    assert settlement.settle(visit, how=Settlement.PAID, by=msa_request.owner)


def test_resubmitting_with_a_new_open_finding_needs_the_statement():
    msa_request = factories.corrections_required()
    item = msa_request.corrections.get()
    item.answer, item.answered_at = "Done.", timezone.now()
    item.save()
    change(msa_request, clear_meter_access=False)
    msa_request = factories.refreshed(msa_request)
    with pytest.raises(Refused) as refused:
        transitions.resubmit(msa_request, by=msa_request.owner)
    assert refused.value.code == "fix_first"
    stated(msa_request)
    transitions.resubmit(msa_request, by=msa_request.owner)
    assert factories.refreshed(msa_request).status == Status.REQUEST_SUBMITTED


@pytest.fixture
def near() -> MSARequest:
    IncompatiblePanel.objects.get_or_create(normalized=LISTED, defaults={"model": LISTED})
    return factories.executed(factories.complete_request(panel_model=NEAR))


def test_unanswered_near_miss_keeps_the_fee_form_shut_and_cannot_be_promised(near):
    state = readiness.check(near)
    assert (state.answer, state.question.suggestion, state.promisable) == (Answer.FIX_FIRST, LISTED, [])
    refused = refusal(near)
    assert (refused.code, list(refused.fields)) == ("panel_model_unanswered", ["panel_model"])
    assert f"Did you mean {LISTED}?" in str(refused)


def test_denied_near_miss_is_kept_and_not_asked_again_for_the_same_text(near):
    readiness_statements.answer_panel_model(near, by=near.owner, typed=NEAR, meant=False)
    near = factories.refreshed(near)
    assert (near.panel_model, readiness.check(near).answer) == (NEAR, Answer.READY)
    answer = PanelModelAnswer.objects.get()
    assert (answer.typed, answer.suggested, answer.was_meant, answer.answered_by) == (NEAR, LISTED, False, near.owner)
    change(near, panel_model="mbed-2o40 b200 bf")
    assert readiness.check(factories.refreshed(near)).question is None
    change(near, panel_model="MBED2040B20BF")
    assert readiness.check(factories.refreshed(near)).question.suggestion == LISTED


def test_accepted_near_miss_fills_the_field_and_rules_the_panel_out(near):
    readiness_statements.answer_panel_model(near, by=near.owner, typed=NEAR, meant=True)
    near = factories.refreshed(near)
    assert (near.panel_model, readiness.check(near).answer) == (LISTED, Answer.CANNOT_SERVE)
    assert PanelModelAnswer.objects.get().was_meant
    assert refusal(near).code == "not_eligible"


def test_answer_about_another_text_is_stale(near):
    with pytest.raises(Stale) as refused:
        readiness_statements.answer_panel_model(near, by=near.owner, typed="MBED3042B200P", meant=False)
    assert (refused.value.code, PanelModelAnswer.objects.count()) == ("panel_model_changed", 0)


def test_denying_opens_the_fee_form(near):
    assert Fee.objects.count() == 0
    readiness_statements.answer_panel_model(near, by=near.owner, typed=NEAR, meant=False)
    assert factories.paid(near).status == Status.REQUEST_SUBMITTED


def test_second_fee_waits_for_what_the_new_device_leaves_open():
    """A modification: the form is closed by then, so the statement is made on its own page."""
    plain = factories.ProductFactory(required_companions=[])
    msa_request = factories.failed(has_storage=False, device=plain)
    follow_ups.save_modification(msa_request, by=msa_request.owner, device=factories.ProductFactory())
    msa_request = factories.executed(msa_request)
    refused = refusal(msa_request)
    assert (refused.code, "(E18)" in str(refused)) == ("fix_first", True)
    stated(msa_request)
    assert factories.paid(msa_request).status == Status.REQUEST_SUBMITTED
