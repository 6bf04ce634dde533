"""Who has the ball (D6)."""

from __future__ import annotations

from requests_app.enums import FINAL, WITH_UTILITY, AgreementState, Holder, Party, Status
from requests_app.models import Agreement, MSARequest


def holder_of(request: MSARequest) -> Holder:
    """Who must act next. While the customer's signature is out, that is the customer."""
    if request.status in FINAL:
        return Holder.NOBODY
    if request.status in WITH_UTILITY:
        return Holder.UTILITY
    if not request.has_agent or _waits_for_customer_signature(request):
        return Holder.CUSTOMER
    return Holder.AGENT


def _waits_for_customer_signature(request: MSARequest) -> bool:
    agreement = Agreement.objects.current().filter(request=request, state=AgreementState.SIGNING).first()
    if agreement is None:
        return False
    waited_for = agreement.waited_for
    return Party.CUSTOMER in waited_for and (request.status != Status.UNSUBMITTED or Party.AGENT not in waited_for)
