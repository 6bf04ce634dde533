"""What was raised, paid and refunded before the ledger was kept is booked, and each payment gets its part's state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from payments.models import Account, Allocation, LedgerEntry
from tests.requests_app.test_cure_migration import a_request, migrated

BEFORE = [("payments", "0002_fee_schedule"), ("requests_app", "0020_records")]
FEE = 27922


class Before:
    """Rows as they were: one fee a request, one payment a fee."""

    def __init__(self, apps: Any) -> None:
        self.model = apps.get_model
        self.apps = apps
        self.now = timezone.now() - timedelta(days=30)
        self.schedule, _made = self.model("payments", "FeeSchedule").objects.get_or_create(
            request_type="install", effective_from=date(2025, 6, 12), defaults={"amount_cents": FEE}
        )

    def fee(self, reference: str, state: str, **fields: Any) -> Any:
        self.user, request = a_request(self.apps, reference=reference)
        visit = self.model("requests_app", "VisitRound").objects.create(request=request, number=1)
        settled = None if state in {"open", "canceled"} else self.now
        return self.model("payments", "Fee").objects.create(
            round=visit,
            schedule=self.schedule,
            amount_cents=FEE,
            state=state,
            settled_at=settled,
            quoted_on=date(2026, 1, 2),
            quote_holds_until=date(2026, 1, 16),
            **fields,
        )

    def payment(self, fee: Any, state: str, number: int, **fields: Any) -> Any:
        received = state in {"paid", "held", "duplicate"}
        payment = self.model("payments", "Payment").objects.create(
            amount_cents=FEE,
            state=state,
            payer=self.user,
            intent_id=f"pi_{number}",
            paid_at=self.now if received else None,
            **fields,
        )
        self.model("payments", "Allocation").objects.create(payment=payment, fee=fee, amount_cents=FEE)
        return payment

    def refund(self, payment: Any, cents: int, state: str, **fields: Any) -> Any:
        fields.setdefault("decided_at", self.now)
        return self.model("payments", "Refund").objects.create(
            payment=payment, amount_cents=cents, state=state, reason="goodwill", **fields
        )


@pytest.mark.django_db(transaction=True)
def test_books_of_before_are_kept() -> None:
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        was = Before(migrated(BEFORE))
        was.fee("T-1", "open")
        was.fee("T-2", "canceled")
        was.fee("T-3", "open")
        waived = was.fee("T-4", "open")
        waived.state, waived.waived_by, waived.waiver_reason, waived.settled_at = "waived", was.user, "Sorry", was.now
        waived.save()
        paid_fee = was.fee("T-5", "settled")
        paid = was.payment(paid_fee, "paid", 1, refunded_cents=5000)
        was.refund(paid, 5000, "succeeded", provider_id="re_1", finished_at=was.now)
        held = was.payment(was.fee("T-6", "canceled"), "held", 2, held_reason="cannot_submit")
        was.refund(held, FEE, "failed", finished_at=was.now)
        was.payment(was.fee("T-7", "open"), "expired", 3)
        was.payment(was.fee("T-8", "canceled"), "held", 4, held_reason="currency")
        MigrationExecutor(connection).migrate(latest)
        assert LedgerEntry.objects.balances() == {
            Account.RECEIVABLE: 3 * FEE,  # T-1, T-3 and T-7
            Account.PROVIDER: 2 * FEE - 5000,
            Account.DISPUTED: 0,
            Account.WAIVED: FEE,
            Account.WRITTEN_OFF: 0,
            Account.FEES: -(8 * FEE - 3 * FEE),
            Account.UNAPPLIED: -FEE,
            Account.REFUNDED: 5000,
            Account.REFUNDS_DUE: 0,
        }

        assert list(
            Allocation.objects.order_by("pk").values_list("state", "received_cents", "refunded_cents", "held_reason")
        ) == [
            ("settled", FEE, 5000, ""),
            ("held", FEE, 0, "cannot_submit"),
            ("waiting", 0, 0, ""),
            ("held", 0, 0, "currency"),
        ]
        assert set(Allocation.objects.values_list("payment__payer_email", flat=True)) == {"ida@example.com"}
    finally:
        MigrationExecutor(connection).migrate(latest)
