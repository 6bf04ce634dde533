"""The links that customers sign by: a signature over the invitation's key, made when mail leaves."""

from __future__ import annotations

import uuid

from django.core import signing
from django.db import transaction

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices import links
from msa_portal.notices.links import LinkGone, absolute
from requests_app import agreements, drafts
from requests_app.models import SigningInvitation
from requests_app.notices import SIGNING_LINK

# A dot parts key and signature: a colon would be escaped by some mail programs.
_SIGNER = signing.Signer(salt="requests_app.signing_links", sep=".")


def connect() -> None:
    links.register(SIGNING_LINK, address_for)


def token_for(key: uuid.UUID) -> str:
    return _SIGNER.sign(key.hex)


def address_for(key: str) -> str:
    """The absolute link for an invitation's key; raises `LinkGone` where it opens nothing any more."""
    invitation = SigningInvitation.objects.filter(key=uuid.UUID(key)).first()
    if invitation is None:
        raise LinkGone("no such invitation")
    try:
        agreements.check_invitation(invitation)
    except Refused as refusal:
        raise LinkGone(refusal.code) from refusal
    return absolute(f"/sign/{token_for(invitation.key)}/")


def invitation_for(token: str) -> SigningInvitation | None:
    """None for a token that we did not make."""
    try:
        key = uuid.UUID(hex=_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return (
        SigningInvitation.objects.filter(key=key)
        .select_related("agreement__request__agent_company", "agreement__request__agent", "agreement__request__owner")
        .select_related("agreement__wording", "agreement__document", "agreement__executed_document")
        .first()
    )


def claim(invitation: SigningInvitation, *, by: User) -> None:
    """Take the request into the bearer's own account (D10).

    The link went to the customer's address alone, so its bearer reads the customer's mail. It
    claims once, until it expires, also after it was used to sign.
    """
    with transaction.atomic():
        request = lock(invitation.agreement.request)
        fresh = lock(invitation)
        agreements.check_link_holds(fresh)
        drafts.claim(request, by=by)
        fresh.claimed_by = by
        fresh.save(update_fields=["claimed_by"])
