"""Who signed the agreement: each signature, on screen or on paper, and the execution that follows the last (A1, A2)."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock, take_over
from msa_portal.errors import Refused
from msa_portal.jobs import kick
from msa_portal.notices import limits
from requests_app import history, permissions
from requests_app.agreements.versions import check_open, check_wording, matches, void_invitations, write_signature
from requests_app.enums import AgreementState, DocumentKind, EventKind, Party, Section
from requests_app.files import storage, uploads
from requests_app.lifecycle import transitions
from requests_app.models import (
    Agreement,
    Document,
    MSARequest,
    Signature,
    SigningInvitation,
)
from requests_app.signing import authority, esign_consent, notices
from requests_app.signing.invitations import Proof, check_may_sign, invite

logger = logging.getLogger(__name__)


def open_for_signing(agreement: Agreement, msa_request: MSARequest) -> None:
    """The document is there: it may be signed, and the customer of an agent is invited to.

    The caller holds the locks on both rows.
    """
    agreement.state = AgreementState.SIGNING
    agreement.save(update_fields=["state", "document"])
    waited = agreement.waited_for
    notices.sign_again(agreement, msa_request)
    if not waited:
        _execute(agreement, msa_request, by=None)
    elif Party.AGENT in agreement.parties and Party.CUSTOMER in waited and msa_request.customer_email:
        _invite_after_rendering(agreement, msa_request)


def _invite_after_rendering(agreement: Agreement, msa_request: MSARequest) -> None:
    """Where the preparer has had too much email sent, the document is there, and the page has the button that invites."""
    try:
        with transaction.atomic():
            invite(agreement, msa_request, by=None)
    except Refused as refusal:
        if refusal.code != limits.CODE:
            raise
        logger.warning("agreement %s is ready, and nobody was invited: too much email", agreement.pk)


def sign(
    agreement: Agreement,
    *,
    party: Party,
    name: str,
    document_sha256: str,
    proof: Proof,
    drawing: uploads.Checked | None = None,
) -> Signature:
    """One party signs the document with that hash. The last signature executes the agreement.

    Raises `Refused` where the document changed meanwhile, the link is used, void or expired, the
    party signed already, or its consent to electronic records does not stand; nothing is written
    then. A drawn signature is an extra beside the typed name.
    """
    with storage.atomic():
        msa_request = lock(agreement.msa_request)
        msa_request.case.read_ahead()
        fresh = lock(agreement, "document", "wording")
        fresh.msa_request = msa_request
        fresh.read_signatures()
        check_open(msa_request)
        check_may_sign(fresh, msa_request, party, proof)
        _check_signable(fresh, msa_request, party, document_sha256)
        esign_consent.check_stands(msa_request, party, proof)
        drawn = None
        if drawing is not None:
            drawn = uploads.keep(msa_request, drawing, kind=DocumentKind.DRAWN_SIGNATURE, by=proof.user)
            msa_request = fresh.msa_request = lock(msa_request)  # as `keep` left it
        signature = _add_signature(fresh, party, name, document_sha256, proof, drawn)
        if party == Party.CUSTOMER:
            _settle_invitations(fresh, proof)
        _authorize(signature, msa_request, email=proof.email, customer=proof.user)
        history.record(
            msa_request,
            EventKind.AGREEMENT_SIGNED,
            by=proof.user,
            codes={"agreement": fresh.version, "party": party.value, "signature": signature.pk},
        )
        if not fresh.waited_for:
            _execute(fresh, msa_request, by=proof.user)
    take_over(agreement, fresh)
    return signature


def _check_signable(agreement: Agreement, msa_request: MSARequest, party: Party, document_sha256: str) -> None:
    if not agreement.missing_sections(party):
        raise Refused(_("This part is signed already."), code="already_signed")
    if agreement.state != AgreementState.SIGNING or agreement.document is None or not matches(agreement, msa_request):
        raise Refused(
            _("This agreement was replaced, because something in it changed. Open the request to see the new one."),
            code="agreement_replaced",
        )
    if agreement.document.sha256 != document_sha256:
        raise Refused(_("The document changed while you read it. Read it again, please."), code="document_changed")
    check_wording(agreement.wording)


def _add_signature(
    agreement: Agreement, party: Party, name: str, document_sha256: str, proof: Proof, drawing: Document | None
) -> Signature:
    written = " ".join(name.split())
    if not written:
        raise Refused(_("Type your full name to sign."), code="no_name", fields={"name": ""})
    return write_signature(
        Signature(
            agreement=agreement,
            party=party,
            sections=agreement.missing_sections(party),
            name=written,
            email=proof.email,
            email_proof="link" if proof.invitation else "account",
            user=proof.user,
            consent_text=agreement.wording.consent,
            drawing=drawing,
            document_sha256=document_sha256,
            signed_at=timezone.now(),
            ip_address=proof.ip_address,
            user_agent=proof.user_agent[:300],
        )
    )


def accept_paper(
    agreement: Agreement, *, party: Party, sections: list[str], email: str, sent_by: User | None, by: User
) -> Signature | None:
    """Staff accepted these sections, signed by hand. The signature is there once all of that party's are.

    `email` and `sent_by` say who sent the pages: a customer's link, or a person with an account.
    The caller holds the locks on the request and the agreement, and has checked who decides.
    """
    msa_request = agreement.msa_request
    check_open(msa_request)
    missing = agreement.missing_sections(party)
    if agreement.document is None or not missing or not set(missing) <= set(sections):
        return None
    _check_signable(agreement, msa_request, party, agreement.document.sha256)
    facts = agreement.facts
    signature = write_signature(
        Signature(
            agreement=agreement,
            party=party,
            sections=missing,
            name=facts["customer_name"] if party == Party.CUSTOMER else facts["agent"],
            email=email,
            email_proof="paper",
            user=None,
            consent_text="",
            document_sha256=agreement.document.sha256,
            signed_at=timezone.now(),
        )
    )
    by_customer = sent_by is None or sent_by.pk == msa_request.owner_id
    if by_customer:
        _authorize(signature, msa_request, email=email, customer=sent_by)
    else:
        address = msa_request.owner.email if msa_request.owner else msa_request.customer_email
        _authorize(signature, msa_request, email=address, customer=msa_request.owner, proven=False)
    if party == Party.CUSTOMER:
        # The link stays with the customer as one that was used: it opens the copy until it expires.
        open_links = agreement.invitations.filter(used_at__isnull=True, voided_at__isnull=True)
        open_links.update(used_at=timezone.now())
    history.record(
        msa_request,
        EventKind.AGREEMENT_SIGNED,
        by=by,
        codes={"agreement": agreement.version, "party": party.value, "signature": signature.pk, "how": "paper"},
    )
    if not agreement.waited_for:
        _execute(agreement, msa_request, by=by)
    return signature


def _authorize(
    signature: Signature, msa_request: MSARequest, *, email: str, customer: User | None, proven: bool = True
) -> None:
    """The customer's signature under the authorization is what lets the agent act (A2, D22)."""
    if signature.party == Party.CUSTOMER and Section.AUTHORIZATION in signature.sections:
        authority.grant(msa_request, email=email, customer=customer, proven=proven)


def _settle_invitations(agreement: Agreement, proof: Proof) -> None:
    """The link that was used is used; one that was open beside it is void. Without an agent nobody is invited."""
    if proof.invitation is not None:
        SigningInvitation.objects.filter(pk=proof.invitation.pk).update(used_at=timezone.now())
    if agreement.msa_request.agent_company_id is not None:
        void_invitations(agreement)


def _execute(agreement: Agreement, msa_request: MSARequest, *, by: User | None) -> None:
    agreement.state = AgreementState.EXECUTED
    agreement.executed_at = timezone.now()
    agreement.save(update_fields=["state", "executed_at"])
    msa_request.case.now_has(agreement=agreement)
    history.record(msa_request, EventKind.AGREEMENT_EXECUTED, by=by, codes={"agreement": agreement.version})
    transitions.advance(msa_request, by=permissions.on_behalf_of(msa_request))
    kick("requests_app.render_agreement", agreement.pk)
