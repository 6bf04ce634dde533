"""Receipts and refund notes as PDF, each for one request, rendered once by a task."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from msa_portal.db import lock
from msa_portal.pdf import render_pdf
from payments import notices
from payments.models import Allocation, Refund
from requests_app.enums import DocumentKind
from requests_app.files import storage
from requests_app.models import Document, MSARequest
from requests_app.notices import page


def number(part: Allocation) -> str:
    """What is printed on it, and can be asked for."""
    return f"{part.fee.round.msa_request.reference}-P{part.payment_id}"


def number_of_note(refund: Refund) -> str:
    return f"{refund.fee.round.msa_request.reference}-R{refund.pk}"


def render(part: Allocation) -> Document | None:
    """The receipt of a payment's part that settled its fee; the one that is there, if any. Safe to run twice.

    It says what happened when the fee was paid, and stays so: a later refund has a note of its own.
    """
    if part.state != Allocation.State.SETTLED or part.receipt is not None:
        return part.receipt
    msa_request = part.fee.round.msa_request
    context = {
        "part": part,
        "payment": part.payment,
        "fee": part.fee,
        "number": number(part),
        "fees_together": part.payment.allocations.count(),
    }
    body = render_pdf("pdf/receipt.html", context | _about(msa_request))
    with storage.atomic():
        lock(msa_request)
        fresh = lock(part)
        if fresh.receipt is None:
            name = _("Receipt %(number)s.pdf") % {"number": number(part)}
            fresh.receipt = storage.store(msa_request, DocumentKind.RECEIPT, name=name, body=body, by=None)
            fresh.save(update_fields=["receipt"])
    return fresh.receipt


def render_note(refund: Refund) -> Document | None:
    """The note of a refund that reached the payer's bank. Safe to run twice."""
    if refund.state != Refund.State.SUCCEEDED or refund.document is not None:
        return refund.document
    msa_request = refund.fee.round.msa_request
    part = refund.payment.allocations.select_related("fee__round__msa_request").get(fee=refund.fee)
    context = {
        "refund": refund,
        "part": part,
        "receipt_number": number(part) if part.state == Allocation.State.SETTLED else "",
        "payment": refund.payment,
        "fee": refund.fee,
        "number": number_of_note(refund),
        "arrives_by": notices.arrives_by(refund),
    }
    body = render_pdf("pdf/refund_note.html", context | _about(msa_request))
    with storage.atomic():
        lock(msa_request)
        fresh = lock(refund)
        if fresh.document is None:
            name = _("Refund note %(number)s.pdf") % {"number": number_of_note(refund)}
            fresh.document = storage.store(msa_request, DocumentKind.REFUND_NOTE, name=name, body=body, by=None)
            fresh.save(update_fields=["document", "updated_at"])
    return fresh.document


def _about(msa_request: MSARequest) -> dict[str, Any]:
    return {"reference": msa_request.reference, "address": msa_request.full_address, "qr_url": page(msa_request)}
