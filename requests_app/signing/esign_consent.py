"""Consent to electronic records: a step of its own before the signature (15 USC 7001(c), Civil Code 1633.5).

Whoever consents has first opened the agreement's PDF by a button of their own, which shows that
they can. A consent is for one request and one person; it stands until they withdraw it.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import history
from requests_app.enums import AgreementState, EventKind, Party
from requests_app.models import Agreement, Document, DocumentOpening, MSARequest, SigningConsent, SigningInvitation
from requests_app.signing import esign_disclosures, invitations
from requests_app.signing.invitations import Proof


def open_document(agreement: Agreement, party: Party, proof: Proof) -> Document:
    """The PDF to sign, for whoever is asked to; that they got it is recorded."""
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        fresh = lock(agreement, "document")
        invitations.check_may_sign(fresh, msa_request, party, proof)
        document = _document_to_sign(fresh)
        DocumentOpening.objects.create(
            agreement=fresh,
            party=party,
            email=proof.email,
            user=proof.user,
            document_sha256=document.sha256,
            opened_at=timezone.now(),
            ip_address=proof.ip_address,
            user_agent=proof.user_agent[:300],
        )
    return document


def give(agreement: Agreement, party: Party, proof: Proof) -> SigningConsent:
    """With the text that was shown. Given twice it is kept once."""
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        fresh = lock(agreement, "document")
        invitations.check_may_sign(fresh, msa_request, party, proof)
        _document_to_sign(fresh)
        existing = standing(msa_request, party, proof)
        if existing is not None:
            return existing
        opening = last_opening(msa_request, party, proof)
        if opening is None:
            raise Refused(
                _("Open the agreement as PDF first. It shows that you can read what we send you."), code="not_opened"
            )
        consent = SigningConsent.objects.create(
            agreement=fresh,
            party=party,
            text_version=esign_disclosures.VERSION,
            text=esign_disclosures.text(),
            email=proof.email,
            user=proof.user,
            opening=opening,
            given_at=timezone.now(),
            ip_address=proof.ip_address,
            user_agent=proof.user_agent[:300],
        )
        codes = {"agreement": fresh.version, "party": party.value, "consent": consent.pk}
        history.record(msa_request, EventKind.CONSENT_GIVEN, by=proof.user, codes=codes)
    return consent


def withdraw(agreement: Agreement, party: Party, proof: Proof) -> None:
    """At any time, by the person who gave it. What they signed stays; what they have yet to sign goes by paper."""
    with transaction.atomic():
        msa_request = lock(agreement.msa_request)
        if proof.invitation is not None:
            invitations.check_link_holds(lock(proof.invitation))
        consents = list(_of_person(msa_request, party, proof))
        if not consents:
            raise Refused(
                _("You have not agreed to sign electronically, so there is nothing to take back."), code="no_consent"
            )
        SigningConsent.objects.filter(pk__in=[consent.pk for consent in consents]).update(withdrawn_at=timezone.now())
        codes = {"agreement": agreement.version, "party": party.value, "consent": consents[-1].pk}
        history.record(msa_request, EventKind.CONSENT_WITHDRAWN, by=proof.user, codes=codes)


def standing(msa_request: MSARequest, party: Party, proof: Proof) -> SigningConsent | None:
    """What that person consented to, in the words that are shown today."""
    return _of_person(msa_request, party, proof).filter(text_version=esign_disclosures.VERSION).last()


def check_stands(msa_request: MSARequest, party: Party, proof: Proof) -> None:
    if standing(msa_request, party, proof) is None:
        raise Refused(
            _("First say that you agree to sign electronically, or sign on paper instead."), code="no_consent"
        )


def last_opening(msa_request: MSARequest, party: Party, proof: Proof) -> DocumentOpening | None:
    rows = DocumentOpening.objects.filter(
        _is_person(msa_request, proof), agreement__msa_request=msa_request, party=party
    )
    return rows.order_by("pk").last()


def _of_person(msa_request: MSARequest, party: Party, proof: Proof) -> QuerySet[SigningConsent]:
    rows = SigningConsent.objects.filter(
        _is_person(msa_request, proof), agreement__msa_request=msa_request, party=party
    )
    return rows.filter(withdrawn_at__isnull=True).order_by("pk")


def _is_person(msa_request: MSARequest, proof: Proof) -> Q:
    """The account; without one the mailed address. Who took the request over by a link was its bearer (D10)."""
    if proof.user is None:
        return Q(user=None, email=proof.email)
    claimed = SigningInvitation.objects.filter(agreement__msa_request=msa_request, claimed_by=proof.user)
    return Q(user=proof.user) | Q(user=None, email__in=claimed.values("email"))


def _document_to_sign(agreement: Agreement) -> Document:
    if agreement.state != AgreementState.SIGNING or agreement.document is None:
        raise Refused(_("This agreement is not waiting for a signature."), code="not_signing")
    return agreement.document
