"""The corrections page: only what must change, in staff's words beside the field (C, D14)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from msa_portal.accounts.models import User
from msa_portal.errors import Refused, Stale
from requests_app import agreements, answers, form_steps, lifecycle, permissions, policies, records, screening
from requests_app.enums import CheckCode, CorrectionKind, Status
from requests_app.forms.correction import CorrectionForm
from requests_app.models import Correction, MSARequest

# An item about these checks, with no field of its own, is put right on the agreement's page.
_ON_THE_AGREEMENT = {CheckCode.C1, CheckCode.C2, CheckCode.C4}


@login_required
@require_http_methods(["GET", "POST"])
def corrections(http: HttpRequest, reference: str) -> HttpResponse:
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    visible = MSARequest.objects.visible_to(user).select_related("owner", "agent", "agent_company", "device")
    request = get_object_or_404(visible, reference=reference)
    if not permissions.acts_for(user, request):
        raise Http404
    if request.status != Status.CORRECTIONS_REQUIRED:
        messages.info(
            http, str(lifecycle.stale(request, to=user)) if http.method == "POST" else _("Nothing is to be corrected.")
        )
        return redirect(request)
    if http.method != "POST":
        return _page(http, request)
    return _resubmit(http, request, user) if "resubmit" in http.POST else _answer(http, request, user)


def _resubmit(http: HttpRequest, request: MSARequest, user: User) -> HttpResponse:
    try:
        lifecycle.resubmit(request, by=user)
    except Refused as refusal:
        messages.error(http, str(refusal))
        return redirect(http.path)
    messages.success(http, _("Sent back for screening. We tell you the result by e-mail."))
    return redirect(request)


def _answer(http: HttpRequest, request: MSARequest, user: User) -> HttpResponse:
    correction = get_object_or_404(request.corrections.open(), pk=_number(http.POST.get("correction", "")))
    device = http.POST.get("way") == "device"
    form = CorrectionForm(request, correction, http.POST, device=device)
    if not form.is_valid():
        return _page(http, request, bound=(correction, form, device), status=422)
    try:
        screening.answer_correction(
            correction,
            by=user,
            answer=form.cleaned_data["answer"],
            changes=form.changes(),
            version=_number(http.POST.get("version", "")),
        )
    except Stale as stale:
        form.add_error(None, _both_versions(request, stale))
        request.refresh_from_db()
        return _page(http, request, bound=(correction, form, device), status=409)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(http, request, bound=(correction, form, device), status=422)
    _check_record(http, request, user)
    messages.success(http, _("Saved: %(item)s.") % {"item": correction.reason.title})
    return redirect(http.path)


def _number(posted: str) -> int:
    return int(posted) if posted.isdecimal() and len(posted) < 19 else 0


def _both_versions(request: MSARequest, stale: Stale) -> str:
    """The refusal with what is stored now beside what was typed (fault 16)."""
    mine = MSARequest()
    parts = [str(stale)]
    request.refresh_from_db()
    for name, values in stale.fields.items():
        setattr(mine, name, values["yours"])
        parts.append(
            _("%(label)s: saved now “%(saved)s”, yours “%(yours)s”.")
            % {
                "label": form_steps.label(name).capitalize(),
                "saved": answers.answer_text(request, name),
                "yours": answers.answer_text(mine, name),
            }
        )
    return " ".join(parts)


def _check_record(http: HttpRequest, request: MSARequest, user: User) -> None:
    """Number, name or ZIP changed: look the account up again."""
    request.refresh_from_db()
    if not records.can_be_checked(request):
        return
    try:
        records.check(request, by=user, address=http.META.get("REMOTE_ADDR", ""))
    except Refused as refusal:
        messages.warning(http, str(refusal))


def _page(
    http: HttpRequest,
    request: MSARequest,
    *,
    bound: tuple[Correction, CorrectionForm, bool] | None = None,
    status: int = 200,
) -> HttpResponse:
    items = [_item(request, each, bound) for each in request.corrections.open().select_related("reason")]
    context = {
        "request_": request,
        "items": items,
        "form": bound[1] if bound else None,
        "left": sum(not item["correction"].answered_at for item in items),
        "why_not": policies.reason_against(policies.check_resubmit, request),
        "needs_signing": not agreements.is_executed(request),
    }
    return render(http, "requests_app/corrections.html", context, status=status)


def _item(
    request: MSARequest, correction: Correction, bound: tuple[Correction, CorrectionForm, bool] | None
) -> dict[str, Any]:
    cannot = correction.reason.kind == CorrectionKind.CANNOT_BE_SERVED
    posted, posted_form, posted_device = bound if bound and bound[0].pk == correction.pk else (None, None, False)
    other_device = cannot and request.places_device
    return {
        "correction": correction,
        "cannot_be_served": cannot,
        "form": posted_form if posted and not posted_device else CorrectionForm(request, correction),
        "device_form": posted_form
        if posted and posted_device
        else CorrectionForm(request, correction, device=True)
        if other_device
        else None,
        "device_open": posted_device,
        "was_posted": posted is not None,
        "on_the_agreement": not correction.field and correction.reason.check_code in _ON_THE_AGREEMENT,
        "on_the_form": not correction.field and correction.reason.check_code == CheckCode.C3,
    }
