"""The staff desk for money, one module a topic."""

from payments.admin import ledger, payments, reconciliation, refunds, schedules

__all__ = ["ledger", "payments", "reconciliation", "refunds", "schedules"]
