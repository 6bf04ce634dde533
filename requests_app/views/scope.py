"""Look up the request that a URL names. Anyone who may not have it gets a 404."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404

from msa_portal.accounts.models import User
from msa_portal.guards import SignedInRequest
from requests_app import permissions
from requests_app.models import MSARequest


def visible_or_404(request: SignedInRequest, reference: str) -> tuple[MSARequest, User]:
    """The request and the signed-in person, who may see it."""
    user = request.user
    return get_object_or_404(MSARequest.objects.visible_to(user), reference=reference), user


def acted_for_or_404(request: SignedInRequest, reference: str) -> tuple[MSARequest, User]:
    """The request and the signed-in person: its customer, or the agent who acts for them."""
    user = request.user
    visible = MSARequest.objects.visible_to(user).select_related(
        "owner", "agent", "agent_company", "authority", "device"
    )
    msa_request = get_object_or_404(visible, reference=reference)
    if not permissions.acts_for(user, msa_request):
        raise Http404
    return msa_request, user
