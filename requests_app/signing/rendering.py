"""The agreement's PDFs: the one that is read and signed, and the sealed one with the signatures.

Rendered outside any transaction; what the agreement is by then is looked at again under the lock,
so that a task that runs twice, or comes late, stores nothing (faults 26, 29).
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from msa_portal import seals
from msa_portal.db import lock
from msa_portal.notices.links import absolute
from msa_portal.pdf import render_pdf
from requests_app.agreements import text as agreement_text
from requests_app.enums import AgreementState, DocumentKind
from requests_app.files import storage
from requests_app.models import Agreement, Seal, Signature, SigningConsent
from requests_app.notices import page
from requests_app.signing.signatures import open_for_signing


def render(agreement_pk: int) -> bool:
    """Render what is missing; True where this call stored a document.

    Raises `seals.SealKeyError` where the signed one cannot be sealed: nothing is stored then, and
    the sweeper tries again.
    """
    agreement = Agreement.objects.select_related("msa_request", "wording", "document", "executed_document__seal").get(
        pk=agreement_pk
    )
    if _lacks_document(agreement):
        return _store_document(agreement, render_pdf("pdf/agreement.html", context(agreement)))
    if _lacks_executed_document(agreement):
        identity = seals.identity()
        body = render_pdf("pdf/agreement.html", executed_context(agreement, identity), pictures=_drawings(agreement))
        return _store_executed_document(agreement, seals.seal(body, reason=agreement.number), identity)
    return False


def context(agreement: Agreement) -> dict[str, Any]:
    return {
        "agreement": agreement,
        "reference": agreement.msa_request.reference,
        "mark": _("Sample") if agreement.wording.is_sample else "",
        "qr_url": page(agreement.msa_request),
        "sections": agreement_text.sections_of(agreement),
        "consent": agreement.wording.consent,
    }


def executed_context(agreement: Agreement, identity: seals.Identity) -> dict[str, Any]:
    signatures = agreement.signatures.select_related("carried_from__agreement__msa_request", "drawing").order_by(
        "signed_at", "pk"
    )
    return context(agreement) | {
        "signatures": [(signature, _version_signed(signature), _drawing(signature)) for signature in signatures],
        "consents": SigningConsent.objects.filter(agreement__msa_request=agreement.msa_request)
        .select_related("opening")
        .order_by("given_at", "pk"),
        "seal": identity,
        "verify_url": absolute(reverse("requests:verify")),
    }


def _drawings(agreement: Agreement) -> dict[str, bytes]:
    signatures = agreement.signatures.select_related("drawing")
    return {
        name: storage.read(signature.drawing)
        for signature in signatures
        if (name := _drawing(signature)) and signature.drawing
    }


def _drawing(signature: Signature) -> str:
    """The picture's name in the template; empty where nothing was drawn, or it is in quarantine."""
    return f"drawing-{signature.pk}.jpg" if signature.drawing and signature.drawing.is_readable else ""


def _version_signed(signature: Signature) -> str:
    """The number of the earlier version that was really signed, where the signature still stands."""
    return signature.carried_from.agreement.number if signature.carried_from else ""


def _lacks_document(agreement: Agreement) -> bool:
    return agreement.state == AgreementState.RENDERING


def _lacks_executed_document(agreement: Agreement) -> bool:
    return agreement.state == AgreementState.EXECUTED and not _is_sealed(agreement)


def _is_sealed(agreement: Agreement) -> bool:
    return agreement.executed_document is not None and hasattr(agreement.executed_document, "seal")


def _store_document(agreement: Agreement, body: bytes) -> bool:
    with storage.atomic():
        msa_request = lock(agreement.msa_request)
        fresh = lock(agreement)
        if not _lacks_document(fresh):
            return False
        fresh.document = storage.store(
            msa_request, DocumentKind.AGREEMENT, name=f"{fresh.number}.pdf", body=body, by=None
        )
        open_for_signing(fresh, msa_request)
    return True


def _store_executed_document(agreement: Agreement, body: bytes, identity: seals.Identity) -> bool:
    with storage.atomic():
        msa_request = lock(agreement.msa_request)
        fresh = lock(agreement)
        if not _lacks_executed_document(fresh):
            return False
        fresh.executed_document = storage.store(
            msa_request, DocumentKind.EXECUTED_AGREEMENT, name=f"{fresh.number}-signed.pdf", body=body, by=None
        )
        Seal.objects.create(document=fresh.executed_document, **asdict(identity))
        fresh.save(update_fields=["executed_document"])
    return True
