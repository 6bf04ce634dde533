"""Opening a request's files: to those who may see it, as a download (faults 31, 37)."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from msa_portal.guards import SignedInRequest, signed_in
from requests_app.enums import ScanState
from requests_app.files import storage
from requests_app.models import Document
from requests_app.views.scope import visible_or_404


@signed_in
@require_safe
def document(request: SignedInRequest, reference: str, pk: int) -> HttpResponseBase:
    msa_request, _user = visible_or_404(request, reference)
    return respond(request, get_object_or_404(Document, msa_request=msa_request, pk=pk))


def respond(request: HttpRequest, document: Document) -> HttpResponseBase:
    """The file; or why nobody may open it. The caller has checked who asks."""
    if not document.is_readable:
        waiting = document.scan == ScanState.WAITING
        context = {"document": document, "waiting": waiting}
        return render(request, "requests_app/document_held.html", context, status=409 if waiting else 404)
    try:
        return storage.attachment(document)
    except FileNotFoundError as error:
        raise Http404 from error
