"""The email after a failed visit (V4)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from msa_portal.notices.outbox import Notice
from requests_app.enums import EventKind
from requests_app.follow_ups import failure_reasons, follow_ups
from requests_app.lifecycle import policies
from requests_app.models import (
    MSARequest,
    RequestEvent,
)
from requests_app.notices import CUSTOMER_AND_AGENT, notify, page


class VisitUnsuccessful(Notice):
    name = "visit_unsuccessful"
    audience = CUSTOMER_AND_AGENT


def visit_unsuccessful(msa_request: MSARequest, event: RequestEvent) -> None:
    """The reasons, and the three options under their official names (V4, R7)."""
    visit = policies.failed_round(msa_request)
    fee = follow_ups.next_fee(visit)
    notify(
        VisitUnsuccessful,
        msa_request,
        key=str(event.pk),
        act_by=msa_request.owner_acts_by,
        is_corrected=event.kind == EventKind.CORRECT_TO_FAILED,
        reasons=[_failure(msa_request, detail) for detail in failure_reasons.explained(msa_request, visit)],
        next_fee=f"{fee.outcome} {fee.why}",
        options=_options(msa_request),
    )


def _failure(msa_request: MSARequest, detail: failure_reasons.ReasonDetail) -> dict[str, str]:
    return {
        "title": detail.reason.title,
        "explanation": detail.reason.explanation,
        "whose": detail.whose,
        "todo": detail.todo,
        "cost": detail.cost,
        "photo_url": f"{page(msa_request, 'reschedule')}#reason-{detail.reason.pk}" if detail.photos else "",
    }


def _options(msa_request: MSARequest) -> list[dict[str, str]]:
    options = [
        ("reschedule", _("Reschedule MSA Site Visit"), _("You put the reasons right and keep your device.")),
        ("withdraw", _("Withdraw IR"), _("You end the request.")),
    ]
    if msa_request.places_device:
        options.insert(0, ("modify", _("Modification Request"), _("You choose a different approved MSA.")))
    return [{"url": page(msa_request, name), "title": title, "what": what} for name, title, what in options]
