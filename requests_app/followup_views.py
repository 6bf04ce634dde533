"""Reschedule MSA Site Visit, Modification Request, Withdraw IR."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app import agreements, followups, lifecycle, permissions, policies
from requests_app.enums import FollowUpKind, Status, WithdrawalReason
from requests_app.followup_forms import ModificationForm, RescheduleForm, WithdrawForm
from requests_app.models import MSARequest


def _mine(http: HttpRequest, reference: str) -> tuple[MSARequest, User]:
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    visible = MSARequest.objects.visible_to(user).select_related("owner", "agent", "agent_company", "device")
    request = get_object_or_404(visible, reference=reference)
    if not permissions.acts_for(user, request):
        raise Http404
    return request, user


def _not_now(http: HttpRequest, request: MSARequest, user: User) -> HttpResponse | None:
    """Where the form is not open: one is saved already, to go on with or to take back; or no visit failed."""
    if follow_up := policies.open_follow_up(request):
        context = {
            "request_": request,
            "follow_up": follow_up,
            "needs_signing": follow_up.kind == FollowUpKind.MODIFY and not agreements.is_executed(request),
        }
        return render(http, "requests_app/follow_up_saved.html", context)
    if request.status != Status.SITE_VISIT_UNSUCCESSFUL:
        messages.warning(http, str(lifecycle.stale(request, to=user)))
        return redirect(request)
    return None


def _after_saving(http: HttpRequest, request: MSARequest) -> HttpResponse:
    """To the next thing that is needed: signatures, the fee, or nothing more."""
    follow_up = policies.open_follow_up(request)
    if follow_up is None:
        messages.success(http, _("Received. We plan the next visit and tell you the day."))
        return redirect(request)
    if follow_up.kind == FollowUpKind.MODIFY and policies.reason_against(policies.check_agreement_executed, request):
        messages.success(http, _("Saved. The agreement names the device, so it needs new signatures."))
        return redirect("requests:agreement", reference=request.reference)
    messages.success(http, _("Saved. One thing is left: the fee for the next visit."))
    return redirect("payments:fee", reference=request.reference)


@login_required
def reschedule(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = _mine(http, reference)
    if away := _not_now(http, request, user):
        return away
    visit = followups.failed_round(request)
    form = RescheduleForm(http.POST if http.method == "POST" else None, visit=visit)
    if form.is_valid():
        try:
            followups.save_reschedule(request, by=user, statements=form.cures())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return _after_saving(http, request)
    context = {"request_": request, "visit": visit, "form": form, "fee_due": followups.second_fee_due(visit)}
    return render(http, "requests_app/reschedule.html", context)


@login_required
def modify(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = _mine(http, reference)
    if away := _not_now(http, request, user):
        return away
    visit = followups.failed_round(request)
    form = ModificationForm(http.POST if http.method == "POST" else None, request=request)
    if form.is_valid():
        try:
            followups.save_modification(request, by=user, device=form.cleaned_data["device"])
        except Refused as refusal:
            form.add_error("device" if "device" in refusal.fields else None, str(refusal))
        else:
            return _after_saving(http, request)
    context = {"request_": request, "visit": visit, "form": form, "fee_due": followups.second_fee_due(visit)}
    return render(http, "requests_app/modify.html", context)


@login_required
@require_POST
def cancel_follow_up(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = _mine(http, reference)
    try:
        followups.cancel(request, by=user)
    except Refused as refusal:
        messages.error(http, str(refusal))
    else:
        messages.success(http, _("Taken back. You can choose another next step."))
    return redirect(request)


@login_required
def withdraw(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = _mine(http, reference)
    reason = policies.reason_against(policies.check_withdraw, request)
    form = WithdrawForm(http.POST if http.method == "POST" else None, initial={"reason": http.GET.get("reason", "")})
    if not reason and form.is_valid():
        try:
            lifecycle.withdraw(
                request, by=user, reason=WithdrawalReason(form.cleaned_data["reason"]), note=form.cleaned_data["note"]
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(http, _("Your request is withdrawn."))
            return redirect(request)
    return render(http, "requests_app/withdraw.html", {"request_": request, "form": form, "reason": reason})
