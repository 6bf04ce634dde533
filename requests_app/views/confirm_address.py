"""The page behind the link that proves a corrected email address. A GET never acts (fault 40)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from msa_portal.errors import Refused
from requests_app.signing import address_corrections
from requests_app.views.secret_links import get_or_throttle, secret_page, with_form


@secret_page
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponseBase:
    """A POST confirms. What the request is about isn't shown: the address may be a stranger's."""
    correction = get_or_throttle(request, lambda: address_corrections.correction_for(token))
    refused, done = "", False
    try:
        address_corrections.check_open(correction)
        if request.method == "POST":
            address_corrections.confirm(correction)
            done = True
    except Refused as refusal:
        refused = str(refusal)
    context = {"correction": correction, "refused": refused, "done": done}
    return with_form(
        render(request, "requests_app/confirm_address.html", context, status=410 if refused else 200),
        has_form=not refused and not done,
    )
