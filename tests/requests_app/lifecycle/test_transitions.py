"""The table of program.md, S, in every cell: from × event, and who."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django_fsm import can_proceed

from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused, Stale
from requests_app import history, permissions
from requests_app.enums import EventKind, Settlement, Status, VisitOutcome, WithdrawalReason
from requests_app.events import transitions
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import policies, settlement
from requests_app.lifecycle import transitions as lifecycle_transitions
from requests_app.models import MSARequest, Screening
from tests import factories

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]

S = Status
TABLE = {
    (S.UNSUBMITTED, "submit"): S.REQUEST_SUBMITTED,
    (S.REQUEST_SUBMITTED, "require_corrections"): S.CORRECTIONS_REQUIRED,
    (S.PENDING_SERVICE_ORDER, "require_corrections"): S.CORRECTIONS_REQUIRED,
    (S.CORRECTIONS_REQUIRED, "resubmit"): S.REQUEST_SUBMITTED,
    (S.REQUEST_SUBMITTED, "deem_valid"): S.PENDING_SERVICE_ORDER,
    (S.PENDING_SERVICE_ORDER, "issue_service_order"): S.SERVICE_ORDER_ISSUED,
    (S.RESCHEDULE_REQUESTED, "issue_service_order"): S.SERVICE_ORDER_ISSUED,
    (S.SERVICE_ORDER_ISSUED, "complete"): S.INSTALLATION_COMPLETE,
    (S.SERVICE_ORDER_ISSUED, "fail"): S.SITE_VISIT_UNSUCCESSFUL,
    (S.SITE_VISIT_UNSUCCESSFUL, "reschedule"): S.RESCHEDULE_REQUESTED,
    (S.SITE_VISIT_UNSUCCESSFUL, "modify"): S.REQUEST_SUBMITTED,
    (S.SITE_VISIT_UNSUCCESSFUL, "correct_to_complete"): S.INSTALLATION_COMPLETE,
    (S.RESCHEDULE_REQUESTED, "correct_to_complete"): S.INSTALLATION_COMPLETE,
    (S.INSTALLATION_COMPLETE, "correct_to_failed"): S.SITE_VISIT_UNSUCCESSFUL,
    (S.SITE_VISIT_UNSUCCESSFUL, "correct_to_failed"): S.SITE_VISIT_UNSUCCESSFUL,
    (S.RESCHEDULE_REQUESTED, "correct_to_failed"): S.SITE_VISIT_UNSUCCESSFUL,
} | {(s, "withdraw"): S.WITHDRAWN for s in Status if s not in {S.INSTALLATION_COMPLETE, S.WITHDRAWN}}

EVENTS = sorted({event for _, event in TABLE})


def rescheduled():
    """After a failure on the utility's side: no second fee, so the status moves at once."""
    msa_request = factories.failed(reasons=[factories.utility_reason()])
    follow_ups.save_reschedule(msa_request, by=msa_request.owner, statements={"meter_or_record_error": "understood"})
    return factories.refreshed(msa_request)


STATIONS = {
    S.UNSUBMITTED: factories.complete_request,
    S.REQUEST_SUBMITTED: factories.submitted,
    S.CORRECTIONS_REQUIRED: factories.corrections_required,
    S.PENDING_SERVICE_ORDER: factories.valid,
    S.SERVICE_ORDER_ISSUED: factories.ordered,
    S.INSTALLATION_COMPLETE: factories.completed,
    S.SITE_VISIT_UNSUCCESSFUL: factories.failed,
    S.RESCHEDULE_REQUESTED: rescheduled,
    S.WITHDRAWN: factories.withdrawn,
}


def cause(event, msa_request, owner, staff, technician):
    """That event, by somebody who may cause it."""
    calls = {
        "submit": lambda: lifecycle_transitions.submit(msa_request, by=owner),
        "require_corrections": lambda: lifecycle_transitions.require_corrections(
            msa_request,
            by=staff,
            items=[lifecycle_transitions.RequiredCorrection(factories.CorrectionReasonFactory())],
        ),
        "resubmit": lambda: lifecycle_transitions.resubmit(msa_request, by=owner),
        "deem_valid": lambda: lifecycle_transitions.deem_valid(msa_request, by=staff),
        "issue_service_order": lambda: lifecycle_transitions.issue_service_order(msa_request, by=staff),
        "complete": lambda: lifecycle_transitions.complete(msa_request, by=technician),
        "fail": lambda: lifecycle_transitions.fail(
            msa_request, by=technician, reasons=[factories.OutcomeReasonFactory()]
        ),
        "reschedule": lambda: lifecycle_transitions.reschedule(msa_request, by=owner),
        "modify": lambda: lifecycle_transitions.modify(msa_request, by=owner),
        "withdraw": lambda: lifecycle_transitions.withdraw(msa_request, by=owner, reason=WithdrawalReason.OTHER),
    }
    for outcome in ("complete", "failed"):
        calls[f"correct_to_{outcome}"] = lambda outcome=outcome: lifecycle_transitions.correct_outcome(
            msa_request,
            msa_request.rounds.first(),
            by=factories.dispatcher(),
            outcome=VisitOutcome.COMPLETE if outcome == "complete" else VisitOutcome.UNSUCCESSFUL,
            reasons=[factories.OutcomeReasonFactory()],
        )
    calls[event]()


