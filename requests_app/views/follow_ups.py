"""Reschedule MSA Site Visit, Modification Request, Withdraw IR."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, public, signed_in
from msa_portal.refusals import refusal_as_message, refusal_in_form
from requests_app import history, permissions
from requests_app.agreements import versions
from requests_app.enums import FollowUpKind, Status, WithdrawalReason
from requests_app.follow_ups import cures, failure_reasons, follow_ups
from requests_app.follow_ups.cures import Item
from requests_app.forms.follow_ups import CureForm, ModificationForm, WithdrawForm
from requests_app.lifecycle import policies, transitions
from requests_app.models import MSARequest
from requests_app.views.held_forms import takes_files
from requests_app.views.scope import acted_for_or_404


def _not_now(request: HttpRequest, msa_request: MSARequest, user: User) -> HttpResponse | None:
    """Where the form is not open: one is saved already, to go on with or to take back; or no visit failed."""
    if follow_up := policies.open_follow_up(msa_request):
        context = {
            "msa_request": msa_request,
            "follow_up": follow_up,
            "needs_signing": follow_up.kind == FollowUpKind.MODIFY and not versions.is_executed(msa_request),
        }
        return render(request, "requests_app/follow_up_saved.html", context)
    if msa_request.status != Status.SITE_VISIT_UNSUCCESSFUL:
        messages.warning(request, str(history.stale(msa_request, to=user)))
        return redirect(msa_request)
    return None


def _after_saving(request: HttpRequest, msa_request: MSARequest) -> HttpResponse:
    """To the next thing that is needed: signatures, the fee, or nothing more."""
    follow_up = policies.open_follow_up(msa_request)
    if follow_up is None:
        messages.success(request, _("Received. We plan the next visit and tell you the day."))
        return redirect(msa_request)
    if follow_up.kind == FollowUpKind.MODIFY and policies.reason_against(
        policies.check_agreement_executed, msa_request
    ):
        messages.success(request, _("Saved. The agreement names the device, so it needs new signatures."))
        return redirect("requests:agreement", reference=msa_request.reference)
    messages.success(request, _("Saved. One thing is left: the fee for the next visit."))
    return redirect("payments:fee", reference=msa_request.reference)


@signed_in
@require_http_methods(["GET", "POST"])
@takes_files(first=acted_for_or_404)
def reschedule(request: SignedInRequest, reference: str) -> HttpResponse:
    """The cure loop: each reason is proved on its own, then the next visit is asked for."""
    msa_request, user = acted_for_or_404(request, reference)
    if away := _not_now(request, msa_request, user):
        return away
    if request.method != "POST":
        return _cure_page(request, msa_request)
    if "reason" in request.POST:
        return _cure(request, msa_request, user)
    with refusal_as_message(request):
        follow_ups.save_reschedule(msa_request, by=user)
        return _after_saving(request, msa_request)
    return redirect(request.path)


def _cure(request: HttpRequest, msa_request: MSARequest, user: User) -> HttpResponse:
    """One reason is put right, or is not after all."""
    item = _posted_item(request, msa_request)
    if "undo" in request.POST:
        cures.retract_cure(msa_request, item.reason, by=user)
        messages.success(request, _("Taken back: %(reason)s.") % {"reason": item.reason.title})
        return redirect(f"{request.path}#reason-{item.reason.pk}")
    form = CureForm(item, request.POST, request.FILES)
    if not form.is_valid():
        return _cure_page(request, msa_request, posted=(item, form), status=422)
    statement, upload = form.cleaned_data.get("statement", ""), form.cleaned_data.get("file")
    try:
        cures.submit_cure(msa_request, item.reason, by=user, statement=statement, upload=upload)
    except Refused as refusal:
        form.add_error("file" if upload is not None and "file" in form.fields else None, str(refusal))
        return _cure_page(request, msa_request, posted=(item, form), status=422)
    messages.success(request, _("Saved: %(reason)s.") % {"reason": item.reason.title})
    left = next((cure for cure in cures.items(msa_request, policies.failed_round(msa_request)) if not cure.done), None)
    return redirect(f"{request.path}#{f'reason-{left.reason.pk}' if left else 'next-visit'}")


def _posted_item(request: HttpRequest, msa_request: MSARequest) -> Item:
    for item in cures.items(msa_request, policies.failed_round(msa_request)):
        if str(item.reason.pk) == request.POST["reason"]:
            return item
    raise Http404


def _cure_page(
    request: HttpRequest, msa_request: MSARequest, *, posted: tuple[Item, CureForm] | None = None, status: int = 200
) -> HttpResponse:
    visit = policies.failed_round(msa_request)
    items, reasons = cures.items(msa_request, visit), failure_reasons.explained(msa_request, visit)
    here = posted[0].reason.pk if posted else 0
    context = {
        "msa_request": msa_request,
        "visit": visit,
        "items": [
            (item, posted[1] if posted and item.reason.pk == here else CureForm(item), detail)
            for item, detail in zip(items, reasons, strict=True)
        ],
        "other_photos": failure_reasons.other_photos(visit, reasons),
        "posted_reason": here,
        "form": posted[1] if posted else None,
        "left": sum(not item.done for item in items),
        "fee_due": follow_ups.second_fee_due(visit),
        "why_not": policies.reason_against(cures.check_all_cured, msa_request, visit),
    }
    return render(request, "requests_app/reschedule.html", context, status=status)


@public
def after_visit(request: HttpRequest, reference: str) -> HttpResponse:
    """Where the flyer's code leads: to the reasons for who acts for the request, else how to get there.

    The page for everybody else is the same whatever the reference, so that it tells nothing (V4).
    """
    user = request.user
    if isinstance(user, User):
        msa_request = MSARequest.objects.visible_to(user).filter(reference=reference).first()
        if msa_request is not None and permissions.acts_for(user, msa_request):
            return redirect("requests:reschedule", reference=msa_request.reference)
    return render(request, "requests_app/after_visit.html", {"reference": reference[:20]})


@signed_in
def modify(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = acted_for_or_404(request, reference)
    if away := _not_now(request, msa_request, user):
        return away
    visit = policies.failed_round(msa_request)
    form = ModificationForm(request.POST if request.method == "POST" else None, msa_request=msa_request)
    if form.is_valid():
        with refusal_in_form(form):
            follow_ups.save_modification(msa_request, by=user, device=form.cleaned_data["device"])
            return _after_saving(request, msa_request)
    context = {
        "msa_request": msa_request,
        "visit": visit,
        "form": form,
        "fee_due": follow_ups.second_fee_due(visit),
        "reasons": failure_reasons.explained(msa_request, visit),
    }
    return render(request, "requests_app/modify.html", context)


@signed_in
@require_POST
def cancel_follow_up(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = acted_for_or_404(request, reference)
    with refusal_as_message(request):
        follow_ups.cancel(msa_request, by=user)
        messages.success(request, _("Taken back. You can choose another next step."))
    return redirect(msa_request)


@signed_in
def withdraw(request: SignedInRequest, reference: str) -> HttpResponse:
    msa_request, user = acted_for_or_404(request, reference)
    reason = policies.reason_against(policies.check_withdraw, msa_request)
    form = WithdrawForm(
        request.POST if request.method == "POST" else None, initial={"reason": request.GET.get("reason", "")}
    )
    if not reason and form.is_valid():
        with refusal_in_form(form, NON_FIELD_ERRORS):
            transitions.withdraw(
                msa_request,
                by=user,
                reason=WithdrawalReason(form.cleaned_data["reason"]),
                note=form.cleaned_data["note"],
            )
            messages.success(request, _("Your request is withdrawn."))
            return redirect(msa_request)
    return render(request, "requests_app/withdraw.html", {"msa_request": msa_request, "form": form, "reason": reason})
