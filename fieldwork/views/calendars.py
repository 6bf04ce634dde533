"""Calendar files: one visit's, a person's feed, and the page that gives the feed's address."""

from __future__ import annotations

import hashlib

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from fieldwork.customer import feeds
from fieldwork.models import CalendarFeed, SiteVisit
from fieldwork.visits import calendars
from msa_portal.guards import SignedInRequest, signed_in
from requests_app.views.scope import visible_or_404
from requests_app.views.secret_links import get_or_throttle, secret_page

_TYPE = "text/calendar; charset=utf-8"


@signed_in
@require_safe
@never_cache
def visit(request: SignedInRequest, reference: str) -> HttpResponse:
    """The newest visit that has a day, as a file for a calendar."""
    msa_request, _user = visible_or_404(request, reference)
    visits = SiteVisit.objects.filter(order__round__msa_request=msa_request, scheduled_on__isnull=False)
    open_visit = (
        visits.exclude(state=SiteVisit.State.CANCELED)
        .select_related("order__round__msa_request")
        .order_by("pk")
        .last()
    )
    if open_visit is None:
        raise Http404
    headers = {"Content-Disposition": f'attachment; filename="visit-{msa_request.reference}.ics"'}
    return HttpResponse(calendars.file(open_visit), content_type=_TYPE, headers=headers)


@secret_page
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """For calendar programs, which have no session: the address is the key."""
    calendar_feed = get_or_throttle(request, lambda: feeds.find(token))
    content = calendars.feed(feeds.visits_of(calendar_feed.user)).encode()
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    answer = HttpResponse(content, content_type=_TYPE, headers={"ETag": etag})
    return get_conditional_response(request, etag=etag, response=answer) or answer


@signed_in
@require_http_methods(["GET", "POST"])
@never_cache
def address(request: SignedInRequest) -> HttpResponse:
    """The address of the person's feed, to copy; a new one by POST."""
    user = request.user
    if request.method == "POST":
        if feeds.renew(by=user).generation > 1:
            messages.success(request, _("You have a new address. The one before does not work any more."))
        else:
            messages.success(request, _("Here is your address."))
        return redirect("fieldwork:calendar")
    made = CalendarFeed.objects.filter(user=user).first()
    return render(request, "fieldwork/calendar.html", {"address": feeds.address(made) if made else ""})
