"""Submit Meter Socket Adapter Fee (R7): the page, the way to the provider and back, the receipt."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from payments import provider
from payments.forms.paying import PayForm
from payments.models import Allocation, Payment
from payments.services import checkout, fees, open_payments, pay_links, settle
from requests_app import permissions
from requests_app.enums import Settlement
from requests_app.files import storage
from requests_app.lifecycle import one_per_account, policies
from requests_app.models import MSARequest, VisitRound
from requests_app.readiness import readiness
from requests_app.views.scope import visible_or_404


def _payments_of(msa_request: MSARequest) -> Any:
    return Payment.objects.filter(fees__round__msa_request=msa_request)


@signed_in
@require_GET
def fee(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    return fee_page(request, msa_request, user)


def fee_page(
    request: HttpRequest, msa_request: MSARequest, user: User, *, refusal: Refused | None = None, status: int = 200
) -> HttpResponse:
    """What it costs and what for, or why nothing can be paid now. Nothing is written."""
    visit = VisitRound.objects.filter(msa_request=msa_request, closed_at__isnull=True).first()
    quote = fees.quote(msa_request, visit) if visit else None
    parts = Allocation.objects.filter(fee__round__msa_request=msa_request).select_related("payment").order_by("-pk")
    context = {
        "msa_request": msa_request,
        "visit": visit,
        "quote": quote,
        "held": parts.filter(state=Allocation.State.HELD).first(),
        "last": _payments_of(msa_request).first(),
        "paid": parts.filter(fee__round=visit, state=Allocation.State.SETTLED).first() if visit else None,
        "reason": _reason_against_paying(msa_request, visit, user),
        "others_on_account": one_per_account.in_the_way_of(msa_request, user),
        "unsaid": bool(policies.reason_against(readiness.check_findings_stated, msa_request)),
        "settled": bool(visit and visit.settlement),
        "waived": bool(visit and visit.settlement == Settlement.WAIVED),
        "may_act": permissions.acts_for(user, msa_request),
        "refusal": refusal,
        "form": PayForm(initial={"expected_cents": quote.amount_cents}) if quote else None,
    }
    context |= _under_way(msa_request, user) | _by_link(msa_request, visit, user)
    return render(request, "payments/fee.html", context, status=status)


def _under_way(msa_request: MSARequest, user: User) -> dict[str, Any]:
    """The payment that is open or on its way; one for several requests, or by a link, is gone on with elsewhere."""
    live = open_payments.live_payment(msa_request)
    opened = live is not None and live.state == Payment.State.OPEN
    elsewhere = live is not None and opened and (live.invitation_id is not None or live.allocations.count() > 1)
    against = policies.reason_against(open_payments.check_can_cancel, live, by=user) if live and opened else ""
    return {
        "live": live,
        "live_opened": opened and not elsewhere,
        "elsewhere": elsewhere,
        "pending": live is not None and live.state == Payment.State.PENDING,
        "cannot_cancel": against,
    }


def _by_link(msa_request: MSARequest, visit: VisitRound | None, user: User) -> dict[str, Any]:
    """What the agent of record sees of the link by which the customer pays."""
    if visit is None or visit.settlement or not permissions.is_agent_of(user, msa_request):
        return {"may_invite": False}
    return {
        "may_invite": True,
        "invitation": pay_links.standing(visit),
        "cannot_invite": policies.reason_against(pay_links.check_can_invite, msa_request),
    }


def _reason_against_paying(msa_request: MSARequest, visit: VisitRound | None, user: User) -> str:
    if visit is None:
        return _("No site visit is open on this request, so nothing is to be paid.")
    if visit.settlement:
        return ""
    if reason := policies.reason_against(policies.check_payable, msa_request):
        return reason
    return policies.reason_against(permissions.check_acts_for, user, msa_request)


@signed_in
@require_POST
def pay(request: SignedInRequest, reference: str) -> HttpResponse:
    """To the provider's page. Posted amounts decide nothing: a wrong one is refused (fault 39)."""
    msa_request, user = visible_or_404(request, reference)
    form = PayForm(request.POST)
    if not form.is_valid():
        stale = Refused(_("This page was incomplete. Look at the amount again, then pay."), code="stale")
        return fee_page(request, msa_request, user, refusal=stale, status=409)
    try:
        payment = checkout.open_checkout(msa_request, by=user, expected_cents=form.cleaned_data["expected_cents"])
    except Refused as refusal:
        return fee_page(request, msa_request, user, refusal=refusal, status=409)
    if payment.state != Payment.State.OPEN:
        return redirect("payments:fee", reference=msa_request.reference)
    return HttpResponseRedirect(payment.session_url, status=303)


