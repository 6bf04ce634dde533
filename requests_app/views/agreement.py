"""The agreement on a request's pages: prepare, read, sign, invite, download."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST

from msa_portal.accounts.models import User
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.notices.models import NoticeMessage
from msa_portal.refusals import refusal_as_message, refusal_in_form
from requests_app import permissions
from requests_app.agreements import text as agreement_text
from requests_app.agreements import versions
from requests_app.application import completeness
from requests_app.enums import AgreementState, Party, Section
from requests_app.files import storage
from requests_app.forms.signing import AddressForm, ConsentForm, SignForm
from requests_app.lifecycle import policies
from requests_app.lifecycle.next_steps import Step, next_step
from requests_app.models import Agreement, Document, MSARequest, Signature, SigningInvitation, SigningReminder
from requests_app.notices import SIGNING_LINK
from requests_app.signing import esign_consent, esign_disclosures, invitations, signatures
from requests_app.views.held_forms import takes_files
from requests_app.views.scope import visible_or_404

WITHDRAWN = _lazy("You no longer agree to sign electronically. What you signed stays; the rest goes by paper.")


@dataclass(frozen=True)
class Signer:
    """One line of who has signed: the invitation and its mail are there where a link was sent."""

    party: Party
    name: str
    signatures: list[Signature]
    missing: list[Section]
    invitation: SigningInvitation | None = None
    mail: NoticeMessage | None = None
    reminders: list[SigningReminder] = field(default_factory=list)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def agreement(request: SignedInRequest, reference: str) -> HttpResponse:
    """A POST prepares the agreement for the answers as they are now."""
    msa_request, user = visible_or_404(request, reference)
    if request.method == "POST":
        with refusal_as_message(request):
            versions.prepare(msa_request, by=user)
        return redirect("requests:agreement", reference=reference)
    return _page(request, msa_request, user)


@signed_in
@require_POST
@takes_files(first=visible_or_404, drawings=("drawing",))
def sign(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    current = versions.current(msa_request)
    party = party_of(user, msa_request)
    if current is None or party is None:
        messages.error(request, _("There is nothing for you to sign here now."))
        return redirect("requests:agreement", reference=reference)
    form = SignForm(request.POST, request.FILES, expected_name=expected_name(party, msa_request))
    if not form.is_valid():
        return _page(request, msa_request, user, form)
    with refusal_as_message(request):
        signatures.sign(
            current,
            party=party,
            name=form.cleaned_data["name"],
            document_sha256=form.cleaned_data["document"],
            proof=proof_of(request, user=user),
            drawing=form.cleaned_data["drawing"],
        )
        messages.success(request, _("You have signed. Thank you."))
    return redirect("requests:agreement", reference=reference)


@signed_in
@require_POST
def open_document(request: SignedInRequest, reference: str) -> HttpResponseBase:
    """The PDF to sign; that this person got it is recorded."""
    msa_request, user = visible_or_404(request, reference)
    current, party = versions.current(msa_request), party_of(user, msa_request)
    if current is None or party is None:
        raise Http404
    with refusal_as_message(request):
        return send(esign_consent.open_document(current, party, proof_of(request, user=user)))
    return redirect("requests:agreement", reference=reference)


@signed_in
@require_POST
def consent(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    current, party = versions.current(msa_request), party_of(user, msa_request)
    form = ConsentForm(request.POST)
    if current is None or party is None or not form.is_valid():
        return _page(request, msa_request, user, consent_form=form)
    with refusal_in_form(form, "consent"):
        esign_consent.give(current, party, proof_of(request, user=user))
        return redirect(reverse("requests:agreement", args=[reference]) + "#sign-title")
    return _page(request, msa_request, user, consent_form=form)


@signed_in
@require_POST
def withdraw_consent(request: SignedInRequest, reference: str) -> HttpResponse:
    """Leads to paper where something is still to sign."""
    msa_request, user = visible_or_404(request, reference)
    current, party = versions.current(msa_request), party_of(user, msa_request)
    if current is None or party is None:
        raise Http404
    with refusal_as_message(request):
        esign_consent.withdraw(current, party, proof_of(request, user=user))
        messages.success(request, WITHDRAWN)
        on_paper = current.state == AgreementState.SIGNING and current.missing_sections(party)
        return redirect("requests:paper" if on_paper else "requests:agreement", reference=reference)
    return redirect("requests:agreement", reference=reference)


def _say_link_sent(request: SignedInRequest, invitation: SigningInvitation) -> None:
    messages.success(
        request, _("A new link goes to %(email)s. The earlier one is void.") % {"email": invitation.email}
    )


@signed_in
@require_POST
def invite(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    current = versions.current(msa_request)
    if current is None:
        messages.error(request, _("Prepare the agreement first."))
        return redirect("requests:agreement", reference=reference)
    with refusal_as_message(request):
        invitation = invitations.invite_customer(current, by=user)
        _say_link_sent(request, invitation)
    return redirect("requests:agreement", reference=reference)


@signed_in
@require_POST
def correct_address(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    current = versions.current(msa_request)
    form = AddressForm(request.POST, msa_request=msa_request)
    if current is None or not form.is_valid():
        return _page(request, msa_request, user, address_form=form)
    with refusal_as_message(request):
        invitation = invitations.correct_address(current, form.cleaned_data["email"], by=user)
        _say_link_sent(request, invitation)
    return redirect("requests:agreement", reference=reference)


@signed_in
@require_POST
def cancel_invitation(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    current = versions.current(msa_request)
    with refusal_as_message(request):
        if current is not None:
            invitations.cancel_invitation(current, by=user)
            messages.success(request, _("The link is void. You can send a new one at any time."))
    return redirect("requests:agreement", reference=reference)


def send(document: Document) -> FileResponse:
    try:
        return storage.attachment(document)
    except FileNotFoundError as error:
        raise Http404 from error


def party_of(user: User, msa_request: MSARequest) -> Party | None:
    """As whom that person signs; None for those who only look."""
    if msa_request.owner_id == user.pk:
        return Party.CUSTOMER
    return Party.AGENT if permissions.is_agent_of(user, msa_request) else None


def expected_name(party: Party, msa_request: MSARequest) -> str:
    if party == Party.CUSTOMER:
        return msa_request.customer_name
    return msa_request.agent.name if msa_request.agent else ""


def proof_of(
    request: HttpRequest, *, user: User | None = None, invitation: SigningInvitation | None = None
) -> invitations.Proof:
    return invitations.Proof(
        user=user,
        invitation=invitation,
        email=invitation.email if invitation else user.email if user else "",
        ip_address=request.META.get("REMOTE_ADDR") or None,
        user_agent=request.headers.get("User-Agent", ""),
    )


def _page(
    request: HttpRequest,
    msa_request: MSARequest,
    user: User,
    form: SignForm | None = None,
    *,
    address_form: AddressForm | None = None,
    consent_form: ConsentForm | None = None,
) -> HttpResponse:
    current = versions.current(msa_request)
    signers = signers_of(current, msa_request) if current else []
    party = party_of(user, msa_request)
    context: dict[str, Any] = {
        "msa_request": msa_request,
        "agreement": current,
        "signers": signers,
        "acts": party is not None,
        "outdated": current is not None and not versions.matches(current, msa_request),
        "not_ready": policies.reason_against(completeness.check_form_complete, msa_request),
        "changes": changes_since(current, msa_request),
        "rendering": current is not None and _waits_for_document(current),
        "next": _step_after(current, msa_request, user),
    }
    if party == Party.AGENT and msa_request.owner_id is None:
        context["address_form"] = address_form or AddressForm(
            initial={"email": msa_request.customer_email}, msa_request=msa_request
        )
    if current is not None and current.document is not None:
        context |= text_context(current)
        to_sign = {signer.party for signer in signers if signer.missing}
        proof = proof_of(request, user=user)
        context["consented"] = party is not None and esign_consent.standing(msa_request, party, proof) is not None
        if party in to_sign and current.state == AgreementState.SIGNING and not context["outdated"]:
            if context["consented"]:
                context["form"] = form or empty_form(current, party, msa_request)
            else:
                context["consent_form"] = consent_form or ConsentForm()
    return render(request, "requests_app/agreement.html", context)


def _step_after(current: Agreement | None, msa_request: MSARequest, user: User) -> Step | None:
    """What to do once everyone has signed; None where nothing is left for this person, or something else comes first."""
    if current is None or current.state != AgreementState.EXECUTED or not versions.matches(current, msa_request):
        return None
    return next_step(msa_request, user)


def _waits_for_document(current: Agreement) -> bool:
    if current.state == AgreementState.EXECUTED:
        return current.executed_document_id is None
    return current.state == AgreementState.RENDERING


def empty_form(current: Agreement, party: Party | None, msa_request: MSARequest) -> SignForm:
    fingerprint = current.document.sha256 if current.document else ""
    name = expected_name(party, msa_request) if party else ""
    return SignForm(initial={"document": fingerprint}, expected_name=name)


def text_context(current: Agreement) -> dict[str, Any]:
    return {
        "sections": agreement_text.sections_of(current),
        "consent": current.wording.consent,
        "disclosures": esign_disclosures.disclosures(),
        "is_sample": current.wording.is_sample,
    }


def changes_since(current: Agreement | None, msa_request: MSARequest) -> list[agreement_text.Change]:
    """What differs from the version that people had before, until the new one is executed."""
    before = versions.replaced(current, msa_request)
    if before is None or (current is not None and current.state == AgreementState.EXECUTED):
        return []
    after = current.facts if current is not None else versions.covered_facts(msa_request)
    return agreement_text.changes(before.facts, after)


def signers_of(current: Agreement, msa_request: MSARequest) -> list[Signer]:
    made = list(current.signatures.order_by("signed_at", "pk"))
    invitation = current.invitations.order_by("pk").last()
    mail = _mail_of(invitation) if invitation else None
    reminders = list(current.reminders.order_by("number"))
    lines = []
    for party in current.parties:
        mailed = party == Party.CUSTOMER
        lines.append(
            Signer(
                party=party,
                name=current.facts["customer_name"] if mailed else current.facts["agent"],
                signatures=[signature for signature in made if signature.party == party],
                missing=[Section(section) for section in current.missing_sections(party)],
                invitation=invitation if mailed else None,
                mail=mail if mailed else None,
                reminders=[reminder for reminder in reminders if reminder.party == party],
            )
        )
    return lines


def _mail_of(invitation: SigningInvitation) -> NoticeMessage | None:
    """The last mail with that link, as the mailed invitation or its reminder."""
    return NoticeMessage.objects.filter(private_link=f"{SIGNING_LINK}:{invitation.key}").order_by("pk").last()
