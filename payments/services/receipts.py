"""The receipt as PDF, rendered once after the settlement."""

from __future__ import annotations

from django.utils.translation import gettext as _

from msa_portal.db import lock
from msa_portal.pdf import render_pdf
from payments.models import Payment
from payments.services.settle import fee_of, request_of
from requests_app import documents
from requests_app.enums import DocumentKind
from requests_app.models import Document
from requests_app.notices import page


def number(payment: Payment) -> str:
    """What is printed on it, and can be asked for."""
    return f"{request_of(payment).reference}-P{payment.pk}"


def render(payment: Payment) -> Document | None:
    """The receipt of a payment that settled its fee; the one that is there, if any. Safe to run twice."""
    if payment.state != Payment.State.PAID or payment.receipt is not None:
        return payment.receipt
    body = _pdf(payment)
    with documents.atomic():
        request = lock(request_of(payment))
        fresh = lock(payment)
        if fresh.receipt is None:
            name = _("Receipt %(number)s.pdf") % {"number": number(fresh)}
            fresh.receipt = documents.store(request, DocumentKind.RECEIPT, name=name, body=body, by=None)
            fresh.save(update_fields=["receipt", "updated_at"])
    return fresh.receipt


def _pdf(payment: Payment) -> bytes:
    request = request_of(payment)
    context = {
        "payment": payment,
        "fee": fee_of(payment),
        "number": number(payment),
        "reference": request.reference,
        "address": request.full_address,
        "qr_url": page(request),
    }
    return render_pdf("pdf/receipt.html", context)
