"""The utility's system of record: comparison, field by field (C5)."""

from __future__ import annotations

IDENTIFYING_FIELDS = frozenset({"account_number", "customer_name", "zip_code"})
