"""Emails about screening decisions."""

from __future__ import annotations

from msa_portal.notices.outbox import Notice
from requests_app.enums import (
    CorrectionKind,
)
from requests_app.lifecycle import correction_items
from requests_app.models import (
    Correction,
    MSARequest,
    RequestEvent,
)
from requests_app.notices import CUSTOMER_AND_AGENT, notify, page


class CorrectionsRequired(Notice):
    name = "corrections_required"
    audience = CUSTOMER_AND_AGENT


def corrections_required(msa_request: MSARequest, event: RequestEvent) -> None:
    items = list(Correction.objects.filter(msa_request=msa_request).unanswered().select_related("reason"))
    notify(
        CorrectionsRequired,
        msa_request,
        key=str(event.pk),
        to_page="corrections",
        act_by=msa_request.owner_acts_by,
        corrections=[_correction(msa_request, item) for item in items],
        cannot_be_served=any(item.reason.kind == CorrectionKind.CANNOT_BE_SERVED for item in items),
    )


def _correction(msa_request: MSARequest, item: Correction) -> dict[str, str]:
    field = str(getattr(MSARequest._meta.get_field(item.field), "verbose_name", item.field)) if item.field else ""
    return {
        "title": item.reason.title,
        "explanation": item.reason.explanation,
        "note": item.note,
        "field": field,
        "document": item.get_photo_topic_display() or item.get_document_display(),
        "value": item.value_then,
        "proposal": correction_items.proposal_in_words(item),
        "url": f"{page(msa_request, 'corrections')}#item-{item.pk}",
    }
