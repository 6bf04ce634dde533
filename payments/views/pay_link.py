"""Invite to pay: the agent's side on the fee page, and the customer's page behind the mailed link.

A GET changes nothing (fault 40): a mail scanner may open every page here. The address holds a secret
(`secret_page`): the page is kept by nobody, and the provider's page is not told where its payer came from.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from payments.forms.paying import PayForm
from payments.models import Allocation, PayInvitation, Payment
from payments.services import fees, invitations, open_payments, pay_links
from payments.text import fee_explanations
from payments.views.fee import ask_provider, fee_page
from requests_app.files import storage
from requests_app.views.scope import visible_or_404
from requests_app.views.secret_links import get_or_throttle, secret_page, with_form


@signed_in
@require_POST
def invite(request: SignedInRequest, reference: str) -> HttpResponse:
    """The agent of record has the customer mailed a link to pay."""
    msa_request, user = visible_or_404(request, reference)
    try:
        sent = pay_links.invite(msa_request, by=user)
    except Refused as refusal:
        return fee_page(request, msa_request, user, refusal=refusal, status=409)
    messages.success(request, _("The link to pay is on its way to %(email)s.") % {"email": sent.email})
    return redirect("payments:fee", reference=msa_request.reference)


@signed_in
@require_POST
def uninvite(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    try:
        pay_links.cancel(msa_request, by=user)
    except Refused as refusal:
        return fee_page(request, msa_request, user, refusal=refusal, status=409)
    messages.success(request, _("The link is taken back. It opens nothing to pay any more."))
    return redirect("payments:fee", reference=msa_request.reference)


def _invitation(request: HttpRequest, token: str) -> PayInvitation:
    return get_or_throttle(request, lambda: pay_links.invitation_for(token))


@secret_page
@require_safe
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Who asks, for which home, what it costs, what comes back; or what became of it."""
    return _screen(request, token, _invitation(request, token))


def _screen(
    request: HttpRequest, token: str, invitation: PayInvitation, *, refusal: Refused | None = None
) -> HttpResponse:
    part = invitations.part_paid(invitation)
    if part is not None:
        return _outcome(request, token, invitation, part.payment, part)
    try:
        pay_links.check_open(invitation)
        pay_links.check_payable_now(invitation)
    except Refused as closed:
        return _closed(request, invitation, closed)
    return _offer(request, token, invitation, refusal)


def _offer(request: HttpRequest, token: str, invitation: PayInvitation, refusal: Refused | None) -> HttpResponse:
    msa_request = invitation.round.msa_request
    quote = fees.quote(msa_request, invitation.round)
    if quote is None:
        nothing = Refused(_("No fee is due for this visit any more. You need do nothing."), code="nothing_due")
        return _closed(request, invitation, nothing)
    live = open_payments.live_payment(msa_request)
    context = _about(invitation) | {
        "token": token,
        "quote": quote,
        "begun": live is not None and live.invitation_id == invitation.pk,
        "form": PayForm(initial={"expected_cents": quote.amount_cents}),
        "back": fee_explanations.what_comes_back(invitation.round.number, quote.amount_cents),
        "refusal": refusal,
    }
    return with_form(render(request, "payments/link.html", context, status=409 if refusal else 200))


def _about(invitation: PayInvitation) -> dict[str, Any]:
    """All that whoever holds the link is told of the request."""
    msa_request = invitation.round.msa_request
    return {
        "invitation": invitation,
        "agent": invitation.invited_by.name,
        "company": msa_request.agent_company.name if msa_request.agent_company else "",
        "address": msa_request.full_address,
        "visit": invitation.round,
        "type": msa_request.get_request_type_display(),
    }


def _closed(request: HttpRequest, invitation: PayInvitation, refusal: Refused) -> HttpResponse:
    """What happened to the link, and what to do now."""
    gone = refusal.code != "not_now"
    context = _about(invitation) | {"refusal": refusal}
    return render(request, "payments/link_closed.html", context, status=410 if gone else 409)


@secret_page
@require_POST
def pay(request: HttpRequest, token: str) -> HttpResponseBase:
    """To the provider's page. Posted amounts decide nothing: a wrong one is refused (fault 39)."""
    invitation, form = _invitation(request, token), PayForm(request.POST)
    if not form.is_valid():
        stale = Refused(_("This page was incomplete. Look at the amount again, then pay."), code="stale")
        return _screen(request, token, invitation, refusal=stale)
    try:
        payment = pay_links.open_checkout(invitation, expected_cents=form.cleaned_data["expected_cents"])
    except Refused as refusal:
        return _screen(request, token, _invitation(request, token), refusal=refusal)
    if payment.state != Payment.State.OPEN:
        return redirect("payments:link", token=token)
    return HttpResponseRedirect(payment.session_url, status=303)


@secret_page
@require_safe
def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Back from the provider: ask it what happened, whether or not its webhook was here yet (fault 4)."""
    invitation = _invitation(request, token)
    payment = get_object_or_404(invitation.payments, session_id=request.GET.get("session", ""))
    answered = True
    if payment.state in Payment.LIVE:
        payment, answered = ask_provider(payment)
    part = payment.allocations.select_related("fee__round", "payment", "receipt").get()
    return _outcome(request, token, invitation, payment, part, answered=answered)


def _outcome(
    request: HttpRequest,
    token: str,
    invitation: PayInvitation,
    payment: Payment,
    part: Allocation,
    *,
    answered: bool = True,
) -> HttpResponse:
    refunds = payment.refunds.filter(fee=part.fee).exclude(state="declined").order_by("pk")
    context = _about(invitation) | {
        "token": token,
        "payment": payment,
        "part": part,
        "answered": answered,
        "refunds": refunds,
        "gives_receipt": invitations.gives_receipt(invitation, part),
    }
    return render(request, "payments/link_returned.html", context)


@secret_page
@require_safe
def receipt(request: HttpRequest, token: str) -> HttpResponseBase:
    """The receipt of what was paid by this very link."""
    invitation = _invitation(request, token)
    part = invitations.part_paid(invitation)
    if part is None or not invitations.gives_receipt(invitation, part):
        raise Http404
    if part.receipt is None:
        messages.info(request, _("The receipt is being made. Try again in a minute."))
        return redirect("payments:link", token=token)
    try:
        return storage.attachment(part.receipt)
    except FileNotFoundError as error:
        raise Http404 from error
