"""A customer's email address that staff correct on the phone: the new one proves itself, the old one is told.

Only the address moves. The account, what was signed, and the agent's authority stay as they are, and a customer with an
account changes the address there.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock, locked
from msa_portal.errors import Refused
from msa_portal.notices import links, outbox
from msa_portal.notices.links import LinkGone, absolute
from requests_app import enums, history
from requests_app.enums import AgreementState, EventKind
from requests_app.models import AddressCorrection, Agreement, MSARequest, ProgramSettings, SigningInvitation
from requests_app.signing import invitations
from requests_app.signing import notices as signing_notices

LINK = "address_correction"
_SIGNER = signing.Signer(salt="requests_app.address_corrections", sep=".")


def connect() -> None:
    links.register(LINK, address_for)


def ask(msa_request: MSARequest, email: str, *, by: User) -> AddressCorrection:
    """Email the new address a link, in place of any earlier one, and tell the old address. Nothing changes yet.

    The caller has checked that the address is nobody's of the agent's company (A2).
    """
    if not by.has_perm("requests_app.screen_msarequest"):
        raise Refused(_("Only program staff correct a customer's address."), code="not_allowed")
    with locked(msa_request) as fresh:
        _check_correctable(fresh)
        if fresh.customer_email.lower() == email.lower():
            raise Refused(_("That is the address already."), code="unchanged", fields={"email": ""})
        _open(fresh).update(ended_at=timezone.now())
        correction = AddressCorrection.objects.create(
            msa_request=fresh,
            from_email=fresh.customer_email,
            to_email=email,
            asked_by=by,
            expires_at=timezone.now() + timedelta(days=ProgramSettings.current().signing_link_days),
        )
        signing_notices.confirm_address(correction)
        signing_notices.address_to_change(correction)
    return correction


def confirm(correction: AddressCorrection) -> None:
    """Its owner confirmed it by the link. An open link to sign goes to the new address, the one at the old is void."""
    with locked(correction.msa_request) as fresh:
        row = lock(correction)
        row.msa_request = fresh
        check_open(row)
        _check_correctable(fresh)
        row.confirmed_at = timezone.now()
        row.save(update_fields=["confirmed_at"])
        fresh.customer_email = row.to_email
        fresh.facts_changed(["customer_email"])
        fresh.save(update_fields=["customer_email", "version", "fact_writes", "updated_at"])
        outbox.cancel_to(row.from_email, reference=str(fresh), besides=signing_notices.AddressToChange)
        history.record(fresh, EventKind.ADDRESS_CORRECTED, by=None, codes={"correction": row.pk})
        # The address before opens nothing of this request from now on.
        old_links = SigningInvitation.objects.filter(agreement__msa_request=fresh, email__iexact=row.from_email)
        old_links.update(expires_at=timezone.now())
        for agreement in Agreement.objects.current().filter(msa_request=fresh, state=AgreementState.SIGNING):
            if agreement.invitations.filter(used_at__isnull=True, voided_at__isnull=True).exists():
                agreement.msa_request = fresh
                invitations.invite(lock(agreement), fresh, by=None)
    correction.refresh_from_db()


def pending(msa_request: MSARequest) -> AddressCorrection | None:
    rows = _open(msa_request).filter(expires_at__gt=timezone.now())
    return rows.filter(from_email__iexact=msa_request.customer_email).first()


def _open(msa_request: MSARequest) -> QuerySet[AddressCorrection]:
    return AddressCorrection.objects.filter(msa_request=msa_request, confirmed_at__isnull=True, ended_at__isnull=True)


def _check_correctable(msa_request: MSARequest) -> None:
    if msa_request.owner_id is not None:
        raise Refused(
            _("This customer has an account and changes the email address there, under “Account”."), code="has_account"
        )
    if msa_request.status in enums.FINAL:
        raise Refused(_("This request is closed."), code="closed")


def check_open(correction: AddressCorrection) -> None:
    """It corrects one address: if the agent has put that right meanwhile, the link opens nothing."""
    if correction.confirmed_at is not None:
        raise Refused(_("This address is confirmed already. There is nothing more to do."), code="confirmed")
    is_overtaken = correction.msa_request.customer_email.lower() != correction.from_email.lower()
    if is_overtaken or correction.ended_at is not None or correction.expires_at <= timezone.now():
        raise Refused(_("This link no longer works. Call us, and we'll email a new one."), code="link_ended")


def token_for(key: uuid.UUID) -> str:
    return _SIGNER.sign(key.hex)


def address_for(key: str) -> str:
    """The absolute link; raises `LinkGone` where it opens nothing any longer."""
    correction = AddressCorrection.objects.filter(key=uuid.UUID(key)).select_related("msa_request").first()
    if correction is None:
        raise LinkGone("no such correction")
    try:
        check_open(correction)
    except Refused as refusal:
        raise LinkGone(refusal.code) from refusal
    return absolute(f"/confirm-address/{token_for(correction.key)}/")


def correction_for(token: str) -> AddressCorrection | None:
    """None for a token that we didn't make."""
    try:
        key = uuid.UUID(hex=_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return AddressCorrection.objects.filter(key=key).select_related("msa_request").first()
