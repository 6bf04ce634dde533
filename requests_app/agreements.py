"""The agreement: which facts it covers, when it must be signed anew, and who signed (A1 to A3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import coverage, documents, history, permissions, uploads
from requests_app.enums import FINAL, AgreementState, DocumentKind, EventKind, Party, Section
from requests_app.models import (
    Agreement,
    AgreementWording,
    Document,
    MSARequest,
    ProgramSettings,
    Signature,
    SignedSection,
    SigningInvitation,
)

# Of a signature, what goes with it to the next version.
_CARRIED = (
    "party",
    "name",
    "email",
    "email_proof",
    "user",
    "consent_text",
    "drawing_id",
    "document_sha256",
    "signed_at",
    "ip_address",
    "user_agent",
)
_WORK_FIELDS = tuple(name for name in coverage.WORK if name != "device")
# The request's own fields among the covered facts; the agent's company changes by a door of its own.
COVERED_FIELDS = frozenset({*coverage.CUSTOMER, *coverage.WORK})


def covered_facts(request: MSARequest) -> dict[str, Any]:
    """The facts that an agreement made now would state, as plain JSON."""
    facts: dict[str, Any] = {name: getattr(request, name) for name in (*coverage.CUSTOMER, *_WORK_FIELDS)}
    facts["device"] = str(request.device) if request.places_device and request.device else ""
    facts["agent_company"] = request.agent_company.name if request.has_agent and request.agent_company else ""
    facts["agent"] = request.agent.name if request.has_agent and request.agent else ""
    return facts


def sections_for(request: MSARequest) -> list[str]:
    """The customer's terms always; the agent's two sections where an agent submits (A2)."""
    agent = [Section.AUTHORIZATION.value, Section.SUBMITTAL.value] if request.has_agent else []
    return [Section.CUSTOMER_TERMS.value, *agent]


def current(request: MSARequest) -> Agreement | None:
    return Agreement.objects.current().filter(request=request).select_related("document", "wording").first()


def replaced(agreement: Agreement | None, request: MSARequest) -> Agreement | None:
    """The version before that one, or the last of all: what people had in hand."""
    older = Agreement.objects.filter(request=request, state=AgreementState.SUPERSEDED)
    if agreement is not None:
        older = older.filter(version__lt=agreement.version)
    return older.order_by("version").last()


def is_executed(request: MSARequest) -> bool:
    """Signed by everyone, and every fact in it still stands."""
    agreement = current(request)
    return agreement is not None and agreement.state == AgreementState.EXECUTED and states(agreement, request)


def wording_in_force() -> AgreementWording:
    """The newest wording that a supervisor published; in demo, failing that, the newest sample (D19)."""
    published = AgreementWording.objects.filter(published_at__isnull=False)
    if not settings.DEMO:
        published = published.filter(published_by__isnull=False)
    found = published.order_by("-published_at", "-pk").first()
    if found is None and settings.DEMO:
        found = AgreementWording.objects.filter(is_sample=True).order_by("-pk").first()
    if found is None:
        raise Refused(
            _("The agreement's wording is not published yet, so nothing can be signed. Please come back later."),
            code="no_wording",
        )
    return found


def _check_wording(wording: AgreementWording) -> None:
    """Outside demo nobody signs what no supervisor published (D19)."""
    if not settings.DEMO and wording.published_by_id is None:
        raise Refused(
            _("This agreement's wording is not published, so it cannot be signed. Please come back later."),
            code="no_wording",
        )


def prepare(request: MSARequest, *, by: User) -> Agreement:
    """Make the agreement for the facts as they are, or return the one that already states them.

    An older one is superseded and its invitations are void. The PDF is rendered by a task after
    the commit (`requests_app.tasks.render_agreement`); until then the state is `rendering`.
    """
    from requests_app import hidden, policies, tasks

    with transaction.atomic():
        fresh = lock(request)
        permissions.check_acts_for(by, fresh)
        policies.check_form_complete(fresh)
        hidden.drop(fresh)
        _check_open(fresh)
        existing = current(fresh)
        if existing is not None and states(existing, fresh):
            return existing
        if existing is not None:
            supersede(existing, by=by)
        fresh.agreement_version += 1
        fresh.save(update_fields=["agreement_version", "updated_at"])
        agreement = Agreement.objects.create(
            request=fresh,
            version=fresh.agreement_version,
            wording=wording_in_force(),
            facts=covered_facts(fresh),
            sections=sections_for(fresh),
        )
        _carry_over(agreement)
        history.record(fresh, EventKind.AGREEMENT_PREPARED, by=by, codes={"agreement": agreement.version})
        transaction.on_commit(lambda: tasks.kick_rendering(agreement.pk))
    return agreement


def _check_open(request: MSARequest) -> None:
    if request.status in FINAL:
        raise Refused(
            _("This request is “%(status)s”, so nothing is signed any more.")
            % {"status": request.get_status_display()},
            code="request_closed",
        )


def states(agreement: Agreement, request: MSARequest) -> bool:
    """Whether it says what the request says now (A3)."""
    return agreement.sections == sections_for(request) and not coverage.differing(
        agreement.facts, covered_facts(request)
    )


def _carry_over(agreement: Agreement) -> None:
    """What was signed of the version before stands, where wording and all facts of a section are the same."""
    before = replaced(agreement, agreement.request)
    if before is None or before.wording_id != agreement.wording_id:
        return
    same = set(coverage.unchanged_sections(before.facts, agreement.facts, agreement.sections))
    for signature in before.signatures.order_by("pk"):
        kept = [section for section in signature.sections if section in same]
        if kept:
            _write_signature(_copied(signature, agreement, kept))


def _copied(signature: Signature, agreement: Agreement, sections: list[str]) -> Signature:
    original = signature.carried_from or signature
    return Signature(
        agreement=agreement,
        sections=sections,
        carried_from=original,
        **{name: getattr(original, name) for name in _CARRIED},
    )


def _write_signature(signature: Signature) -> Signature:
    """With a row a section: the database lets a party sign each once (fault 44)."""
    signature.save(force_insert=True)
    SignedSection.objects.bulk_create(
        SignedSection(signature=signature, agreement=signature.agreement, party=signature.party, section=section)
        for section in signature.sections
    )
    return signature


def supersede(agreement: Agreement, *, by: User | None) -> None:
    """Replaced: its invitations are void. The caller holds the request's lock."""
    now = timezone.now()
    agreement.state = AgreementState.SUPERSEDED
    agreement.superseded_at = now
    agreement.save(update_fields=["state", "superseded_at"])
    _void_invitations(agreement)
    history.record(agreement.request, EventKind.AGREEMENT_SUPERSEDED, by=by, codes={"agreement": agreement.version})


