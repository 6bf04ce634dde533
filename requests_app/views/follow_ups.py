"""Reschedule MSA Site Visit, Modification Request, Withdraw IR."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app import history, permissions
from requests_app.agreements import versions
from requests_app.enums import FollowUpKind, Status, WithdrawalReason
from requests_app.follow_ups import cures, failure_reasons, follow_ups
from requests_app.follow_ups.cures import Item
from requests_app.forms.follow_ups import CureForm, ModificationForm, WithdrawForm
from requests_app.lifecycle import policies, transitions
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
            "needs_signing": follow_up.kind == FollowUpKind.MODIFY and not versions.is_executed(request),
        }
        return render(http, "requests_app/follow_up_saved.html", context)
    if request.status != Status.SITE_VISIT_UNSUCCESSFUL:
        messages.warning(http, str(history.stale(request, to=user)))
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
@require_http_methods(["GET", "POST"])
def reschedule(http: HttpRequest, reference: str) -> HttpResponse:
    """The cure loop: each reason is proved on its own, then the next visit is asked for."""
    request, user = _mine(http, reference)
    if away := _not_now(http, request, user):
        return away
    if http.method != "POST":
        return _cure_page(http, request)
    if "reason" in http.POST:
        return _cure(http, request, user)
    try:
        follow_ups.save_reschedule(request, by=user)
    except Refused as refusal:
        messages.error(http, str(refusal))
        return redirect(http.path)
    return _after_saving(http, request)


def _cure(http: HttpRequest, request: MSARequest, user: User) -> HttpResponse:
    """One reason is put right, or is not after all."""
    item = _posted_item(http, request)
    if "undo" in http.POST:
        cures.retract_cure(request, item.reason, by=user)
        messages.success(http, _("Taken back: %(reason)s.") % {"reason": item.reason.title})
        return redirect(f"{http.path}#reason-{item.reason.pk}")
    form = CureForm(item, http.POST, http.FILES)
    if not form.is_valid():
        return _cure_page(http, request, posted=(item, form), status=422)
    statement, upload = form.cleaned_data.get("statement", ""), form.cleaned_data.get("file")
    try:
        cures.submit_cure(request, item.reason, by=user, statement=statement, upload=upload)
    except Refused as refusal:
        form.add_error("file" if upload is not None and "file" in form.fields else None, str(refusal))
        return _cure_page(http, request, posted=(item, form), status=422)
    messages.success(http, _("Saved: %(reason)s.") % {"reason": item.reason.title})
    left = next((each for each in cures.items(request, policies.failed_round(request)) if not each.done), None)
    return redirect(f"{http.path}#{f'reason-{left.reason.pk}' if left else 'next-visit'}")


def _posted_item(http: HttpRequest, request: MSARequest) -> Item:
    for item in cures.items(request, policies.failed_round(request)):
        if str(item.reason.pk) == http.POST["reason"]:
            return item
    raise Http404


def _cure_page(
    http: HttpRequest, request: MSARequest, *, posted: tuple[Item, CureForm] | None = None, status: int = 200
) -> HttpResponse:
    visit = policies.failed_round(request)
    found, reasons = cures.items(request, visit), failure_reasons.explained(request, visit)
    here = posted[0].reason.pk if posted else 0
    context = {
        "request_": request,
        "visit": visit,
        "items": [
            (item, posted[1] if posted and item.reason.pk == here else CureForm(item), each)
            for item, each in zip(found, reasons, strict=True)
        ],
        "other_photos": failure_reasons.other_photos(visit, reasons),
        "posted_reason": here,
        "form": posted[1] if posted else None,
        "left": sum(not each.done for each in found),
        "fee_due": follow_ups.second_fee_due(visit),
        "why_not": policies.reason_against(cures.check_all_cured, request, visit),
    }
    return render(http, "requests_app/reschedule.html", context, status=status)


def after_visit(http: HttpRequest, reference: str) -> HttpResponse:
    """Where the flyer's code leads: to the reasons for who acts for the request, else how to get there.

    The page for everybody else is the same whatever the reference, so that it tells nothing (V4).
    """
    user = http.user
    if isinstance(user, User):
        request = MSARequest.objects.visible_to(user).filter(reference=reference).first()
        if request is not None and permissions.acts_for(user, request):
            return redirect("requests:reschedule", reference=request.reference)
    return render(http, "requests_app/after_visit.html", {"reference": reference[:20]})


@login_required
def modify(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = _mine(http, reference)
    if away := _not_now(http, request, user):
        return away
    visit = policies.failed_round(request)
    form = ModificationForm(http.POST if http.method == "POST" else None, request=request)
    if form.is_valid():
        try:
            follow_ups.save_modification(request, by=user, device=form.cleaned_data["device"])
        except Refused as refusal:
            form.add_error("device" if "device" in refusal.fields else None, str(refusal))
        else:
            return _after_saving(http, request)
    context = {
        "request_": request,
        "visit": visit,
        "form": form,
        "fee_due": follow_ups.second_fee_due(visit),
        "reasons": failure_reasons.explained(request, visit),
    }
    return render(http, "requests_app/modify.html", context)


@login_required
@require_POST
def cancel_follow_up(http: HttpRequest, reference: str) -> HttpResponse:
    request, user = _mine(http, reference)
    try:
        follow_ups.cancel(request, by=user)
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
            transitions.withdraw(
                request, by=user, reason=WithdrawalReason(form.cleaned_data["reason"]), note=form.cleaned_data["note"]
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(http, _("Your request is withdrawn."))
            return redirect(request)
    return render(http, "requests_app/withdraw.html", {"request_": request, "form": form, "reason": reason})
