"""What a technician is told of a report that was taken in, and what its customer will be told."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fieldwork.models import CloseOut
from requests_app.enums import RequestType, VisitOutcome


def done_text(request_type: str) -> str:
    """What a technician calls such a visit that went well."""
    if request_type == RequestType.REMOVAL:
        return _("Removed")
    return _("Installed") if request_type == RequestType.INSTALL else _("Done")


def conflict_text(kept: CloseOut) -> str:
    """Why the report did not close its visit, and that nothing of it is lost (faults 17, 20)."""
    reason = {
        CloseOut.Conflict.ALREADY_CLOSED: _("This visit was closed already."),
        CloseOut.Conflict.CANCELED: _("This visit was canceled meanwhile."),
        CloseOut.Conflict.REASSIGNED: _("This visit was given to another technician meanwhile."),
        CloseOut.Conflict.OVERRULED: _("Dispatch looked at two reports of this visit and let the other one stand."),
    }[CloseOut.Conflict(kept.conflict)]
    return f"{reason} {_('Your report and its photos are kept, and dispatch will look at them.')}"


def customer_is_told(kept: CloseOut) -> list[str]:
    """The message to customer and agent, in short; nothing where the report is a conflict."""
    if kept.conflict:
        return []
    if kept.outcome == VisitOutcome.COMPLETE:
        photos = kept.photos.count()  # what is not there is not promised
        return [
            _("The customer is told that the work is done."),
            ngettext(
                "They get the photo and the next steps for their device.",
                "They get the photos and the next steps for their device.",
                photos,
            )
            if photos
            else _("They get the next steps for their device. There is no photo."),
        ]
    reasons = [_("Why: %(reason)s") % {"reason": reason.title} for reason in kept.reasons.all()]
    ways = _("The three ways on: Reschedule MSA Site Visit, Modification Request, Withdraw IR.")
    return [_("The customer is told that the work could not be done."), *reasons, ways]
