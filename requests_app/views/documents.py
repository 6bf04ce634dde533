"""Opening a request's files: to those who may see it, as a download (faults 31, 37)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from requests_app.enums import ScanState
from requests_app.files import storage
from requests_app.models import Document, MSARequest


@login_required
@require_safe
def document(http: HttpRequest, reference: str, pk: int) -> HttpResponseBase:
    request = get_object_or_404(MSARequest.objects.visible_to(http.user), reference=reference)
    return respond(http, get_object_or_404(Document, request=request, pk=pk))


def respond(http: HttpRequest, found: Document) -> HttpResponseBase:
    """The file; or why nobody may open it. The caller has checked who asks."""
    if not found.is_readable:
        waiting = found.scan == ScanState.WAITING
        context = {"document": found, "waiting": waiting}
        return render(http, "requests_app/document_held.html", context, status=409 if waiting else 404)
    try:
        return storage.attachment(found)
    except FileNotFoundError as error:
        raise Http404 from error
