"""The customer's pages of a visit: days that do not suit, the arrival on the day itself."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fieldwork.customer import sections
from fieldwork.day_changes import rules, unsuitable_days
from fieldwork.forms.day_changes import MarkForm
from fieldwork.models import SiteVisit
from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app import permissions
from requests_app.models import MSARequest


def mine(http: HttpRequest, reference: str) -> tuple[MSARequest, User]:
    """Of those who act for the customer; to everybody else these pages are not there."""
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    visible = MSARequest.objects.visible_to(user).select_related("owner", "agent", "agent_company", "device")
    request = get_object_or_404(visible, reference=reference)
    if not permissions.acts_for(user, request):
        raise Http404
    return request, user


@login_required
@require_http_methods(["GET", "POST"])
def days(http: HttpRequest, reference: str) -> HttpResponse:
    """Half days that do not suit, before the visit is planned and while it is."""
    request, user = mine(http, reference)
    try:
        visit = rules.check_nameable(rules.open_visit(request))
    except Refused as refusal:
        messages.warning(http, str(refusal))
        return redirect(request)
    form = mark_form(http, visit)
    if form.is_bound and form.is_valid():
        try:
            unsuitable_days.name(request, form.cleaned_data["halves"], by=user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(http, _("Saved. We plan the visit around these days."))
            return redirect(request)
    return marking(http, request, visit, form, "fieldwork/unsuitable_days.html")


def mark_form(http: HttpRequest, visit: SiteVisit) -> MarkForm:
    can = rules.nameable(visit.order)
    data = http.POST if http.method == "POST" else None
    return MarkForm(data, days=can.days, marked=rules.named_halves(visit.order))


def marking(http: HttpRequest, request: MSARequest, visit: SiteVisit, form: MarkForm, template: str) -> HttpResponse:
    context = {"request_": request, "visit": visit, "form": form, "most": rules.nameable(visit.order).most}
    return render(http, template, context, status=422 if form.errors else 200)


@login_required
@require_safe
@never_cache
def today(http: HttpRequest, reference: str) -> HttpResponse:
    """When the technician is expected, for the request's page, which asks again each minute on the day."""
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    request = get_object_or_404(MSARequest.objects.visible_to(user), reference=reference)
    context = {"request_": request, "today": sections.today(request)}
    return render(http, "fieldwork/partials/visit_today.html", context)
