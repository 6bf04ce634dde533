"""The field app's own addresses: its shell, its service worker, its manifest, and the agreement of a visit."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from fieldwork.models import SiteVisit
from fieldwork.phone import shell
from msa_portal.guards import SignedInRequest, public, technician
from requests_app.enums import AgreementState
from requests_app.files import storage
from requests_app.models import Agreement

NAVY = "#12365b"


@public
@require_safe
def app(request: HttpRequest) -> HttpResponse:
    """For everybody, since a phone keeps it: what it shows comes from /field/api/, which asks who somebody is."""
    answer = HttpResponse(shell.page())
    answer["Cache-Control"] = "no-cache"
    return answer


@public
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Asked for at each opening of the app; its own folder, /field/, is all that it may see to. `?module` for a browser
    that starts it as one; without, it is for the others, and for phones that began before there were both."""
    script = shell.worker(is_module="module" in request.GET)
    answer = HttpResponse(script, content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer


@public
@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    icons = [
        {"src": shell.address(f"fieldwork/app/{name}"), "sizes": size, "type": kind, "purpose": purpose}
        for name, size, kind, purpose in [
            ("icon.svg", "any", "image/svg+xml", "any"),
            ("icon-192.png", "192x192", "image/png", "any"),
            ("icon-512.png", "512x512", "image/png", "any"),
            ("icon-512.png", "512x512", "image/png", "maskable"),
        ]
    ]
    told = {
        "id": reverse("fieldwork:app"),
        "name": _("MSA field work"),
        "short_name": _("MSA field"),
        "description": _("A meter technician's visits of the day, also without coverage."),
        "start_url": reverse("fieldwork:app"),
        "scope": reverse("fieldwork:day"),
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": NAVY,
        "icons": icons,
    }
    answer = JsonResponse(told, content_type="application/manifest+json")
    answer["Cache-Control"] = "no-cache"
    return answer


@technician
@require_safe
def agreement(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """The signed agreement, to the visit's technician alone. It is read while there is coverage, never kept."""
    visit = get_object_or_404(SiteVisit.objects.assigned_to(request.user).select_related("order__round"), pk=pk)
    signed = Agreement.objects.filter(
        msa_request=visit.order.round.msa_request_id, state=AgreementState.EXECUTED, executed_document__isnull=False
    ).select_related("executed_document")
    latest = signed.order_by("-executed_at").first()
    if latest is None or latest.executed_document is None:
        raise Http404
    try:
        return storage.attachment(latest.executed_document)
    except FileNotFoundError as error:
        raise Http404 from error