@pytest.mark.parametrize("status", STATIONS, ids=str)
def test_status_lets_through_what_the_table_says_and_nothing_else(status):
    msa_request = STATIONS[status]()
    assert msa_request.status == status
    assert {event for event in EVENTS if can_proceed(getattr(msa_request, event))} == {
        e for s, e in TABLE if s == status
    }
    events_before = msa_request.events.count()
    staff, technician = factories.staff(), factories.technician()
    for event in EVENTS:
        if (status, event) not in TABLE:
            with pytest.raises(Stale):
                cause(event, msa_request, msa_request.owner, staff, technician)
    assert (factories.refreshed(msa_request).status, msa_request.events.count()) == (status, events_before)


def test_transitions_lead_where_the_table_says():
    assert {(source, event): target for source, event, target in transitions()} == TABLE


OWNERS = {"submit", "resubmit", "reschedule", "modify", "withdraw"}
CORRECTS = {"correct_to_complete", "correct_to_failed"}
STAFFS = {"require_corrections", "deem_valid", "issue_service_order", "withdraw"}
MAY = {
    "owner": OWNERS,
    "stranger": set(),
    "staff": STAFFS,
    "supervisor": STAFFS | CORRECTS,
    "dispatcher": CORRECTS | {"issue_service_order"},
    "technician": {"complete", "fail"},
    "timer": {"issue_service_order", "withdraw"},
}


@pytest.mark.parametrize("who", MAY)
def test_person_may_cause_their_events_only(who):
    msa_request = factories.complete_request()
    people = {
        "owner": lambda: msa_request.owner,
        "stranger": factories.UserFactory,
        "staff": factories.staff,
        "supervisor": factories.supervisor,
        "dispatcher": factories.dispatcher,
        "technician": factories.technician,
        "timer": lambda: None,
    }
    user = people[who]()
    assert {event for event in EVENTS if permissions.may_cause(EventKind(event), user, msa_request)} == MAY[who]


def test_inactive_person_may_cause_nothing():
    msa_request = factories.complete_request()
    msa_request.owner.is_active = False
    assert [event for event in EVENTS if permissions.may_cause(EventKind(event), msa_request.owner, msa_request)] == []


def test_agent_may_until_revoked():
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    agent = msa_request.agent
    assert permissions.may_cause(EventKind.RESUBMIT, agent, msa_request)
    msa_request.agent_revoked_at = msa_request.created_at
    assert not permissions.may_cause(EventKind.RESUBMIT, agent, msa_request)


def test_event_by_a_stranger_is_refused_and_writes_nothing():
    msa_request = factories.submitted()
    before = msa_request.events.count()
    with pytest.raises(Refused, match="not yours"):
        lifecycle_transitions.withdraw(msa_request, by=factories.UserFactory(), reason=WithdrawalReason.OTHER)
    assert (factories.refreshed(msa_request).status, msa_request.events.count()) == (S.REQUEST_SUBMITTED, before)


def test_second_decision_is_told_who_decided_and_what():
    """Fault 15."""
    msa_request = factories.submitted()
    mine = factories.refreshed(msa_request)
    first = factories.UserFactory(name="Fay First", roles=[Role.PROGRAM_STAFF])
    lifecycle_transitions.require_corrections(
        msa_request, by=first, items=[lifecycle_transitions.RequiredCorrection(factories.CorrectionReasonFactory())]
    )
    with pytest.raises(Stale) as stale:
        lifecycle_transitions.deem_valid(mine, by=factories.staff())
    assert "Fay First" in str(stale.value)
    assert "Corrections required" in str(stale.value)
    assert "“Corrections Required”" in str(stale.value)


@pytest.mark.parametrize("event", ["submit", "issue_service_order"])
def test_status_never_moves_on_an_unsettled_fee(event):
    msa_request = factories.executed(factories.complete_request()) if event == "submit" else factories.valid()
    msa_request.rounds.update(settlement="", settled_at=None)
    with pytest.raises(Refused, match="not paid yet"):
        cause(event, msa_request, msa_request.owner, factories.staff(), None)


