"""Where the provider tells that something happened."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from msa_portal.guards import signed_message
from payments import provider
from payments.services import events

logger = logging.getLogger(__name__)


@signed_message
@csrf_exempt  # the signature says who calls
@require_POST
def stripe(request: HttpRequest) -> HttpResponse:
    """200 once the event is written down; 400 and nothing written unless the provider signed it just now."""
    try:
        event = provider.read_event(request.body, request.headers.get("Stripe-Signature", ""))
    except provider.BadSignature as error:
        logger.warning("a webhook call was refused: %s", error)
        return HttpResponse("The signature does not hold.", status=400, content_type="text/plain")
    events.record(event)
    return HttpResponse(status=200)
