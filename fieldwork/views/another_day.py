"""Another day at the customer's wish: choosing one that is offered, or asking dispatch."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from fieldwork.day_changes import offers
from fieldwork.day_changes import requests as day_requests
from fieldwork.forms.day_changes import ChoiceForm
from fieldwork.models import SiteVisit
from fieldwork.views.visit_days import mark_form, marking
from fieldwork.visits import day_change_rules
from msa_portal import formats
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_in_form
from requests_app.models import MSARequest
from requests_app.views.scope import acted_for_or_404


@signed_in
@require_http_methods(["GET", "POST"])
def another_day(request: SignedInRequest, reference: str) -> HttpResponse:
    """Up to six half days that have room; choosing one moves the visit at once."""
    msa_request, user = acted_for_or_404(request, reference)
    visit = day_change_rules.open_visit(msa_request)
    if visit is None:
        messages.warning(request, _("No visit is planned now."))
        return redirect(msa_request)
    if request.method != "POST":
        return _offer(request, msa_request, visit)
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        return _offer(request, msa_request, visit, form)
    on, window = form.cleaned_data["half"]
    with refusal_in_form(form, "half"):
        moved = day_requests.choose(msa_request, on=on, window=window, by=user)
        words = {"day": formats.day(on), "window": moved.get_window_display()}
        messages.success(
            request, _("Your visit is now on %(day)s, %(window)s. We sent you a message with it.") % words
        )
        return redirect(msa_request)
    return _offer(request, msa_request, visit, form)


def _offer(
    request: HttpRequest, msa_request: MSARequest, visit: SiteVisit, form: ChoiceForm | None = None
) -> HttpResponse:
    reason = day_change_rules.why_not(visit)
    if reason is not None:
        return _not_now(request, msa_request, reason)
    context = {"msa_request": msa_request, "visit": visit, "offers": offers.find(visit), "form": form}
    return render(request, "fieldwork/another_day.html", context, status=422 if form else 200)


def _not_now(request: HttpRequest, msa_request: MSARequest, reason: Refused) -> HttpResponse:
    """Why the day can't be changed, on the page where something can be done about it."""
    messages.warning(request, str(reason))
    if reason.code == "no_day":
        return redirect("fieldwork:unsuitable_days", reference=msa_request.reference)
    return redirect(msa_request)


@signed_in
@require_http_methods(["GET", "POST"])
def none_suits(request: SignedInRequest, reference: str) -> HttpResponse:
    """None of the offers suits: the wish goes to dispatch, with the half days that do not suit."""
    msa_request, user = acted_for_or_404(request, reference)
    visit = day_change_rules.open_visit(msa_request)
    reason = day_change_rules.why_not(visit) if visit else None
    if visit is None:
        messages.warning(request, _("No visit is planned now."))
        return redirect(msa_request)
    if reason is not None:
        return _not_now(request, msa_request, reason)
    form = mark_form(request, visit)
    if form.is_bound and form.is_valid():
        with refusal_in_form(form, NON_FIELD_ERRORS):
            day_requests.ask(msa_request, form.cleaned_data["halves"], by=user)
            messages.success(request, _("We look for another day and tell you. Until then your visit keeps its day."))
            return redirect(msa_request)
    return marking(request, msa_request, visit, form, "fieldwork/none_suits.html")
