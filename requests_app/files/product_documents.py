"""The documents that a device asks for (R5): sent with the form, read by staff.

A document that is missing is an ordinary finding of the kind "put right first", not advice: staff
would send the request back for it. Like every such finding it can be promised by the visit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import enums, history, permissions
from requests_app.eligibility.sources import is_sent
from requests_app.enums import DocumentKind, EventKind
from requests_app.files import storage, uploads
from requests_app.models import Document, MSARequest


@dataclass(frozen=True)
class Wanted:
    """A document that the device asks for, and what was sent of it; infected files are gone."""

    key: str
    title: str
    document: Document | None


def wanted(msa_request: MSARequest) -> list[Wanted]:
    """In the order of the product's entry."""
    asked = msa_request.device.documents_by_key if msa_request.device and msa_request.places_device else {}
    if not asked:
        return []
    sent = (document for document in msa_request.case.documents if is_sent(document))
    here = {row.topic: row for row in sorted(sent, key=lambda document: document.pk)}
    return [Wanted(key, title, here.get(key)) for key, title in asked.items()]


def next_missing(msa_request: MSARequest) -> str:
    """The key of the first document that is not here; empty where all are."""
    return next((row.key for row in wanted(msa_request) if row.document is None), "")


def add(msa_request: MSARequest, upload: UploadedFile[Any], *, key: str, by: User) -> Document:
    """Keep the document, in place of an earlier one for the same purpose, which stays on the record.

    The file is looked at outside of the lock. Raises `Refused`, with nothing changed.
    """
    _check_may(msa_request, key, by=by)
    checked = uploads.check(upload, allow_pdf=True)
    with storage.atomic():
        fresh = lock(msa_request)
        _check_may(fresh, key, by=by)
        _sent(fresh).filter(topic=key).update(replaced_at=timezone.now())
        document = uploads.keep(fresh, checked, kind=DocumentKind.PRODUCT_DOCUMENT, by=by, topic=key)
        history.record(fresh, EventKind.PRODUCT_DOCUMENT_SENT, by=by, codes={"document": document.pk})
        return document


def _sent(msa_request: MSARequest) -> Any:
    return Document.objects.current().filter(msa_request=msa_request, kind=DocumentKind.PRODUCT_DOCUMENT)


def _check_may(msa_request: MSARequest, key: str, *, by: User) -> None:
    permissions.check_acts_for(by, msa_request)
    if msa_request.status in enums.FINAL:
        raise Refused(_("This request is closed, so its documents stand as they are."), code="closed")
    if msa_request.device is None or key not in msa_request.device.documents_by_key:
        raise Refused(_("The device does not ask for this document."), code="not_asked")
