"""The pages of a mailed signing link, for a phone and without an account.

A GET never acts (faults 40, 47): a mail scanner may open every page here. The address holds a
secret, so pages are kept by nobody and tell no other page where the reader came from.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app.enums import Party
from requests_app.forms.signing import ConsentForm, SignForm
from requests_app.models import MSARequest, SigningInvitation
from requests_app.signing import esign_consent, invitations, signatures
from requests_app.views.agreement import WITHDRAWN, changes_since, empty_form, proof_of, send, signers_of, text_context
from requests_app.views.held_forms import takes_files
from requests_app.views.secret_links import get_or_throttle, secret_page, with_form

_STEPS = {"": "sign", "read": "sign_read", "sign": "sign_name"}
_SESSION_KEY = "signing_link"


def invitation_of(request: HttpRequest, token: str) -> SigningInvitation:
    return get_or_throttle(request, lambda: invitations.invitation_for(token))


def check_open(request: HttpRequest, token: str) -> None:
    """Raises `Http404` for a link that isn't ours, `Refused` for one that has ended."""
    invitations.check_invitation(invitation_of(request, token))


@secret_page
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(first=check_open, drawings=("drawing",))
def sign(request: HttpRequest, token: str) -> HttpResponseBase:
    """Who asks and what for; the whole document; the signature. A POST signs."""
    invitation = invitation_of(request, token)
    try:
        invitations.check_invitation(invitation)
    except Refused as refusal:
        return closed(request, token, invitation, refusal)
    if request.method == "POST":
        return _signed(request, token, invitation)
    step = request.GET.get("step", "")
    if step == "sign" and not _consented(request, invitation):
        return redirect(_step(token, "read"))
    return _screen(request, token, invitation, step if step in _STEPS else "")


