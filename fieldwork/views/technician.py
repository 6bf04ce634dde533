"""The technician's pages, made for a phone: the day, a visit, its close-out, the flyer."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from fieldwork.forms.closeout import CloseOutForm
from fieldwork.models import CloseOut, SiteVisit
from fieldwork.visits import closeouts, flyers, orders, outcome_text
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.guards import SignedInRequest, technician
from msa_portal.pdf import qr_data_uri
from msa_portal.refusals import refusal_as_message, refusal_in_form
from requests_app import eligibility
from requests_app.enums import DocumentKind
from requests_app.files import site_photos
from requests_app.models import Document, OutcomeReason
from requests_app.views.held_forms import takes_files

# Why nobody could go to a site: the visit is moved then, not failed (D13).
NOT_REACHED = OutcomeReason.objects.filter(is_active=True, at_site=False)
_YEARS = timedelta(days=3 * 366)


def _my_visit(request: SignedInRequest, pk: int) -> tuple[SiteVisit, User]:
    visits = SiteVisit.objects.assigned_to(request.user).select_related(
        "order__round__msa_request__device", "technician__user"
    )
    return get_object_or_404(visits, pk=pk), request.user


def _reported_visit(request: SignedInRequest, pk: int) -> tuple[SiteVisit, User]:
    """A report is taken in also for a visit that was given to another meanwhile: evidence is kept."""
    row = get_object_or_404(
        SiteVisit.objects.select_related("order__round__msa_request__device", "technician__user"), pk=pk
    )
    if not orders.was_given_to(row, request.user):
        raise Http404
    return row, request.user


@technician
def day(request: SignedInRequest) -> HttpResponse:
    """Today's visits, or another day's, in the order of their windows; open ones of past days too."""
    today = local_day(timezone.now())
    on = _chosen_day(request.GET.get("on", ""), today)
    mine = SiteVisit.objects.assigned_to(request.user).select_related("order__round__msa_request__device")
    visits = list(mine.on_day(on))
    open_visits = [visit for visit in visits if visit.state in SiteVisit.OPEN_STATES]
    open_visits.sort(key=lambda visit: visit.state != SiteVisit.State.ON_SITE)
    context = {
        "on": on,
        "today": today,
        "before": on - timedelta(days=1),
        "after": on + timedelta(days=1),
        "visits": visits,
        "next_visit": open_visits[0] if open_visits else None,
        "later": open_visits[1:],
        "done": [visit for visit in visits if visit not in open_visits],
        "overdue": mine.open().filter(scheduled_on__lt=today),
        "next_on": None if visits else mine.next_day_after(on),
    }
    return render(request, "fieldwork/day.html", context)


def _chosen_day(text: str, today: date) -> date:
    """The day that the address names, where it is one that a technician may have visits on."""
    try:
        chosen = parse_date(text) or today
    except ValueError:
        return today
    return chosen if abs(chosen - today) <= _YEARS else today


@technician
def visit(request: SignedInRequest, pk: int) -> HttpResponse:
    row, _user = _my_visit(request, pk)
    msa_request = row.order.round.msa_request
    context = {
        "visit": row,
        "msa_request": msa_request,
        "not_reached": NOT_REACHED if row.state == SiteVisit.State.SCHEDULED else (),
        "checks": [rule for rule in eligibility.rules_for(msa_request.request_type) if rule.checklist],
        "is_another_day": row.scheduled_on != local_day(timezone.now()),
        "may_undo": (until := closeouts.may_undo_until(row)) is not None and timezone.now() <= until,
        "close_out": row.close_outs.filter(accepted=True).prefetch_related("reasons", "photos").first(),
    }
    return render(request, "fieldwork/visit.html", context)


@technician
@require_POST
def on_site(request: SignedInRequest, pk: int) -> HttpResponse:
    row, user = _my_visit(request, pk)
    if row.scheduled_on != local_day(timezone.now()) and "another_day" not in request.POST:
        messages.error(request, _("This visit isn't planned for today. Nothing was changed."))
        return redirect("fieldwork:visit", pk=row.pk)
    with refusal_as_message(request):
        closeouts.go_on_site(row, by=user)
        return redirect("fieldwork:close_out", pk=row.pk)
    return redirect("fieldwork:visit", pk=row.pk)


@technician
@require_POST
def off_site(request: SignedInRequest, pk: int) -> HttpResponse:
    """ "I am on site" was tapped by mistake."""
    row, user = _my_visit(request, pk)
    with refusal_as_message(request):
        closeouts.undo_on_site(row, by=user)
        messages.success(request, _("Taken back. The visit is scheduled as before."))
    return redirect("fieldwork:visit", pk=row.pk)


@technician
@require_POST
def put_back(request: SignedInRequest, pk: int) -> HttpResponse:
    """Nobody can go there today: dispatch plans the visit again (D13)."""
    row, user = _my_visit(request, pk)
    reason = next((row for row in NOT_REACHED.all() if row.code == request.POST.get("reason")), None)
    if reason is None:
        messages.error(request, _("Choose why nobody can go, then give the visit back."))
        return redirect("fieldwork:visit", pk=row.pk)
    with refusal_as_message(request):
        orders.put_back(row, by=user, reason=reason)
        messages.success(request, _("Given back. Dispatch plans a new day, and the customer is told."))
    return redirect("fieldwork:day")


@technician
@takes_files(first=_reported_visit)
def close_out(request: SignedInRequest, pk: int) -> HttpResponse:
    row, user = _reported_visit(request, pk) if request.method == "POST" else _my_visit(request, pk)
    if request.method != "POST" and row.state not in SiteVisit.OPEN_STATES:
        return redirect("fieldwork:visit", pk=row.pk)
    form = CloseOutForm(request.POST or None, request.FILES or None, visit=row)
    if form.is_valid():
        with refusal_in_form(form, NON_FIELD_ERRORS):
            kept = closeouts.close_out(row, form.report(), by=user)
            return _sent(request, kept)
    context = {"visit": row, "msa_request": row.order.round.msa_request, "form": form}
    return render(request, "fieldwork/close_out.html", context, status=422 if form.errors else 200)


def _sent(request: HttpRequest, kept: CloseOut) -> HttpResponse:
    if not kept.conflict:
        messages.success(request, _("Sent. The customer is told now."))
        return redirect("fieldwork:visit", pk=kept.visit_id)
    messages.warning(request, outcome_text.conflict_text(kept))
    return redirect("fieldwork:day")


@technician
def flyer(request: SignedInRequest, pk: int) -> HttpResponse:
    """The leave-behind flyer of a visit that did not succeed (V4): `?format=letter`, `label`, or `page` to show it."""
    row, _user = _my_visit(request, pk)
    asked = request.GET.get("format", "")
    with refusal_as_message(request):
        if asked == "page":
            context = flyers.content(row)
            return render(request, "fieldwork/flyer.html", context | {"qr": qr_data_uri(context["qr_url"])})
        paper = flyers.Paper(asked) if asked in set(flyers.Paper) else flyers.Paper.LETTER
        content = flyers.render(row, paper=paper)
        answer = HttpResponse(content, content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="flyer-{row.order.number}-{paper}.pdf"'
        return answer
    return redirect("fieldwork:visit", pk=row.pk)


@technician
@require_safe
def site_photo(request: SignedInRequest, pk: int, site_photo: int) -> HttpResponse:
    """What the customer sent of the site, to the visit's technician alone."""
    row, _user = _my_visit(request, pk)
    pictures = Document.objects.readable().current()
    kinds = [DocumentKind.SITE_PHOTO, DocumentKind.CURE_PROOF]
    pictures = pictures.filter(msa_request=row.order.round.msa_request, kind__in=kinds, content_type="image/jpeg")
    try:
        return site_photos.thumbnail(get_object_or_404(pictures, pk=site_photo))
    except FileNotFoundError as error:
        raise Http404 from error
