"""The leave-behind flyer (V4): why the visit did not succeed, and the three ways on."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from fieldwork.models import SiteVisit
from msa_portal.errors import Refused
from msa_portal.pdf import render_pdf
from requests_app.enums import VisitOutcome
from requests_app.follow_ups import follow_ups


class Paper(StrEnum):
    """What it is printed on: a sheet, or the roll of a van's printer, 4 by 6 inches and black alone."""

    LETTER = "letter"
    LABEL = "label"


_TEMPLATES = {Paper.LETTER: "pdf/flyer.html", Paper.LABEL: "pdf/flyer_label.html"}


def content(visit: SiteVisit) -> dict[str, Any]:
    """What stands on the flyer. `qr_url` opens the page with the reasons and the three options. No personal data
    but the address is on it, since it stays at the door.

    Raises `Refused` where the visit did not fail.
    """
    report = visit.close_outs.filter(accepted=True, outcome=VisitOutcome.UNSUCCESSFUL).first()
    if report is None:
        raise Refused(_("There is a flyer only for a visit that did not succeed."), code="no_flyer")
    msa_request = visit.order.round.msa_request
    options = reverse("requests:after_visit", args=[msa_request.reference])
    return {
        "reference": msa_request.reference,
        "visit": visit,
        "address": msa_request.full_address,
        "reasons": list(report.reasons.all()),
        "next_fee": follow_ups.next_fee(visit.order.round),
        "places_device": msa_request.places_device,
        "qr_url": f"{settings.PUBLIC_URL}{options}",
    }


def render(visit: SiteVisit, *, paper: Paper = Paper.LETTER) -> bytes:
    """The flyer as PDF. Raises `Refused` where the visit did not fail."""
    return render_pdf(_TEMPLATES[paper], content(visit))
