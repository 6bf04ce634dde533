"""Fees, payments, refunds, disputes, and the ledger of all of them. Amounts are whole cents."""

from payments.models.fees import Fee, FeeSchedule
from payments.models.ledger import Account, EntryKind, LedgerEntry
from payments.models.payments import FOREIGN, Allocation, HeldReason, PayInvitation, Payment
from payments.models.provider import ProviderEvent, ReconciledDay, ReconciliationItem, ReconciliationLease
from payments.models.refunds import Dispute, Refund
from payments.models.statements import Statement

__all__ = [
    "FOREIGN",
    "Account",
    "Allocation",
    "Dispute",
    "EntryKind",
    "Fee",
    "FeeSchedule",
    "HeldReason",
    "LedgerEntry",
    "PayInvitation",
    "Payment",
    "ProviderEvent",
    "ReconciledDay",
    "ReconciliationItem",
    "ReconciliationLease",
    "Refund",
    "Statement",
]
