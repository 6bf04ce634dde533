"""Filters and tags that every template has without loading them."""

from __future__ import annotations

from datetime import date, datetime

from django import template

from msa_portal import formats

register = template.Library()


@register.filter
def usd(cents: int | None) -> str:
    return "" if cents is None else formats.usd(cents)


@register.filter
def day(value: date | None) -> str:
    return formats.day(value) if value else ""


@register.filter
def month(value: date) -> str:
    return formats.month(value)


@register.filter
def moment(value: datetime | None) -> str:
    return formats.moment(value) if value else ""


@register.filter
def time_of_day(value: datetime | None) -> str:
    return formats.time_of_day(value) if value else ""


@register.filter
def starts_with(text: str | None, start: str) -> bool:
    return text is not None and text.startswith(start)
