"""Amounts are whole cents; dollars exist at the edges only, as `Decimal` (fault 11)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


def cents(value: Any) -> int:
    """The amount, unchanged. Raises `TypeError` for a float or anything else that is no whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("money is a whole number of cents")
    if value < 0:
        raise ValueError("an amount is not negative")
    return value


def dollars(value: int) -> Decimal:
    return Decimal(cents(value)) / 100
