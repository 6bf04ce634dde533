"""Fees to pay: several in one checkout, by an agent for customers or an owner of several homes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message
from payments.forms.paying import SeveralForm
from payments.forms.refunds import Chosen
from payments.models import Allocation, Payment, Refund
from payments.services import checkout, payable_fees
from payments.services.checkout import MOST_FEES
from payments.views.fee import ask_provider
from requests_app.current_company import switch_first
from requests_app.models import MSARequest


@signed_in
@never_cache
@require_safe
def several(request: SignedInRequest) -> HttpResponse:
    """What my company, or I, can pay now, and why not the others. Nothing is written."""
    return _page(request)


def _page(
    request: SignedInRequest, *, chosen: Chosen | None = None, problems: list[str] | None = None
) -> HttpResponse:
    user = request.user
    page = payable_fees.page_of(user, before=_key(request))
    picked = {choice.reference for choice in chosen or ()}
    context = {
        "page": page,
        "picked": picked,
        "more_picked": [] if chosen is None else _beyond(page, chosen, user),
        "problems": problems or [],
        "most": MOST_FEES,
        "is_first": "before" not in request.GET,
        "open_payments": _open_payments(user),
    }
    return render(request, "payments/several.html", context, status=409 if problems else 200)


def _beyond(page: payable_fees.Page, chosen: Chosen, user: User) -> list[payable_fees.Due]:
    """Chosen on an older page: they stay chosen, too."""
    shown = {str(row.msa_request.reference) for row in page.rows}
    others = [choice.reference for choice in chosen if choice.reference not in shown]
    return [row for row in payable_fees.of_requests(user, others) if row.is_payable] if others else []


def _key(request: HttpRequest) -> int | None:
    before = request.GET.get("before", "")
    return int(before) if before.isdecimal() and len(before) < 19 else None


def _open_payments(user: User) -> list[Payment]:
    """Begun and not finished: to go on with, or to cancel."""
    payments = Payment.objects.listed_for(user).joint().filter(state=Payment.State.OPEN)
    parts = Allocation.objects.select_related("fee__round__msa_request")
    return list(payments.prefetch_related(Prefetch("allocations", parts))[:20])


@signed_in
@require_POST
def pay(request: SignedInRequest) -> HttpResponseBase:
    """To the provider's page for what was chosen. What is posted chooses; it decides no amount (fault 39)."""
    user, form = request.user, SeveralForm(request.POST)
    if not form.is_valid():
        return _page(request, problems=[_("This page was incomplete. Choose the fees again, then pay.")])
    chosen: Chosen = form.cleaned_data["fee"]
    requests = list(
        MSARequest.objects.acted_for_by(user).filter(reference__in=[choice.reference for choice in chosen])
    )
    if missing := len(chosen) - len(requests):
        return _page(request, chosen=chosen, problems=[_not_yours(missing)])
    try:
        payment = checkout.open_joint_checkout(
            requests, by=user, expected_cents=sum(choice.cents for choice in chosen)
        )
    except Refused as refusal:
        return _page(request, chosen=chosen, problems=_problems(user, chosen, refusal))
    if payment.state != Payment.State.OPEN:
        return redirect("payments:several")
    return HttpResponseRedirect(payment.session_url, status=303)


def _not_yours(missing: int) -> str:
    return ngettext(
        "One of the fees that you chose is not yours to pay any more. Look at the list again.",
        "%(count)d of the fees that you chose are not yours to pay any more. Look at the list again.",
        missing,
    ) % {"count": missing}


def _problems(user: User, chosen: Chosen, refusal: Refused) -> list[str]:
    """A line for each request with something against it; the refusal itself where no request explains it."""
    rows = {
        str(row.msa_request.reference): row
        for row in payable_fees.of_requests(user, [choice.reference for choice in chosen])
    }
    lines = []
    for choice in chosen:
        row = rows.get(choice.reference)
        if row is None:
            lines.append(_("%(reference)s: nothing is to be paid on it now.") % {"reference": choice.reference})
        elif not row.is_payable:
            lines.append(f"{choice.reference}: {row.reason}")
        elif row.amount_cents != choice.cents:
            lines.append(payable_fees.amount_changed(choice.reference, choice.cents, row.amount_cents))
    explained = lines and refusal.code not in {"provider_unavailable", "provider_refused", "too_many"}
    return lines if explained else [str(refusal)]


@signed_in
@never_cache
@require_safe
def returned(request: SignedInRequest, pk: int) -> HttpResponse:
    """What became of each fee; the provider is asked while the payment is under way (fault 4)."""
    payment, user = _mine(request, pk), request.user
    elsewhere = switch_first(request, user, payment.company_id)
    if elsewhere:
        return elsewhere
    answered = True
    if payment.state in Payment.LIVE:
        payment, answered = ask_provider(payment)
    ordered = Allocation.objects.select_related("fee__round__msa_request").order_by("fee__round__msa_request")
    prefetch_related_objects([payment], Prefetch("allocations", ordered))
    parts = list(payment.allocations.all())
    visible = MSARequest.objects.visible_to(user).filter(pk__in=[_request(part).pk for part in parts])
    seen = set(visible.values_list("pk", flat=True))
    context = {
        "payment": payment,
        "answered": answered,
        "rows": [_row(part, refunds, seen) for part, refunds in _with_refunds(payment, parts)],
        "settled": sum(part.state == Allocation.State.SETTLED for part in parts),
        "settled_cents": sum(part.received_cents for part in parts if part.state == Allocation.State.SETTLED),
        "count": len(parts),
    }
    return render(request, "payments/joint_returned.html", context)


def _request(part: Allocation) -> MSARequest:
    return part.fee.round.msa_request


def _with_refunds(payment: Payment, parts: list[Allocation]) -> list[tuple[Allocation, list[Refund]]]:
    refunds = list(payment.refunds.exclude(state=Refund.State.DECLINED).order_by("pk"))
    return [(part, [refund for refund in refunds if refund.fee_id == part.fee_id]) for part in parts]


def _row(part: Allocation, refunds: list[Refund], seen: set[int]) -> dict[str, Any]:
    """Of a customer who ended the company's authority the payer still sees what was paid, no more."""
    msa_request = _request(part)
    return {"part": part, "msa_request": msa_request, "refunds": refunds, "is_open": msa_request.pk in seen}


def _mine(request: SignedInRequest, pk: int) -> Payment:
    return get_object_or_404(Payment.objects.visible_to(request.user).joint(), pk=pk)


@signed_in
@require_POST
def cancel(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close the open checkout; nothing of it was charged."""
    with refusal_as_message(request):
        payment = checkout.cancel_joint(_mine(request, pk), by=request.user)
        if payment.state in Payment.RECEIVED:
            messages.success(request, _("The payment had arrived already, so it counts."))
            return redirect("payments:joint_returned", pk=payment.pk)
        messages.success(request, _("The payment is canceled. Nothing was charged."))
        return redirect("payments:several")
    return redirect("payments:several")
