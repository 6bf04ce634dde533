"""Two people open overlapping selections at the same moment, with and without the lock on the requests."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from msa_portal.accounts.models import Company, User
from payments.models import Allocation, Payment
from payments.services import checkout, open_payments
from requests_app.lifecycle import settlement
from requests_app.models import MSARequest
from tests import factories
from tests.payments.conftest import FEE
from tests.threads import at_once

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_once", "provider_sandbox", "schedule"),
]


@pytest.fixture
def company(db: None) -> Company:
    return factories.CompanyFactory()


@pytest.fixture
def requests(company: Company) -> list[MSARequest]:
    factories.member_of(company)
    return [
        factories.executed(factories.complete_request(company=company, account_number=f"70012345{number:04d}"))
        for number in range(4)
    ]


def selections(requests: list[MSARequest], company: Company) -> list[Callable[[], Payment]]:
    """Two colleagues; each takes the shared ones in another order."""
    first, second = (factories.member_of(company) for _ in range(2))

    def opens(chosen: list[MSARequest], by: User) -> Callable[[], Payment]:
        return lambda: checkout.open_joint_checkout(chosen, by=by, expected_cents=FEE * len(chosen))

    return [opens(requests[:3], first), opens(list(reversed(requests[1:])), second)]


def live_payments_of_a_fee() -> int:
    """The most that any fee has."""
    live = Allocation.objects.filter(payment__state__in=Payment.LIVE).values_list("fee_id", flat=True)
    return max(Counter(live).values())


def test_overlapping_selections_leave_one_live_payment_for_each_fee(
    requests: list[MSARequest], company: Company
) -> None:
    answers, failures = at_once(*selections(requests, company))
    assert (len(answers), [getattr(failure, "code", failure) for failure in failures]) == (1, ["paid_elsewhere"])
    assert live_payments_of_a_fee() == 1


def test_without_the_lock_a_fee_is_in_two_payments(
    requests: list[MSARequest], company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, look = threading.Barrier(2, timeout=10), open_payments.reusable

    def read_without_lock(row: Any) -> Any:
        return type(row)._default_manager.get(pk=row.pk)

    def look_together(*args: Any) -> Payment | None:
        looked_up = look(*args)
        looked.wait()
        return looked_up

    monkeypatch.setattr(checkout, "lock", read_without_lock)
    monkeypatch.setattr("msa_portal.db.lock", read_without_lock)
    monkeypatch.setattr("requests_app.lifecycle.settlement.lock", read_without_lock)
    monkeypatch.setattr(open_payments, "reusable", look_together)
    monkeypatch.setattr(settlement, "freeze", lambda *_args, **_kwargs: None)  # its event would collide, too
    answers, failures = at_once(*selections(requests, company))
    assert (len(answers), failures) == (2, [])
    assert live_payments_of_a_fee() == 2
