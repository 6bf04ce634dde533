"""How days, moments and money read in pages, mail and PDF."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import dateformat, formats

from msa_portal.business_days.calendar import UTILITY_ZONE


def usd(cents: int) -> str:
    """27922 -> "$279.22", -500 -> "-$5.00"."""
    if not isinstance(cents, int) or isinstance(cents, bool):
        raise TypeError("money is a whole number of cents")
    dollars, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}${formats.number_format(dollars, force_grouping=True)}.{rest:02d}"


def day(value: date) -> str:
    """ "Tue, Dec 8, 2026"; a moment counts as its day at the utility."""
    if isinstance(value, datetime):
        value = value.astimezone(UTILITY_ZONE).date()
    return dateformat.format(value, "D, M j, Y")


def month(value: date) -> str:
    """ "December 2026"."""
    return dateformat.format(value, "F Y")


def moment(value: datetime) -> str:
    """ "Tue, Dec 8, 2026, 3:04 p.m.", in the utility's zone."""
    return dateformat.format(value.astimezone(UTILITY_ZONE), "D, M j, Y, g:i a")


def time_of_day(value: datetime) -> str:
    """ "3:04 p.m.", in the utility's zone."""
    return dateformat.format(value.astimezone(UTILITY_ZONE), "g:i a")
