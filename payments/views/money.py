"""What was paid, why, what comes back and when; asking for a refund; the refund's note."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_in_form
from payments.forms.refunds import AskForm
from payments.models import Allocation, Refund
from payments.refund_rules import owed_for
from payments.services import refunds
from payments.text import balance, fee_explanations
from requests_app import permissions
from requests_app.files import storage
from requests_app.lifecycle import policies
from requests_app.models import MSARequest, ProgramSettings
from requests_app.views.scope import visible_or_404


@signed_in
@require_safe
def money(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = visible_or_404(request, reference)
    may_act = permissions.acts_for(user, msa_request)
    context = {
        "msa_request": msa_request,
        "overview": balance.money_of(msa_request, user),
        "payable": may_act and not policies.reason_against(policies.check_payable, msa_request),
        "may_withdraw": may_act and not policies.reason_against(policies.check_withdraw, msa_request),
    }
    return render(request, "payments/money.html", context)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def ask_refund(request: SignedInRequest, reference: str, part_id: int) -> HttpResponse:
    """A GET shows what the rules give and asks why; a POST asks a supervisor (F4). Twice is once."""
    msa_request, user = visible_or_404(request, reference)
    parts = Allocation.objects.select_related("payment__payer", "fee__round__msa_request")
    part = get_object_or_404(parts, pk=part_id, fee__round__msa_request=msa_request)
    obstacle = _obstacle(part, msa_request, user)
    form = AskForm(request.POST if request.method == "POST" else None)
    if obstacle is None and form.is_valid():
        with refusal_in_form(form):
            refunds.ask_for(part, by=user, note=form.cleaned_data["note"])
            messages.success(request, _("Your refund is asked for. A supervisor decides, and we write to you."))
            return redirect("payments:money", reference=msa_request.reference)
    decision = owed_for(part)
    context = {
        "msa_request": msa_request,
        "part": part,
        "rules": fee_explanations.returned(decision),
        "by_the_rules": decision.reason is not None,
        "obstacle": obstacle,
        "may_withdraw": obstacle is not None and obstacle.code == "visit_open",
        "arrives_days": ProgramSettings.current().refund_arrives_days,
        "form": form,
    }
    refused = request.method == "POST" and (obstacle is not None or bool(form.non_field_errors()))
    return render(request, "payments/ask_refund.html", context, status=409 if refused else 200)


def _obstacle(part: Allocation, msa_request: MSARequest, user: User) -> Refused | None:
    """Why this person cannot ask for that part now."""
    try:
        if user != part.payment.payer:
            permissions.check_acts_for(user, msa_request)
        refunds.check_can_ask(part)
    except Refused as refusal:
        return refusal
    return None


@signed_in
@require_safe
def refund_note(request: SignedInRequest, reference: str, refund_id: int) -> HttpResponseBase:
    msa_request, _user = visible_or_404(request, reference)
    paid_out = Refund.objects.filter(fee__round__msa_request=msa_request, state=Refund.State.SUCCEEDED)
    refund = get_object_or_404(paid_out.select_related("document"), pk=refund_id)
    if refund.document is None:
        messages.info(request, _("The refund note is being made. Try again in a minute."))
        return redirect("payments:money", reference=msa_request.reference)
    try:
        return storage.attachment(refund.document)
    except FileNotFoundError as error:
        raise Http404 from error
