"""Invitations to sign: the emailed link, whom it lets in, and when it stops working (fault 47)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.notices import links
from msa_portal.notices.links import LinkGone, absolute
from requests_app import history, permissions
from requests_app.agreements.versions import void_invitations
from requests_app.enums import AgreementState, EventKind, Party
from requests_app.lifecycle import drafts
from requests_app.models import (
    Agreement,
    MSARequest,
    ProgramSettings,
    SigningInvitation,
)
from requests_app.notices import SIGNING_LINK


def invite_customer(agreement: Agreement, *, by: User) -> SigningInvitation:
    """Mail the customer of an agent a link to sign, in place of any earlier link."""
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        permissions.check_acts_for(by, msa_request)
        if msa_request.agent_company_id is None:
            raise Refused(_("You sign on this page, so there is nobody to invite."), code="no_agent")
        fresh = lock(agreement)
        if fresh.state != AgreementState.SIGNING:
            raise Refused(_("This agreement is not waiting for a signature."), code="not_signing")
        if not fresh.missing_sections(Party.CUSTOMER):
            raise Refused(_("The customer has signed already."), code="already_signed")
        return invite(fresh, msa_request, by=by)


def correct_address(agreement: Agreement, email: str, *, by: User) -> SigningInvitation:
    """The agent mistyped the customer's address: the link goes to the right one, the earlier one is void.

    The address is no covered fact, so what was signed stands. A customer with an account changes
    theirs in the account. The caller has checked that the address is nobody's of the company (A2).
    """
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        permissions.check_acts_for(by, msa_request)
        if msa_request.owner_id is not None:
            raise Refused(
                _("The customer follows this request with an account, and changes the address there."),
                code="has_account",
            )
        msa_request.customer_email = email
        msa_request.facts_changed(["customer_email"])
        msa_request.save(update_fields=["customer_email", "version", "fact_writes", "updated_at"])
        agreement.msa_request = msa_request
        return invite_customer(agreement, by=by)


def cancel_invitation(agreement: Agreement, *, by: User) -> None:
    """The link that is out opens nothing any more; a new one can be sent at any time."""
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        permissions.check_acts_for(by, msa_request)
        fresh = lock(agreement)
        voided = void_invitations(fresh)
        if not voided:
            raise Refused(_("There is no open invitation to cancel."), code="no_invitation")
        history.record(msa_request, EventKind.INVITATION_CANCELED, by=by, codes={"agreement": fresh.version})


def renew_invitation(agreement: Agreement, msa_request: MSARequest) -> SigningInvitation:
    """A new link in place of one that runs out while its signer is reminded. The caller holds the locks."""
    return invite(agreement, msa_request, by=None)


def invite(agreement: Agreement, msa_request: MSARequest, *, by: User | None) -> SigningInvitation:
    """The notice is queued by the receiver of the event. The caller holds the locks."""
    void_invitations(agreement)
    invitation = SigningInvitation.objects.create(
        agreement=agreement,
        email=msa_request.customer_email,
        expires_at=timezone.now() + timedelta(days=ProgramSettings.current().signing_link_days),
    )
    history.record(
        msa_request,
        EventKind.SIGNATURE_REQUESTED,
        by=by,
        codes={"agreement": agreement.version, "invitation": invitation.pk},
    )
    return invitation


@dataclass(frozen=True)
class Proof:
    """How a signer is known: signed in, or by a mailed link; from which address and browser."""

    user: User | None
    invitation: SigningInvitation | None
    email: str
    ip_address: str | None
    user_agent: str


def check_may_sign(agreement: Agreement, msa_request: MSARequest, party: Party, proof: Proof) -> None:
    if proof.invitation is not None:
        invitation = lock(proof.invitation)
        check_invitation(invitation)
        if invitation.agreement_id != agreement.pk or invitation.party != party:
            raise Refused(_("This link is for another document."), code="wrong_link")
        return
    if proof.user is None:
        raise Refused(_("Sign in first."), code="not_allowed")
    if party == Party.CUSTOMER and msa_request.owner_id != proof.user.pk:
        raise Refused(_("The customer signs this part. We mailed them a link."), code="not_allowed")
    if party == Party.AGENT and (
        msa_request.owner_id == proof.user.pk or not permissions.is_agent_of(proof.user, msa_request)
    ):
        raise Refused(_("The agent signs this part."), code="not_allowed")


def check_invitation(invitation: SigningInvitation) -> None:
    """The link may still sign: not used, not void, not expired."""
    if invitation.used_at is not None:
        raise Refused(_("This link was used already: you have signed. There is nothing more to do."), code="link_used")
    check_link_holds(invitation)


def check_link_holds(invitation: SigningInvitation) -> None:
    """Not void and not expired: it still shows who its bearer is."""
    if invitation.voided_at is not None:
        raise Refused(
            _("This link is no longer valid: a newer one was sent, or something changed. Look for our latest e-mail."),
            code="link_void",
        )
    if invitation.expires_at <= timezone.now():
        raise Refused(
            _("This link has expired. Ask the person who acts for you to send a new one."), code="link_expired"
        )


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
        check_invitation(invitation)
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
        .select_related(
            "agreement__msa_request__agent_company", "agreement__msa_request__agent", "agreement__msa_request__owner"
        )
        .select_related("agreement__msa_request__authority")
        .select_related("agreement__wording", "agreement__document", "agreement__executed_document")
        .first()
    )


def claim(invitation: SigningInvitation, *, by: User) -> None:
    """Take the request into the bearer's own account (D10).

    The link went to the customer's address alone, so its bearer reads the customer's mail. It
    claims once, until it expires, also after it was used to sign.
    """
    with transaction.atomic():
        msa_request = lock(invitation.agreement.msa_request)
        fresh = lock(invitation)
        check_link_holds(fresh)
        drafts.claim(msa_request, by=by, address=fresh.email)
        fresh.claimed_by = by
        fresh.save(update_fields=["claimed_by"])
