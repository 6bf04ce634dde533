"""Correction items as rows: added, closed, counted, and shown in words. Answering them is `screening.corrections`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from msa_portal.accounts.models import User
from requests_app.application import answers, steps
from requests_app.enums import CorrectionEnd
from requests_app.models import Correction, CorrectionReason, MSARequest, Product, Screening


@dataclass(frozen=True)
class RequiredCorrection:
    """One coded item: the reason, and a note to the customer.

    `proposal` is the right value of the reason's field as the form stores it, a device by its id, and of an address
    with more than a street the values by their fields. The caller has validated it as the form does.
    """

    reason: CorrectionReason
    note: str = ""
    proposal: Any = None


def add(
    msa_request: MSARequest,
    screening: Screening,
    items: Sequence[RequiredCorrection],
    *,
    by: User,
    at: datetime | None = None,
) -> None:
    """Open the items. One about the same as an open item replaces it. The caller saves the locked request."""
    at = at or timezone.now()
    for item in items:
        same = Correction.objects.filter(msa_request=msa_request, reason=item.reason).open()
        close_items(same, CorrectionEnd.REPLACED, by=by, at=at)
        Correction.objects.create(
            msa_request=msa_request,
            screening=screening,
            reason=item.reason,
            field=item.reason.field,
            document=item.reason.document,
            photo_topic=item.reason.photo_topic,
            note=item.note,
            proposal=item.proposal if item.reason.field else None,
            value_then=answers.answer_text(msa_request, item.reason.field)[:200] if item.reason.field else "",
            required_by=by,
            required_at=at,
        )
    recount(msa_request)


def close(msa_request: MSARequest, end: CorrectionEnd, *, by: User | None) -> None:
    """Close all that is open. The caller saves the locked request."""
    close_items(Correction.objects.filter(msa_request=msa_request).open(), end, by=by)
    recount(msa_request)


def close_items(items: Any, end: CorrectionEnd, *, by: User | None, at: datetime | None = None) -> None:
    items.update(closed_at=at or timezone.now(), closed_as=end, closed_by=by, draft={})


def recount(msa_request: MSARequest) -> None:
    """The database refuses a valid request with an open item by this count."""
    msa_request.open_corrections = Correction.objects.filter(msa_request=msa_request).open().count()


def facts_in_words(msa_request: MSARequest) -> dict[str, str]:
    """What the form says, by field: what a later look is compared with."""
    return {name: answers.answer_text(msa_request, name) for name in steps.ALL_FIELDS}


def in_words(correction: Correction, value: Any) -> str:
    """A value of the item's field as a person reads it."""
    known, facts = MSARequest(), facts_of(correction, value)
    for name, fact in facts.items():
        setattr(known, name, fact)
    return ", ".join(filter(None, (answers.answer_text(known, name) for name in facts)))


def proposal_in_words(correction: Correction) -> str:
    """What staff propose; empty where they propose nothing."""
    return "" if correction.proposal is None else in_words(correction, correction.proposal)


def facts_of(correction: Correction, value: Any) -> dict[str, Any]:
    """The facts that a proposed value is about, each in its own field."""
    if isinstance(value, dict):
        return value
    return {correction.field: Product.objects.filter(pk=value).first() if correction.field == "device" else value}
