"""Submit Meter Socket Adapter Fee (R7): the page, the way to the provider and back, the receipt."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from payments import provider
from payments.forms.paying import PayForm
from payments.models import Allocation, Payment
from payments.services import checkout, fees, open_payments, pay_links, settle
from requests_app import permissions
from requests_app.enums import Settlement
from requests_app.files import storage
from requests_app.lifecycle import policies
from requests_app.models import MSARequest, VisitRound
from requests_app.readiness import readiness


def mine(http: HttpRequest, reference: str) -> tuple[MSARequest, User]:
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    return get_object_or_404(MSARequest.objects.visible_to(user), reference=reference), user


def _payments_of(request: MSARequest) -> Any:
    return Payment.objects.filter(fees__round__request=request)


@login_required
@require_GET
def fee(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = mine(http, reference)
    return fee_page(http, request, user)


def fee_page(
    http: HttpRequest, request: MSARequest, user: User, *, refusal: Refused | None = None, status: int = 200
) -> HttpResponse:
    """What it costs and what for, or why nothing can be paid now. Nothing is written."""
    visit = VisitRound.objects.filter(request=request, closed_at__isnull=True).first()
    quote = fees.quote(request, visit) if visit else None
    parts = Allocation.objects.filter(fee__round__request=request).select_related("payment").order_by("-pk")
    context = {
        "request_": request,
        "visit": visit,
        "quote": quote,
        "held": parts.filter(state=Allocation.State.HELD).first(),
        "last": _payments_of(request).first(),
        "paid": parts.filter(fee__round=visit, state=Allocation.State.SETTLED).first() if visit else None,
        "reason": _reason_against_paying(request, visit, user),
        "unsaid": bool(policies.reason_against(readiness.check_findings_stated, request)),
        "settled": bool(visit and visit.settlement),
        "waived": bool(visit and visit.settlement == Settlement.WAIVED),
        "may_act": permissions.acts_for(user, request),
        "refusal": refusal,
        "form": PayForm(initial={"expected_cents": quote.amount_cents}) if quote else None,
    }
    context |= _under_way(request, user) | _by_link(request, visit, user)
    return render(http, "payments/fee.html", context, status=status)


def _under_way(request: MSARequest, user: User) -> dict[str, Any]:
    """The payment that is open or on its way; one for several requests, or by a link, is gone on with elsewhere."""
    live = open_payments.live_payment(request)
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


def _by_link(request: MSARequest, visit: VisitRound | None, user: User) -> dict[str, Any]:
    """What the agent of record sees of the link by which the customer pays."""
    if visit is None or visit.settlement or not permissions.is_agent_of(user, request):
        return {"may_invite": False}
    return {
        "may_invite": True,
        "invitation": pay_links.standing(visit),
        "cannot_invite": policies.reason_against(pay_links.check_can_invite, request),
    }


def _reason_against_paying(request: MSARequest, visit: VisitRound | None, user: User) -> str:
    if visit is None:
        return _("No site visit is open on this request, so nothing is to be paid.")
    if visit.settlement:
        return ""
    if reason := policies.reason_against(policies.check_payable, request):
        return reason
    return policies.reason_against(permissions.check_acts_for, user, request)


@login_required
@require_POST
def pay(http: HttpRequest, reference: str) -> HttpResponse:
    """To the provider's page. Posted amounts decide nothing: a wrong one is refused (fault 39)."""
    request, user = mine(http, reference)
    form = PayForm(http.POST)
    if not form.is_valid():
        stale = Refused(_("This page was incomplete. Look at the amount again, then pay."), code="stale")
        return fee_page(http, request, user, refusal=stale, status=409)
    try:
        payment = checkout.open_checkout(request, by=user, expected_cents=form.cleaned_data["expected_cents"])
    except Refused as refusal:
        return fee_page(http, request, user, refusal=refusal, status=409)
    if payment.state != Payment.State.OPEN:
        return redirect("payments:fee", reference=request.reference)
    return HttpResponseRedirect(payment.session_url, status=303)


@login_required
@require_POST
def cancel(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = mine(http, reference)
    try:
        payment = checkout.cancel_checkout(request, by=user)
    except Refused as refusal:
        return fee_page(http, request, user, refusal=refusal, status=409)
    if payment.state == Payment.State.PAID:
        messages.success(http, _("The payment had arrived already, so it counts."))
    else:
        messages.success(
            http, _("The payment is canceled. Nothing was charged, and you can change your answers again.")
        )
    return redirect("payments:fee", reference=request.reference)


@login_required
@require_POST
def submit(http: HttpRequest, reference: str) -> HttpResponse:
    """Where no fee is set for the type, this button submits (D16)."""
    request, user = mine(http, reference)
    try:
        fees.submit_without_fee(request, by=user)
    except Refused as refusal:
        return fee_page(http, request, user, refusal=refusal, status=409)
    messages.success(http, _("Your request is submitted."))
    return redirect(request)


@login_required
@require_GET
def returned(http: HttpRequest, reference: str) -> HttpResponse:
    """Back from the provider: ask it what happened, whether or not its webhook was here yet (fault 4)."""
    request, _user = mine(http, reference)
    payment = get_object_or_404(_payments_of(request), session_id=http.GET.get("session", ""))
    if payment.allocations.count() > 1:
        return redirect("payments:joint_returned", pk=payment.pk)
    answered = True
    try:
        payment = settle.settle_from_provider(payment)
    except (provider.ProviderUnavailable, provider.ProviderRefused):
        answered = False
    request.refresh_from_db()
    part = payment.allocations.select_related("fee__round").get(fee__round__request=request)
    context = {"request_": request, "payment": payment, "part": part, "fee": part.fee, "answered": answered}
    return render(http, "payments/returned.html", context)


@login_required
@require_GET
def canceled(http: HttpRequest, reference: str) -> HttpResponse:
    """Back from the provider without having paid. The checkout stays open until it is canceled or runs out."""
    request, user = mine(http, reference)
    live = open_payments.live_payment(request)
    if live is not None and (live.invitation_id is not None or live.allocations.count() > 1):
        return redirect("payments:fee", reference=request.reference)
    context = {
        "request_": request,
        "live": live,
        "may_act": permissions.acts_for(user, request),
        "form": PayForm(initial={"expected_cents": live.amount_cents}) if live else None,
    }
    return render(http, "payments/canceled.html", context)


@login_required
@require_GET
def receipt(http: HttpRequest, reference: str, payment_id: int) -> HttpResponseBase:
    request, _user = mine(http, reference)
    paid = Allocation.objects.filter(fee__round__request=request, state=Allocation.State.SETTLED)
    part = get_object_or_404(paid, payment_id=payment_id)
    if part.receipt is None:
        messages.info(http, _("The receipt is being made. Try again in a minute."))
        return redirect(request)
    try:
        return storage.attachment(part.receipt)
    except FileNotFoundError as error:
        raise Http404 from error
