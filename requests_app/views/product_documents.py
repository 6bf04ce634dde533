"""The page on which the documents that the device asks for are sent."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from requests_app import enums
from requests_app.files import product_documents
from requests_app.models import MSARequest
from requests_app.views.held_forms import takes_files
from requests_app.views.scope import acted_for_or_404


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(first=acted_for_or_404)
def page(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = acted_for_or_404(request, reference)
    error, key = "", request.POST.get("key", "")
    if request.method == "POST":
        try:
            return _store(request, msa_request, key, user)
        except Refused as refusal:
            error = str(refusal)
    context = {
        "msa_request": msa_request,
        "wanted": product_documents.wanted(msa_request),
        "error": error,
        "error_key": key,
        "is_closed": msa_request.status in enums.FINAL,
        "is_form": msa_request.status in enums.EDITABLE,
    }
    return render(request, "requests_app/device_documents.html", context, status=422 if error else 200)


def _store(request: HttpRequest, msa_request: MSARequest, key: str, user: User) -> HttpResponse:
    upload = request.FILES.get("file")
    if upload is None:
        raise Refused(_("No file came with it. Choose one, then send it."), code="no_file")
    document = product_documents.add(msa_request, upload, key=key, by=user)
    if document.is_readable:
        messages.success(request, _("The document is saved."))
    else:
        messages.info(
            request, _("The document is saved. It is being checked for viruses, and can be opened after that.")
        )
    return redirect("requests:device_documents", reference=msa_request.reference)
