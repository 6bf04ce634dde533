"""The leave-behind flyer (V4): why the visit did not succeed, and the three ways on."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from fieldwork.models import SiteVisit
from msa_portal.errors import Refused
from msa_portal.pdf import render_pdf
from requests_app.enums import VisitOutcome


def render(visit: SiteVisit) -> bytes:
    """The flyer as PDF. Its QR code opens the page with the reasons and the three options. No personal data
    but the address stands on it, since it stays at the door.

    Raises `Refused` where the visit did not fail.
    """
    report = visit.close_outs.filter(accepted=True, outcome=VisitOutcome.UNSUCCESSFUL).first()
    if report is None:
        raise Refused(_("There is a flyer only for a visit that did not succeed."), code="no_flyer")
    request = visit.order.round.request
    options = reverse("requests:after_visit", args=[request.reference])
    context = {
        "reference": request.reference,
        "visit": visit,
        "address": request.full_address,
        "reasons": report.reasons.all(),
        "qr_url": f"{settings.PUBLIC_URL}{options}",
    }
    return render_pdf("pdf/flyer.html", context)
