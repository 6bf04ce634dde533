"""Staff decisions wait before they act (D24): only staff see them, can cancel them, and the release acts once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from requests_app import decision_guard, tasks
from requests_app.enums import CheckCode, DecisionKind, DecisionState, DeskNoteKind, Status, WithdrawalReason
from requests_app.lifecycle import decision_acts, expiry, seen, staff_decisions, transitions
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import DeskNote, MSARequest, StaffDecision
from requests_app.screening import corrections, desk
from tests import factories

pytestmark = pytest.mark.django_db

ALL_YES = {code.value: ("yes", "") for code in CheckCode}


@pytest.fixture(autouse=True)
def five_minutes(settings: Any) -> None:
    settings.STAFF_DECISION_WAIT = 300


def screener(name: str = "Fay First") -> User:
    return factories.UserFactory(name=name, roles=[Role.PROGRAM_STAFF])


def checked(by: User) -> MSARequest:
    """Submitted, and every check answered with yes."""
    msa_request = factories.submitted()
    desk.answer_checks(msa_request, ALL_YES, by=by)
    return factories.refreshed(msa_request)


def sent_back(msa_request: MSARequest, *, by: User, note: str = "two digits are swapped") -> StaffDecision:
    items = decision_acts.items_as_content([RequiredCorrection(factories.CorrectionReasonFactory(), note=note)])
    return factories.decide(msa_request, DecisionKind.SEND_BACK, by=by, items=items)


def minutes_later(minutes: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False)


def traces(msa_request: MSARequest) -> tuple[int, int, str]:
    """What anybody but staff could notice."""
    return msa_request.events.count(), NoticeMessage.objects.count(), factories.refreshed(msa_request).status


# Waiting


def test_decision_changes_nothing_until_it_is_released() -> None:
    staff = screener()
    msa_request = checked(staff)
    before = traces(msa_request)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    assert (traces(msa_request), decision.state) == (before, DecisionState.WAITING)
    with minutes_later(4.9):
        tasks.release_decisions()
        assert traces(msa_request) == before
    with minutes_later(5):
        tasks.release_decisions()
        assert factories.refreshed(msa_request).status == Status.PENDING_SERVICE_ORDER
    decision.refresh_from_db()
    assert (decision.state, decision.ended_by) == (DecisionState.SENT, None)
    assert NoticeMessage.objects.filter(kind="request_valid").count() == 1


def test_release_runs_twice_and_acts_once() -> None:
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    with minutes_later(6):
        for _ in range(2):
            tasks.release_decisions()
            staff_decisions.release(decision.pk)
    assert msa_request.events.filter(kind="deem_valid").count() == 1


def test_send_now_releases_at_once_and_names_who_pressed_it() -> None:
    staff, colleague = screener(), screener("Ned Next")
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    staff_decisions.send_now(decision, by=colleague)
    event = msa_request.events.get(kind="deem_valid")
    assert (event.actor, decision.state, decision.ended_by) == (staff, DecisionState.SENT, colleague)


def test_canceled_decision_is_never_sent_and_says_who_canceled_it() -> None:
    staff, colleague = screener(), screener("Ned Next")
    msa_request = checked(staff)
    before = traces(msa_request)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    staff_decisions.cancel(decision, by=colleague, why="The name is wrong.")
    assert (decision.state, decision.ended_by, decision.ended_why) == ("canceled", colleague, "The name is wrong.")
    assert decision.ended_at is not None
    note = DeskNote.objects.get(recipient=staff)
    assert (note.kind, note.by, note.text) == (DeskNoteKind.CANCELED, colleague, "The name is wrong.")
    with minutes_later(6):
        tasks.release_decisions()
    assert traces(msa_request) == before
    with pytest.raises(Stale, match=r"Canceled.*Ned Next"):
        staff_decisions.send_now(decision, by=staff)
    assert factories.decide(msa_request, DecisionKind.VALID, by=staff).is_waiting


def test_only_staff_cancel_or_send() -> None:
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    for person in (msa_request.owner, factories.technician(), factories.UserFactory()):
        for act in (staff_decisions.cancel, staff_decisions.send_now):
            with pytest.raises(Refused, match="Only program staff"):
                act(decision, by=person)
    decision.refresh_from_db()
    assert decision.is_waiting


def test_decision_that_would_be_refused_later_is_refused_now() -> None:
    staff, msa_request = screener(), factories.submitted()
    with pytest.raises(Refused, match="no answer yet"):
        factories.decide(msa_request, DecisionKind.VALID, by=staff)
    assert StaffDecision.objects.filter(msa_request=msa_request).count() == 0


@pytest.mark.parametrize(
    ("kind", "person"),
    [
        (DecisionKind.SEND_BACK, factories.dispatcher),
        (DecisionKind.VALID, factories.dispatcher),
        (DecisionKind.JUDGE, factories.dispatcher),
        (DecisionKind.EXTEND, factories.dispatcher),
        (DecisionKind.WITHDRAW, factories.dispatcher),
        (DecisionKind.ORDER, factories.technician),
        (DecisionKind.PAPER, factories.dispatcher),
    ],
)
def test_each_kind_is_for_its_own_staff(kind: DecisionKind, person: Any) -> None:
    with pytest.raises(Refused) as refusal:
        factories.decide(factories.submitted(), kind, by=person())
    assert refusal.value.code == "not_allowed"


def test_clocks_count_from_the_decision() -> None:
    """Decided two minutes before midnight, released two minutes after it."""
    noon = timezone.localtime().replace(hour=23, minute=58, second=0, microsecond=0)
    with time_machine.travel(noon, tick=False):
        staff, msa_request = screener(), factories.submitted()
        day = local_day(timezone.now())
        sent_back(msa_request, by=staff)
    with time_machine.travel(noon + timedelta(minutes=6), tick=False):
        assert local_day(timezone.now()) == day + timedelta(days=1)
        tasks.release_decisions()
    msa_request = factories.refreshed(msa_request)
    event = msa_request.events.get(kind="require_corrections")
    screening, item = msa_request.screenings.get(), msa_request.corrections.get()
    assert {event.at, screening.decided_at, item.required_at, msa_request.waiting_since} == {noon}
    assert msa_request.owner_acts_by == day + timedelta(days=90)


# What is decided


def test_each_kind_acts_when_it_is_released() -> None:
    """All that notify the customer or move the case; judged answers and paper have tests of their own."""
    staff = screener()
    back, valid = factories.submitted(), checked(staff)
    ordered, withdrawn, extended = factories.valid(), factories.submitted(), factories.corrections_required()
    to = extended.owner_acts_by + timedelta(days=7)
    before = [traces(row)[2] for row in (back, valid, ordered, withdrawn, extended)]
    sent_back(back, by=staff)
    factories.decide(valid, DecisionKind.VALID, by=staff)
    factories.decide(ordered, DecisionKind.ORDER, by=staff)
    note = "By phone."
    factories.decide(withdrawn, DecisionKind.WITHDRAW, by=staff, reason=WithdrawalReason.CHANGED_PLANS, note=note)
    factories.decide(extended, DecisionKind.EXTEND, by=staff, to=to.isoformat(), reason="In hospital.")
    assert [traces(row)[2] for row in (back, valid, ordered, withdrawn, extended)] == before
    with minutes_later(6):
        tasks.release_decisions()
    assert [traces(row)[2] for row in (back, valid, ordered, withdrawn)] == [
        Status.CORRECTIONS_REQUIRED,
        Status.PENDING_SERVICE_ORDER,
        Status.SERVICE_ORDER_ISSUED,
        Status.WITHDRAWN,
    ]
    assert factories.refreshed(extended).owner_acts_by == to
    assert set(StaffDecision.objects.filter(decided_by=staff).values_list("state", flat=True)) == {"sent"}


def answered() -> tuple[MSARequest, Any]:
    """Sent back with two items, both answered and sent in again."""
    msa_request = factories.submitted()
    reasons = [factories.CorrectionReasonFactory(code=f"c{n}", title=f"Item {n}") for n in range(2)]
    items = [RequiredCorrection(reason) for reason in reasons]
    transitions.require_corrections(msa_request, by=screener("Olga Other"), items=items)
    for item in msa_request.corrections.all():
        corrections.answer(item, by=msa_request.owner, way="right", text="It is right.")
    transitions.resubmit(msa_request, by=msa_request.owner)
    return factories.refreshed(msa_request), list(msa_request.corrections.order_by("pk"))


def test_judged_answers_wait_together_and_go_out_with_the_next_decision() -> None:
    staff = screener()
    msa_request, items = answered()
    desk.answer_checks(msa_request, ALL_YES, by=staff)
    first = corrections.accept(items[0], by=staff)
    both = corrections.accept(items[1], by=staff)
    assert factories.refreshed(msa_request).open_corrections == 2
    first.refresh_from_db()
    assert (first.state, first.ended_by) == (DecisionState.REPLACED, staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    both.refresh_from_db()
    assert both.state == DecisionState.REPLACED
    staff_decisions.send_now(decision, by=staff)
    assert decision.state == DecisionState.SENT, decision.ended_why
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.status, msa_request.open_corrections) == (Status.PENDING_SERVICE_ORDER, 0)
    assert {item.closed_as for item in msa_request.corrections.all()} == {"accepted"}


def test_item_kept_open_while_it_waits_goes_back_when_sent_back() -> None:
    staff = screener()
    msa_request, items = answered()
    corrections.accept(items[0], by=staff)
    corrections.keep_open(items[1], by=staff, note="Not readable.")
    decision = factories.decide(msa_request, DecisionKind.SEND_BACK, by=staff, items=[])
    staff_decisions.send_now(decision, by=staff)
    assert decision.state == DecisionState.SENT, decision.ended_why
    assert [item.note for item in msa_request.corrections.open()] == ["Not readable."]
    assert NoticeMessage.objects.filter(kind="corrections_required", text__contains="Not readable.").exists()


# The world changes


def test_customer_who_withdraws_first_stops_the_release_and_staff_are_told() -> None:
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
    with minutes_later(6):
        tasks.release_decisions()
    decision.refresh_from_db()
    assert decision.state == DecisionState.NOT_SENT
    assert "Request withdrawn" in decision.ended_why
    notes = DeskNote.objects.filter(recipient=staff, kind=DeskNoteKind.NOT_SENT)
    assert notes.get().text == decision.ended_why
    assert factories.refreshed(msa_request).status == Status.WITHDRAWN
    assert not NoticeMessage.objects.filter(kind="request_valid").exists()


def test_dispute_stops_the_release() -> None:
    staff = screener()
    msa_request = factories.valid()
    decision = factories.decide(msa_request, DecisionKind.ORDER, by=staff)
    msa_request.rounds.update(disputed=True)
    staff_decisions.send_now(decision, by=staff)
    assert (decision.state, "disputed" in decision.ended_why) == (DecisionState.NOT_SENT, True)
    assert factories.refreshed(msa_request).status == Status.PENDING_SERVICE_ORDER


def test_fact_that_changed_stops_the_release() -> None:
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    MSARequest.objects.filter(pk=msa_request.pk).update(version=msa_request.version + 1)
    staff_decisions.send_now(decision, by=staff)
    assert decision.state == DecisionState.NOT_SENT


@pytest.mark.parametrize("kind", [DecisionKind.VALID, DecisionKind.JUDGE])
def test_decision_of_a_colleague_who_left_is_not_sent(kind: DecisionKind) -> None:
    staff = screener()
    if kind == DecisionKind.JUDGE:
        _msa_request, items = answered()
        decision = corrections.accept(items[0], by=staff)
    else:
        decision = factories.decide(checked(staff), kind, by=staff)
    User.objects.filter(pk=staff.pk).update(is_active=False)
    with minutes_later(6):
        tasks.release_decisions()
    decision.refresh_from_db()
    assert decision.state == DecisionState.NOT_SENT


def test_timers_leave_a_request_with_a_waiting_decision_alone() -> None:
    staff, msa_request = screener(), factories.valid()
    sent_back(msa_request, by=staff)
    for act in (
        lambda: transitions.issue_service_order(factories.refreshed(msa_request), by=None),
        lambda: transitions.withdraw(factories.refreshed(msa_request), by=None, reason=WithdrawalReason.EXPIRED),
    ):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "decision_waiting"


def test_last_day_does_not_end_a_request_for_which_more_time_waits() -> None:
    """Decided on the last day, and the timer runs before the release: it neither ends the request nor moves the day."""
    staff, msa_request = screener(), factories.corrections_required()
    last_day = timezone.localtime() + timedelta(days=90)
    with time_machine.travel(last_day.replace(hour=23, minute=58), tick=False):
        assert msa_request.owner_acts_by == local_day(timezone.now())
        to = msa_request.owner_acts_by + timedelta(days=30)
        factories.decide(msa_request, DecisionKind.EXTEND, by=staff, to=to.isoformat(), reason="In hospital.")
    with time_machine.travel(last_day.replace(hour=23, minute=58) + timedelta(minutes=6), tick=False):
        expiry.run_due()
        assert factories.refreshed(msa_request).status == Status.CORRECTIONS_REQUIRED
        tasks.release_decisions()
    assert factories.refreshed(msa_request).owner_acts_by == to


def test_checks_below_a_decision_that_waits_stay_as_they_are() -> None:
    staff = screener()
    msa_request = checked(staff)
    factories.decide(msa_request, DecisionKind.VALID, by=staff)
    with pytest.raises(Stale, match="You decided “Deem valid”"):
        desk.answer_checks(msa_request, {"C5": ("no", "other name")}, by=staff)


def test_one_release_that_breaks_does_not_hold_up_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    staff = screener()
    broken, good = checked(staff), checked(staff)
    decisions = [factories.decide(row, DecisionKind.VALID, by=staff) for row in (broken, good)]
    act = decision_acts.act

    def breaks(msa_request: MSARequest, decision: StaffDecision) -> None:
        if decision.pk == decisions[0].pk:
            raise RuntimeError("the database is away")
        act(msa_request, decision)

    with monkeypatch.context() as patch, minutes_later(6):
        patch.setattr(decision_acts, "act", breaks)
        tasks.release_decisions()
        assert [row.status for row in map(factories.refreshed, (broken, good))] == [
            Status.REQUEST_SUBMITTED,
            Status.PENDING_SERVICE_ORDER,
        ]
    with minutes_later(7):
        tasks.release_decisions()
    assert factories.refreshed(broken).status == Status.PENDING_SERVICE_ORDER


# One at a time, on what was seen (faults 15, 16, 63)


def test_second_decision_is_refused_with_who_decided_what() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = factories.submitted()
    sent_back(msa_request, by=first)
    with pytest.raises(Stale, match=r"Fay First decided “Send back for corrections”.*cancel it first"):
        sent_back(msa_request, by=second)
    with pytest.raises(Stale, match="You decided"):
        sent_back(msa_request, by=first)
    assert StaffDecision.objects.filter(msa_request=msa_request).count() == 1


def test_old_page_never_reverses_a_newer_decision() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = factories.valid()
    old = seen.of(msa_request)
    staff_decisions.send_now(sent_back(msa_request, by=first), by=first)
    with pytest.raises(Stale, match=r"Fay First \(.*Corrections required"):
        staff_decisions.decide(msa_request, DecisionKind.ORDER, {}, by=second, seen=old)


def test_decision_on_answers_that_changed_names_who_changed_which() -> None:
    staff, msa_request = screener(), factories.submitted()
    desk.answer_checks(msa_request, ALL_YES, by=staff)
    old = seen.of(factories.refreshed(msa_request))
    desk.answer_checks(msa_request, {"C5": ("no", "other name")}, by=staff)
    with pytest.raises(Stale) as refusal:
        staff_decisions.decide(msa_request, DecisionKind.VALID, {}, by=staff, seen=old)
    (line,) = refusal.value.fields["changed"]
    assert line.startswith("you (")
    assert "C5" in line
    assert "“No”" in line


def test_decision_on_an_item_that_a_colleague_judged_names_it() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request, items = answered()
    old = seen.of(msa_request)
    staff_decisions.send_now(corrections.accept(items[0], by=first), by=first)
    with pytest.raises(Stale, match=r"Fay First.*“Item 0”: "):
        corrections.keep_open(items[0], by=second, note="Not readable.", seen=old)


@pytest.mark.parametrize("token", ["", "[]", "{", "[1,2,3]", '["a","b","c","d","e","f","g","h"]'])
def test_form_without_what_was_seen_is_refused(token: str) -> None:
    with pytest.raises(Stale, match="doesn't say what you were looking at"):
        staff_decisions.decide(factories.valid(), DecisionKind.ORDER, {}, by=screener(), seen=seen.read(token))


# What the database holds


@pytest.mark.both_databases
def test_database_allows_one_waiting_decision_per_request() -> None:
    staff = screener()
    msa_request = checked(staff)
    factories.decide(msa_request, DecisionKind.VALID, by=staff)
    with pytest.raises(IntegrityError), transaction.atomic():
        StaffDecision.objects.create(
            msa_request=msa_request, kind=DecisionKind.VALID, decided_by=staff, release_at=timezone.now()
        )


@pytest.mark.both_databases
def test_database_refuses_to_change_what_was_decided() -> None:
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    row = StaffDecision.objects.filter(pk=decision.pk)
    statements = [
        lambda: row.update(content={"note": "other"}),
        lambda: row.update(kind=DecisionKind.ORDER),
        lambda: row.update(release_at=timezone.now() + timedelta(days=1)),
        row.delete,
    ]
    for statement in statements:
        with pytest.raises(DatabaseError, match="never"), transaction.atomic():
            statement()
    staff_decisions.cancel(decision, by=staff)
    for statement in [*statements, lambda: row.update(ended_why="other"), lambda: row.update(state="sent")]:
        with pytest.raises(DatabaseError, match="never"), transaction.atomic():
            statement()


@pytest.mark.both_databases
def test_triggers_are_put_back_after_a_migration() -> None:
    on_sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        for trigger in decision_guard.TRIGGERS:
            cursor.execute(
                f"DROP TRIGGER {trigger}" if on_sqlite else f"DROP TRIGGER {trigger} ON requests_app_staffdecision"
            )
    decision_guard.keep(using="default")
    test_database_refuses_to_change_what_was_decided()


# With no wait set


def test_no_wait_writes_the_row_and_acts_in_one_transaction(settings: Any) -> None:
    settings.STAFF_DECISION_WAIT = 0
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    assert (decision.state, decision.ended_by) == (DecisionState.SENT, staff)
    assert msa_request.status == Status.PENDING_SERVICE_ORDER