def test_disputed_fee_holds_the_service_order():
    msa_request = factories.valid()
    msa_request.rounds.update(disputed=True)
    with pytest.raises(Refused, match="disputed"):
        lifecycle_transitions.issue_service_order(msa_request, by=factories.staff())


def test_request_in_pending_goes_back_to_corrections():
    """D12: a screening of its own is opened for it, and decided."""
    msa_request = factories.valid()
    person = factories.staff()
    lifecycle_transitions.require_corrections(
        msa_request,
        by=person,
        items=[lifecycle_transitions.RequiredCorrection(factories.CorrectionReasonFactory(), "see the bill")],
    )
    assert msa_request.status == S.CORRECTIONS_REQUIRED
    assert list(msa_request.screenings.values_list("decision", "decided_by__name")) == [
        ("valid", "Sam Staff"),
        ("corrections", person.name),
    ]


def test_corrections_without_an_item_are_refused():
    msa_request = factories.submitted()
    with pytest.raises(Refused, match="at least one"):
        lifecycle_transitions.require_corrections(msa_request, by=factories.staff(), items=[])
    assert Screening.objects.get(msa_request=msa_request).decided_at is None


@pytest.mark.parametrize("status", [s for s in STATIONS if (s, "withdraw") in TABLE], ids=str)
def test_withdrawal_ends_everything_that_is_open(status):
    msa_request = STATIONS[status]()
    lifecycle_transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.MOVED, note="we moved")
    assert msa_request.status == S.WITHDRAWN
    assert msa_request.withdrawal.note == "we moved"
    assert not msa_request.rounds.filter(closed_at=None).exists()
    assert not msa_request.screenings.filter(decided_at=None).exists()
    assert not msa_request.corrections.open().exists()


def test_withdrawal_is_refused_while_the_technician_is_on_site():
    msa_request = factories.ordered()
    msa_request.rounds.update(on_site_at=msa_request.created_at)
    with pytest.raises(Refused, match="at the site now"):
        lifecycle_transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.MOVED)
    assert factories.refreshed(msa_request).status == S.SERVICE_ORDER_ISSUED


def test_staff_need_the_permission_to_screen():
    person = factories.dispatcher()
    assert not permissions.may_cause(EventKind.DEEM_VALID, person, factories.complete_request())
    person.user_permissions.add(Permission.objects.get(codename="screen_msarequest"))
    person = type(person).objects.get(pk=person.pk)
    assert permissions.may_cause(EventKind.DEEM_VALID, person, factories.complete_request())


def test_waived_fee_submits():
    msa_request = factories.paid(factories.executed(factories.complete_request()), how=Settlement.WAIVED)
    assert msa_request.status == S.REQUEST_SUBMITTED


def test_stale_names_who_decided_to_staff_and_the_utility_to_the_customer() -> None:
    msa_request = factories.valid()
    assert "Sam Staff" in str(history.stale(msa_request, to=factories.supervisor()))
    told = str(history.stale(msa_request, to=msa_request.owner))
    assert "the utility" in told
    assert "Sam Staff" not in told


@pytest.mark.parametrize(
    ("check", "code"), [(policies.failed_round, "no_failed_visit"), (policies.open_round, "no_open_visit")]
)
def test_visit_that_is_not_there_is_refused_with_the_reason(check, code):
    msa_request = factories.withdrawn()
    with pytest.raises(Refused) as refusal:
        check(msa_request)
    assert refusal.value.code == code


def test_failure_without_a_reason_is_refused():
    msa_request = factories.ordered()
    with pytest.raises(Refused) as refusal:
        lifecycle_transitions.fail(msa_request, by=factories.technician(), reasons=[])
    assert refusal.value.code == "no_reason"


def test_next_visit_needs_a_form_that_was_saved():
    msa_request = factories.failed()
    with pytest.raises(Refused) as refusal:
        lifecycle_transitions.reschedule(msa_request, by=msa_request.owner)
    assert refusal.value.code == "no_follow_up"


def test_fee_of_a_closed_visit_settles_nothing():
    msa_request = factories.executed(factories.complete_request())
    visit = msa_request.rounds.get()
    lifecycle_transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
    with pytest.raises(Refused) as refusal:
        settlement.settle(visit, how=Settlement.PAID, by=msa_request.owner)
    assert refusal.value.code == "visit_closed"


def test_automatic_step_needs_somebody_in_whose_name_it_is():
    with pytest.raises(Refused) as refusal:
        permissions.on_behalf_of(MSARequest())
    assert refusal.value.code == "nobody_acts"