def supersede_if_changed(request: MSARequest, *, by: User | None, changed: Iterable[str] | None = None) -> bool:
    """After a change of facts: replace an agreement that no longer states them (A3).

    `changed` are the fields that the caller changed. Costs no query where none of them is covered,
    nor where there is no agreement yet.
    """
    if not request.agreement_version or (changed is not None and COVERED_FIELDS.isdisjoint(changed)):
        return False
    agreement = current(request)
    if agreement is None or states(agreement, request):
        return False
    agreement.request = request
    supersede(agreement, by=by)
    return True


def void_pending(request: MSARequest, *, by: User | None) -> None:
    """No link of the request signs any more; what was signed stays. The caller holds the request's lock."""
    agreement = current(request)
    if agreement is not None and _void_invitations(agreement):
        history.record(request, EventKind.INVITATION_CANCELED, by=by, codes={"agreement": agreement.version})


def _void_invitations(agreement: Agreement) -> int:
    return SigningInvitation.objects.filter(agreement=agreement, used_at__isnull=True, voided_at__isnull=True).update(
        voided_at=timezone.now()
    )


def open_for_signing(agreement: Agreement, request: MSARequest) -> None:
    """The document is there: it may be signed, and the customer of an agent is invited to.

    The caller holds the locks on both rows.
    """
    from requests_app import notices

    agreement.state = AgreementState.SIGNING
    agreement.save(update_fields=["state", "document"])
    waited = agreement.waited_for
    notices.sign_again(agreement, request)
    if not waited:
        _execute(agreement, request, by=None)
    elif Party.AGENT in agreement.parties and Party.CUSTOMER in waited and request.customer_email:
        _invite(agreement, request, by=None)


