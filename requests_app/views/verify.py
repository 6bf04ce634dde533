"""The public page that says whether an agreement is ours and unchanged."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from rest_framework.request import Request

from msa_portal.guards import public
from msa_portal.refusals import refusal_in_form
from requests_app.signing import verification
from requests_app.throttling import PublicThrottle
from requests_app.views.held_forms import everybody, takes_files


class VerifyThrottle(PublicThrottle):
    """Opening a file costs more than a page: fewer an hour for one address."""

    scope = "verify"


class NumberForm(forms.Form):
    number = forms.CharField(
        label=_("Agreement number"),
        help_text=_("It stands at the top of the first page, for example MSA-2026-000123-A1."),
        max_length=40,
        error_messages={"required": _("Enter the number that stands at the top of the first page.")},
    )


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("The agreement as PDF"),
        help_text=_("We don't keep the file. At most 15 MB."),
        widget=forms.FileInput(attrs={"accept": "application/pdf", "data-verify-file": ""}),
        error_messages={"required": _("Choose the PDF."), "empty": _("This file is empty. Choose the file again.")},
    )


@public
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def verify(request: HttpRequest) -> HttpResponseBase:
    """A number or fingerprint comes in the address, so that it can be linked to; a file is posted."""
    asks = request.method == "POST" or not {"number", "sha256"}.isdisjoint(request.GET)
    if asks and not VerifyThrottle().allow_request(Request(request), None):  # type: ignore[arg-type]  # no view
        return render(request, "429.html", status=429)
    if request.method != "POST" and "sha256" in request.GET:
        return _by_fingerprint(request)
    return _page(request)


@takes_files(first=everybody, seal=True, knows=verification.knows)
def _page(request: HttpRequest) -> HttpResponse:
    number = NumberForm(request.GET if "number" in request.GET else None)
    file = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    context: dict[str, Any] = {"number_form": number, "file_form": file}
    asked = file if request.method == "POST" else number
    if asked.is_bound:
        context |= {"form": asked}
        if asked.is_valid():
            context |= _answered(asked)
    return render(request, "requests_app/verify.html", context, status=400 if asked.errors else 200)


def _by_fingerprint(request: HttpRequest) -> HttpResponse:
    """By the SHA-256 that the page's script computed; it asks for the file where we don't know that."""
    result = verification.of_fingerprint(request.GET["sha256"].strip().lower()[:64])
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"known": result is not None})
    context = {"number_form": NumberForm(), "file_form": FileForm(), "result": result, "is_unknown": result is None}
    return render(request, "requests_app/verify.html", context)


def _answered(asked: forms.Form) -> dict[str, Any]:
    if "number" in asked.cleaned_data:
        return {"result": verification.of_number(asked.cleaned_data["number"])}
    with refusal_in_form(asked, "file"):
        return {"result": verification.of_file(asked.cleaned_data["file"])}
    return {}
