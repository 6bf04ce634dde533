"""The agreement's PDFs: the one that is read and signed, and the one with the signatures.

Rendered outside any transaction; what the agreement is by then is looked at again under the lock,
so that a task that runs twice, or comes late, stores nothing (faults 26, 29).
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from msa_portal.db import lock
from msa_portal.pdf import render_pdf
from requests_app import agreement_text, agreements, documents
from requests_app.enums import AgreementState, DocumentKind
from requests_app.models import Agreement
from requests_app.notices import page


def render(agreement_pk: int) -> bool:
    """Render what is missing; True where this call stored a document."""
    agreement = Agreement.objects.select_related("request", "wording", "document").get(pk=agreement_pk)
    if _lacks_document(agreement):
        return _store_document(agreement, render_pdf("pdf/agreement.html", context(agreement)))
    if _lacks_executed_document(agreement):
        body = render_pdf("pdf/agreement.html", context(agreement) | _signed(agreement))
        return _store_executed_document(agreement, body)
    return False


def context(agreement: Agreement) -> dict[str, Any]:
    return {
        "agreement": agreement,
        "reference": agreement.request.reference,
        "mark": _("Sample") if agreement.wording.is_sample else "",
        "qr_url": page(agreement.request),
        "sections": agreement_text.sections_of(agreement),
        "consent": agreement.wording.consent,
    }


def _signed(agreement: Agreement) -> dict[str, Any]:
    return {"signatures": agreement.signatures.order_by("signed_at", "pk")}


def _lacks_document(agreement: Agreement) -> bool:
    return agreement.state == AgreementState.RENDERING


def _lacks_executed_document(agreement: Agreement) -> bool:
    return agreement.state == AgreementState.EXECUTED and agreement.executed_document_id is None


def _store_document(agreement: Agreement, body: bytes) -> bool:
    with documents.atomic():
        request = lock(agreement.request)
        fresh = lock(agreement)
        if not _lacks_document(fresh):
            return False
        fresh.document = documents.store(
            request, DocumentKind.AGREEMENT, name=f"{fresh.number}.pdf", body=body, by=None
        )
        agreements.open_for_signing(fresh, request)
    return True


def _store_executed_document(agreement: Agreement, body: bytes) -> bool:
    with documents.atomic():
        request = lock(agreement.request)
        fresh = lock(agreement)
        if not _lacks_executed_document(fresh):
            return False
        fresh.executed_document = documents.store(
            request, DocumentKind.EXECUTED_AGREEMENT, name=f"{fresh.number}-signed.pdf", body=body, by=None
        )
        fresh.save(update_fields=["executed_document"])
    return True