def invite_customer(agreement: Agreement, *, by: User) -> SigningInvitation:
    """Mail the customer of an agent a link to sign, in place of any earlier link."""
    with transaction.atomic():
        request = lock(agreement.request)
        permissions.check_acts_for(by, request)
        fresh = lock(agreement)
        if fresh.state != AgreementState.SIGNING:
            raise Refused(_("This agreement is not waiting for a signature."), code="not_signing")
        if not fresh.missing_sections(Party.CUSTOMER):
            raise Refused(_("The customer has signed already."), code="already_signed")
        return _invite(fresh, request, by=by)


def correct_address(agreement: Agreement, email: str, *, by: User) -> SigningInvitation:
    """The agent mistyped the customer's address: the link goes to the right one, the earlier one is void.

    The address is no covered fact, so what was signed stands. A customer with an account changes
    theirs in the account. The caller has checked that the address is nobody's of the company (A2).
    """
    with transaction.atomic():
        request = lock(agreement.request)
        permissions.check_acts_for(by, request)
        if request.owner_id is not None:
            raise Refused(
                _("The customer follows this request with an account, and changes the address there."),
                code="has_account",
            )
        request.customer_email = email
        request.version += 1
        request.save(update_fields=["customer_email", "version", "updated_at"])
        agreement.request = request
        return invite_customer(agreement, by=by)


def cancel_invitation(agreement: Agreement, *, by: User) -> None:
    """The link that is out opens nothing any more; a new one can be sent at any time."""
    with transaction.atomic():
        request = lock(agreement.request)
        permissions.check_acts_for(by, request)
        fresh = lock(agreement)
        voided = _void_invitations(fresh)
        if not voided:
            raise Refused(_("There is no open invitation to cancel."), code="no_invitation")
        history.record(request, EventKind.INVITATION_CANCELED, by=by, codes={"agreement": fresh.version})


def renew_invitation(agreement: Agreement, request: MSARequest) -> SigningInvitation:
    """A new link in place of one that runs out while its signer is reminded. The caller holds the locks."""
    return _invite(agreement, request, by=None)


