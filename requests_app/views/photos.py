"""The guided photos: a step of the form, a page of their own once the form is sent, and each picture."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from requests_app import enums, permissions
from requests_app.application import steps
from requests_app.enums import DocumentKind, PhotoTopic
from requests_app.files import site_photos
from requests_app.files.site_photos import Guide
from requests_app.models import Document, MSARequest


@dataclass(frozen=True)
class Card:
    """One photo that is asked for, what is there of it, and why the last one was not taken."""

    guide: Guide
    photo: Document | None
    error: str = ""


def cards(request: MSARequest) -> list[Card]:
    there = site_photos.current(request)
    return [Card(guide, there.get(guide.topic)) for guide in site_photos.guides_for(request.request_type)]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def page(http: HttpRequest, reference: str) -> HttpResponse:
    """A POST adds, retakes or removes one photo. The page's script gets that photo's card back."""
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    request = get_object_or_404(MSARequest.objects.visible_to(user), reference=reference)
    if not permissions.acts_for(user, request):
        raise Http404
    if http.method == "POST":
        return _change(http, request, user)
    if request.status in enums.EDITABLE:
        return redirect(_place(request))
    return render(http, "requests_app/photos.html", {"request_": request, "cards": cards(request)})


def _change(http: HttpRequest, request: MSARequest, user: User) -> HttpResponse:
    topic = _topic(http)
    error = ""
    try:
        said = _store(http, request, topic, user)
    except Refused as refusal:
        error = str(refusal)
    if "card" in http.POST:
        card = Card(site_photos.guide(topic), site_photos.current(request).get(topic), error)
        context = {"request_": request, "card": card}
        return render(http, "requests_app/partials/photo_card.html", context, status=422 if error else 200)
    if error:
        messages.error(http, error)
    else:
        messages.success(http, said)
    return redirect(f"{_place(request)}#photo-{topic}")


def _topic(http: HttpRequest) -> PhotoTopic:
    try:
        return PhotoTopic(http.POST.get("topic", ""))
    except ValueError as error:
        raise Http404 from error


def _store(http: HttpRequest, request: MSARequest, topic: PhotoTopic, user: User) -> str:
    if "remove" in http.POST:
        site_photos.remove(request, topic=topic, by=user)
        return _("The photo is removed.")
    upload = http.FILES.get("photo")
    if upload is None:
        raise Refused(_("No photo came with it. Take or choose one, then send it."), code="no_file")
    site_photos.add(request, upload, topic=topic, by=user)
    return _("The photo is saved.")


def _place(request: MSARequest) -> str:
    if request.status in enums.EDITABLE:
        return reverse("requests:form", args=[request.reference, steps.PHOTOS.slug])
    return reverse("requests:photos", args=[request.reference])


@login_required
@require_safe
def photo(http: HttpRequest, reference: str, site_photo: int) -> HttpResponse:
    """A small copy, for whoever may see the request (fault 31)."""
    user: User = http.user  # type: ignore[assignment]  # login_required comes first
    request = get_object_or_404(MSARequest.objects.visible_to(user), reference=reference)
    pictures = Document.objects.readable().filter(request=request, kind=DocumentKind.SITE_PHOTO)
    try:
        return site_photos.thumbnail(get_object_or_404(pictures, pk=site_photo))
    except FileNotFoundError as error:
        raise Http404 from error
