"""Staff decisions, two acts at once on PostgreSQL, each with and without the lock (faults 15 and 63, D24)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from msa_portal import db
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from requests_app import history, permissions
from requests_app.enums import CheckCode, DecisionKind, Status, WithdrawalReason
from requests_app.lifecycle import decision_acts, seen, staff_decisions, transitions
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import MSARequest, StaffDecision
from requests_app.screening import claims, desk
from tests import factories
from tests.threads import at_once, meeting

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def without_lock(row: Any) -> Any:
    fresh = type(row)._default_manager.get(pk=row.pk)
    db.hold(fresh)
    return fresh


@pytest.fixture(params=[True, False], ids=["locked", "without the lock"])
def locked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        for module in (db, staff_decisions):
            monkeypatch.setattr(module, "lock", without_lock)
    return bool(request.param)


@pytest.fixture
def ready(settings: Any) -> MSARequest:
    """Every check answered, and nobody holds it."""
    settings.STAFF_DECISION_WAIT = 300
    staff, msa_request = factories.staff(), factories.submitted()
    desk.answer_checks(msa_request, {code.value: ("yes", "") for code in CheckCode}, by=staff)
    claims.hand_back(msa_request, by=staff)
    return factories.refreshed(msa_request)


def screener(name: str) -> User:
    return factories.UserFactory(name=name, roles=[Role.PROGRAM_STAFF])


def copies(msa_request: MSARequest) -> Callable[[], MSARequest]:
    return lambda: MSARequest.objects.get(pk=msa_request.pk)


def test_fault_15_two_staff_decide_at_once(ready: MSARequest, locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is told who decided what. Without the lock only the database's constraint is left to stop it."""
    first, second, fresh, old = screener("Fay First"), screener("Ned Next"), copies(ready), seen.of(ready)
    items = decision_acts.items_as_content([RequiredCorrection(factories.CorrectionReasonFactory())])
    monkeypatch.setattr(staff_decisions, "check_may_decide", meeting(staff_decisions.check_may_decide, seconds=2))
    _answers, failures = at_once(
        lambda: staff_decisions.decide(fresh(), DecisionKind.VALID, {}, by=first, seen=old),
        lambda: staff_decisions.decide(fresh(), DecisionKind.SEND_BACK, {"items": items}, by=second, seen=old),
    )
    assert StaffDecision.objects.get(msa_request=ready).is_waiting
    if not locked:
        assert [type(failure) for failure in failures] == [IntegrityError]
        return
    (failure,) = failures
    assert isinstance(failure, Stale)
    assert failure.code == "decision_waiting"
    assert str(StaffDecision.objects.get(msa_request=ready).decided_by) in str(failure)


def test_cancel_against_release(ready: MSARequest, locked: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them wins; what the other finds is what the first one did. Without the lock only the trigger is left."""
    staff = screener("Fay First")
    decision = factories.decide(ready, DecisionKind.VALID, by=staff)
    monkeypatch.setattr(staff_decisions, "_still_waiting", meeting(staff_decisions._still_waiting, seconds=2))

    def row() -> StaffDecision:
        return StaffDecision.objects.select_related("msa_request").get(pk=decision.pk)

    _answers, failures = at_once(
        lambda: staff_decisions.cancel(row(), by=screener("Ned Next")),
        lambda: staff_decisions.send_now(row(), by=staff),
    )
    (failure,) = failures
    assert isinstance(failure, Stale if locked else DatabaseError)
    sent = row().state == "sent"
    assert sent or row().state == "canceled"
    assert (factories.refreshed(ready).status == Status.PENDING_SERVICE_ORDER) is sent
    assert NoticeMessage.objects.filter(kind="request_valid").exists() is sent


def test_release_against_the_customers_withdrawal(
    ready: MSARequest, locked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is second sees what the first one did. Without the lock both act on one status, and the chain refuses."""
    decision = factories.decide(ready, DecisionKind.VALID, by=screener("Fay First"))
    fresh, owner = copies(ready), ready.owner
    monkeypatch.setattr(permissions, "check_may_cause", meeting(permissions.check_may_cause, seconds=2))

    def release() -> None:
        staff_decisions.send_now(StaffDecision.objects.get(pk=decision.pk), by=decision.decided_by)

    _answers, failures = at_once(
        release, lambda: transitions.withdraw(fresh(), by=owner, reason=WithdrawalReason.CHANGED_PLANS)
    )
    if not locked:
        assert failures
        assert not any(isinstance(failure, Refused) for failure in failures)
        return
    assert failures == []
    decision.refresh_from_db()
    assert factories.refreshed(ready).status == Status.WITHDRAWN
    assert decision.state == ("sent" if ready.events.filter(kind="deem_valid").exists() else "not_sent")
    assert list(history.broken_links(ready)) == []


def test_two_take_one_request_over_at_once(ready: MSARequest, monkeypatch: pytest.MonkeyPatch) -> None:
    holder, colleagues = screener("Fay First"), [screener("Ned Next"), screener("Olga Other")]
    claims.take(ready, by=holder)
    fresh = copies(ready)
    _answers, failures = at_once(
        *[lambda by=by: claims.take_over(fresh(), by=by, reason="Fay is out.", holder=holder.pk) for by in colleagues]
    )
    assert [getattr(failure, "code", failure) for failure in failures] == ["taken"]
    assert ready.events.filter(kind="screening_taken_over").count() == 1
