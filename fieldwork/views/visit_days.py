"""The customer's pages of a visit: days that do not suit, the arrival on the day itself."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fieldwork.customer import sections
from fieldwork.day_changes import unsuitable_days
from fieldwork.forms.day_changes import MarkForm
from fieldwork.models import SiteVisit
from fieldwork.visits import day_change_rules
from msa_portal.guards import SignedInRequest, signed_in
from msa_portal.refusals import refusal_as_message, refusal_in_form
from requests_app.models import MSARequest
from requests_app.views.scope import acted_for_or_404, visible_or_404


@signed_in
@require_http_methods(["GET", "POST"])
def days(request: SignedInRequest, reference: str) -> HttpResponse:
    """Half days that do not suit, before the visit is planned and while it is."""
    msa_request, user = acted_for_or_404(request, reference)
    with refusal_as_message(request, level=messages.WARNING):
        visit = day_change_rules.check_nameable(day_change_rules.open_visit(msa_request))
        form = mark_form(request, visit)
        if form.is_bound and form.is_valid():
            with refusal_in_form(form, NON_FIELD_ERRORS):
                unsuitable_days.name(msa_request, form.cleaned_data["halves"], by=user)
                messages.success(request, _("Saved. We plan the visit around these days."))
                return redirect(msa_request)
        return marking(request, msa_request, visit, form, "fieldwork/unsuitable_days.html")
    return redirect(msa_request)


def mark_form(request: HttpRequest, visit: SiteVisit) -> MarkForm:
    can = day_change_rules.nameable(visit.order)
    data = request.POST if request.method == "POST" else None
    return MarkForm(data, days=can.days, marked=day_change_rules.named_halves(visit.order))


def marking(
    request: HttpRequest, msa_request: MSARequest, visit: SiteVisit, form: MarkForm, template: str
) -> HttpResponse:
    context = {
        "msa_request": msa_request,
        "visit": visit,
        "form": form,
        "most": day_change_rules.nameable(visit.order).most,
    }
    return render(request, template, context, status=422 if form.errors else 200)


@signed_in
@require_safe
@never_cache
def today(request: SignedInRequest, reference: str) -> HttpResponse:
    """When the technician is expected, for the request's page, which asks again each minute on the day."""
    msa_request, _user = visible_or_404(request, reference)
    context = {"msa_request": msa_request, "today": sections.today(msa_request)}
    return render(request, "fieldwork/today.html", context)