def _invite(agreement: Agreement, request: MSARequest, *, by: User | None) -> SigningInvitation:
    """The notice is queued by the receiver of the event. The caller holds the locks."""
    _void_invitations(agreement)
    invitation = SigningInvitation.objects.create(
        agreement=agreement,
        email=request.customer_email,
        expires_at=timezone.now() + timedelta(days=ProgramSettings.current().signing_link_days),
    )
    history.record(
        request,
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
    from requests_app import consents

    with documents.atomic():
        request = lock(agreement.request)
        fresh = lock(agreement)
        _check_open(request)
        check_may_sign(fresh, request, party, proof)
        _check_signable(fresh, request, party, document_sha256)
        consents.check_stands(request, party, proof)
        drawn = None
        if drawing is not None:
            drawn = uploads.keep(request, drawing, kind=DocumentKind.DRAWN_SIGNATURE, by=proof.user)
            request = lock(request)  # as `keep` left it
        signature = _add_signature(fresh, party, name, document_sha256, proof, drawn)
        if party == Party.CUSTOMER:
            _settle_invitations(fresh, proof)
        _authorize(signature, request)
        history.record(
            request,
            EventKind.AGREEMENT_SIGNED,
            by=proof.user,
            codes={"agreement": fresh.version, "party": party.value, "signature": signature.pk},
        )
        if not fresh.waited_for:
            _execute(fresh, request, by=proof.user)
    agreement.refresh_from_db()
    return signature


def _check_signable(agreement: Agreement, request: MSARequest, party: Party, document_sha256: str) -> None:
    if not agreement.missing_sections(party):
        raise Refused(_("This part is signed already."), code="already_signed")
    if agreement.state != AgreementState.SIGNING or agreement.document is None or not states(agreement, request):
        raise Refused(
            _("This agreement was replaced, because something in it changed. Open the request to see the new one."),
            code="agreement_replaced",
        )
    if agreement.document.sha256 != document_sha256:
        raise Refused(_("The document changed while you read it. Read it again, please."), code="document_changed")
    _check_wording(agreement.wording)


def _add_signature(
    agreement: Agreement, party: Party, name: str, document_sha256: str, proof: Proof, drawing: Document | None
) -> Signature:
    written = " ".join(name.split())
    if not written:
        raise Refused(_("Type your full name to sign."), code="no_name", fields={"name": ""})
    return _write_signature(
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


def accept_paper(agreement: Agreement, *, party: Party, sections: list[str], email: str, by: User) -> Signature | None:
    """Staff accepted these sections, signed by hand. The signature is there once all of that party's are.

    The caller holds the locks on the request and the agreement, and has checked who decides.
    """
    request = agreement.request
    _check_open(request)
    missing = agreement.missing_sections(party)
    if agreement.document is None or not missing or not set(missing) <= set(sections):
        return None
    _check_signable(agreement, request, party, agreement.document.sha256)
    facts = agreement.facts
    signature = _write_signature(
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
    _authorize(signature, request)
    if party == Party.CUSTOMER:
        # The link stays with the customer as one that was used: it opens the copy until it expires.
        open_links = agreement.invitations.filter(used_at__isnull=True, voided_at__isnull=True)
        open_links.update(used_at=timezone.now())
    history.record(
        request,
        EventKind.AGREEMENT_SIGNED,
        by=by,
        codes={"agreement": agreement.version, "party": party.value, "signature": signature.pk, "how": "paper"},
    )
    if not agreement.waited_for:
        _execute(agreement, request, by=by)
    return signature


def _authorize(signature: Signature, request: MSARequest) -> None:
    """The customer's signature under the authorization is what lets the agent act (A2, D10)."""
    from requests_app import authority

    if signature.party == Party.CUSTOMER and Section.AUTHORIZATION in signature.sections:
        authority.grant(request)


def _settle_invitations(agreement: Agreement, proof: Proof) -> None:
    """The link that was used is used; one that was open beside it is void."""
    if proof.invitation is not None:
        SigningInvitation.objects.filter(pk=proof.invitation.pk).update(used_at=timezone.now())
    _void_invitations(agreement)


def check_may_sign(agreement: Agreement, request: MSARequest, party: Party, proof: Proof) -> None:
    if proof.invitation is not None:
        invitation = lock(proof.invitation)
        check_invitation(invitation)
        if invitation.agreement_id != agreement.pk or invitation.party != party:
            raise Refused(_("This link is for another document."), code="wrong_link")
        return
    if proof.user is None:
        raise Refused(_("Sign in first."), code="not_allowed")
    if party == Party.CUSTOMER and request.owner_id != proof.user.pk:
        raise Refused(_("The customer signs this part. We mailed them a link."), code="not_allowed")
    if party == Party.AGENT and not permissions.is_agent_of(proof.user, request):
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


def _execute(agreement: Agreement, request: MSARequest, *, by: User | None) -> None:
    from requests_app import followups, tasks

    agreement.state = AgreementState.EXECUTED
    agreement.executed_at = timezone.now()
    agreement.save(update_fields=["state", "executed_at"])
    history.record(request, EventKind.AGREEMENT_EXECUTED, by=by, codes={"agreement": agreement.version})
    followups.complete_if_ready(request, by=permissions.on_behalf_of(request))
    transaction.on_commit(lambda: tasks.kick_rendering(agreement.pk))