@secret_page
@require_POST
def open_document(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF to sign; that the link's bearer got it is recorded."""
    invitation = invitation_of(request, token)
    try:
        proof = proof_of(request, invitation=invitation)
        return send(esign_consent.open_document(invitation.agreement, Party.CUSTOMER, proof))
    except Refused as refusal:
        return closed(request, token, invitation, refusal)


@secret_page
@require_POST
def consent(request: HttpRequest, token: str) -> HttpResponseBase:
    """Agreed to sign electronically: on to the signature."""
    invitation = invitation_of(request, token)
    form = ConsentForm(request.POST)
    try:
        invitations.check_invitation(invitation)
        if not form.is_valid():
            return _screen(request, token, invitation, "read", form)
        esign_consent.give(invitation.agreement, Party.CUSTOMER, proof_of(request, invitation=invitation))
    except Refused as refusal:
        if refusal.code != "not_opened":
            return closed(request, token, invitation, refusal)
        form.add_error("consent", str(refusal))
        return _screen(request, token, invitation, "read", form)
    return redirect(_step(token, "sign"))


@secret_page
@require_POST
def withdraw_consent(request: HttpRequest, token: str) -> HttpResponseBase:
    """Leads to paper where the link's bearer has still to sign; works with a used link, too."""
    invitation = invitation_of(request, token)
    try:
        esign_consent.withdraw(invitation.agreement, Party.CUSTOMER, proof_of(request, invitation=invitation))
    except Refused as refusal:
        if refusal.code != "no_consent":
            return closed(request, token, invitation, refusal)
        messages.error(request, str(refusal))
        return redirect("requests:sign", token=token)
    messages.success(request, WITHDRAWN)
    return redirect("requests:sign_paper" if invitation.used_at is None else "requests:sign_claim", token=token)


def _step(token: str, step: str) -> str:
    return reverse("requests:sign", args=[token]) + f"?step={step}"


def _consented(request: HttpRequest, invitation: SigningInvitation) -> bool:
    proof = proof_of(request, invitation=invitation)
    return esign_consent.standing(invitation.agreement.msa_request, Party.CUSTOMER, proof) is not None


def _signed(request: HttpRequest, token: str, invitation: SigningInvitation) -> HttpResponseBase:
    form = SignForm(request.POST, request.FILES, expected_name=invitation.agreement.msa_request.customer_name)
    if not form.is_valid():
        return _screen(request, token, invitation, "sign", form)
    try:
        signatures.sign(
            invitation.agreement,
            party=Party.CUSTOMER,
            name=form.cleaned_data["name"],
            document_sha256=form.cleaned_data["document"],
            proof=proof_of(request, invitation=invitation),
            drawing=form.cleaned_data["drawing"],
        )
    except Refused as refusal:
        if refusal.code == "no_consent":
            messages.error(request, str(refusal))
            return redirect(_step(token, "read"))
        invitation.refresh_from_db()
        return closed(request, token, invitation, refusal)
    return redirect("requests:sign_claim", token=token)


def _screen(
    request: HttpRequest,
    token: str,
    invitation: SigningInvitation,
    step: str,
    form: SignForm | ConsentForm | None = None,
) -> HttpResponse:
    agreement = invitation.agreement
    msa_request = agreement.msa_request
    context = {
        "token": token,
        "invitation": invitation,
        "agreement": agreement,
        "msa_request": msa_request,
        "signers": signers_of(agreement, msa_request),
        "changes": changes_since(agreement, msa_request),
        **text_context(agreement),
    }
    if step == "sign":
        context["form"] = form or empty_form(agreement, Party.CUSTOMER, msa_request)
    elif step == "read" and not _consented(request, invitation):
        context["consent_form"] = form or ConsentForm()
    return with_form(
        render(request, f"requests_app/{_STEPS[step]}.html", context),
        has_form="form" in context or "consent_form" in context,
    )


def closed(request: HttpRequest, token: str, invitation: SigningInvitation, refusal: Refused) -> HttpResponse:
    """What happened to the link, and what to do now."""
    context = {
        "token": token,
        "invitation": invitation,
        "refusal": refusal,
        "msa_request": invitation.agreement.msa_request,
        "still_proves": _still_proves(invitation),
    }
    return render(request, "requests_app/sign_closed.html", context, status=410)


def _still_proves(invitation: SigningInvitation) -> bool:
    """The used link still opens the copy and the claim, until it expires."""
    try:
        invitations.check_link_holds(invitation)
    except Refused:
        return False
    return True


@secret_page
@require_safe
def document(request: HttpRequest, token: str) -> HttpResponseBase:
    """The PDF that is read, or the signed one."""
    invitation = invitation_of(request, token)
    try:
        invitations.check_link_holds(invitation)
    except Refused as refusal:
        return closed(request, token, invitation, refusal)
    document = invitation.agreement.executed_document or invitation.agreement.document
    if document is None:
        raise Http404
    return send(document)


@secret_page
@require_http_methods(["GET", "HEAD", "POST"])
def claim(request: HttpRequest, token: str) -> HttpResponseBase:
    """Follow the request from an own account (D10). A POST by a signed-in person claims it."""
    invitation = invitation_of(request, token)
    msa_request = invitation.agreement.msa_request
    if request.user.is_authenticated and msa_request.owner_id == request.user.pk:
        return redirect(msa_request)
    try:
        invitations.check_link_holds(invitation)
        if request.method == "POST" and request.user.is_authenticated:
            invitations.claim(invitation, by=request.user)
            messages.success(request, _claimed(msa_request, request.user))
            return redirect(msa_request)
    except Refused as refusal:
        return closed(request, token, invitation, refusal)
    if not request.user.is_authenticated:
        request.session[_SESSION_KEY] = token
    consented = _consented(request, invitation)
    return with_form(
        render(request, "requests_app/sign_claim.html", _claim_context(token, invitation, consented=consented)),
        has_form=consented or request.user.is_authenticated,
    )


def _claimed(msa_request: MSARequest, user: User) -> str:
    """For a customer who belongs to the agent's company, with what that means."""
    if msa_request.agent_company is None or msa_request.agent_company.pk not in user.company_ids:
        return _("The request is in your account now.")
    return _(
        "The request is in your account now. %(company)s no longer acts on it, since you're one of its people."
    ) % {"company": msa_request.agent_company.name}


def _claim_context(token: str, invitation: SigningInvitation, *, consented: bool) -> dict[str, object]:
    agreement = invitation.agreement
    return {
        "token": token,
        "invitation": invitation,
        "agreement": agreement,
        "msa_request": agreement.msa_request,
        "signers": signers_of(agreement, agreement.msa_request),
        "consented": consented,
        "has_owner": agreement.msa_request.owner_id is not None,
        "after_sign_in": reverse("requests:sign_claim_resume"),
    }


@secret_page
@require_safe
def claim_resume(request: HttpRequest) -> HttpResponseBase:
    """Back from sign-in. The link waited in the session, so that no address of it went into `next`."""
    token = request.session.get(_SESSION_KEY)
    if token is None:
        return redirect("accounts:home")
    return redirect("requests:sign_claim", token=token)