@signed_in
@require_POST
def cancel(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    try:
        payment = checkout.cancel_checkout(msa_request, by=user)
    except Refused as refusal:
        return fee_page(request, msa_request, user, refusal=refusal, status=409)
    if payment.state == Payment.State.PAID:
        messages.success(request, _("The payment had arrived already, so it counts."))
    else:
        messages.success(
            request, _("The payment is canceled. Nothing was charged, and you can change your answers again.")
        )
    return redirect("payments:fee", reference=msa_request.reference)


@signed_in
@require_POST
def submit(request: SignedInRequest, reference: str) -> HttpResponse:
    """Where no fee is set for the type, this button submits (D16)."""
    msa_request, user = visible_or_404(request, reference)
    try:
        fees.submit_without_fee(msa_request, by=user)
    except Refused as refusal:
        return fee_page(request, msa_request, user, refusal=refusal, status=409)
    messages.success(request, _("Your request is submitted."))
    return redirect(msa_request)


def ask_provider(payment: Payment) -> tuple[Payment, bool]:
    """The payment as the provider has it now, booked; and whether the provider answered."""
    try:
        return settle.settle_from_provider(payment), True
    except (provider.ProviderUnavailable, provider.ProviderRefused):
        return payment, False


@signed_in
@require_GET
def returned(request: SignedInRequest, reference: str) -> HttpResponse:
    """Back from the provider: ask it what happened, whether or not its webhook was here yet (fault 4)."""
    msa_request, _user = visible_or_404(request, reference)
    payment = get_object_or_404(_payments_of(msa_request), session_id=request.GET.get("session", ""))
    if payment.allocations.count() > 1:
        return redirect("payments:joint_returned", pk=payment.pk)
    payment, answered = ask_provider(payment)
    msa_request.refresh_from_db()
    part = payment.allocations.select_related("fee__round").get(fee__round__msa_request=msa_request)
    context = {"msa_request": msa_request, "payment": payment, "part": part, "fee": part.fee, "answered": answered}
    return render(request, "payments/returned.html", context)


@signed_in
@require_GET
def canceled(request: SignedInRequest, reference: str) -> HttpResponse:
    """Back from the provider without having paid. The checkout stays open until it is canceled or runs out."""
    msa_request, user = visible_or_404(request, reference)
    live = open_payments.live_payment(msa_request)
    is_elsewhere = live is not None and (live.invitation_id is not None or live.allocations.count() > 1)
    if live is not None and (is_elsewhere or live.state == Payment.State.PENDING):
        return redirect("payments:fee", reference=msa_request.reference)
    context = {
        "msa_request": msa_request,
        "live": live,
        "may_act": permissions.acts_for(user, msa_request),
        "form": PayForm(initial={"expected_cents": live.amount_cents}) if live else None,
    }
    return render(request, "payments/canceled.html", context)


@signed_in
@require_GET
def receipt(request: SignedInRequest, reference: str, payment_id: int) -> HttpResponseBase:
    msa_request, _user = visible_or_404(request, reference)
    paid = Allocation.objects.filter(fee__round__msa_request=msa_request, state=Allocation.State.SETTLED)
    part = get_object_or_404(paid, payment_id=payment_id)
    if part.receipt is None:
        messages.info(request, _("The receipt is being made. Try again in a minute."))
        return redirect(msa_request)
    try:
        return storage.attachment(part.receipt)
    except FileNotFoundError as error:
        raise Http404 from error
