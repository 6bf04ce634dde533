"""The guided photos: a step of the form, a page of their own once the form is sent, and each picture."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from msa_portal.guards import SignedInRequest, signed_in
from requests_app import enums
from requests_app.application import steps
from requests_app.enums import DocumentKind, PhotoTopic
from requests_app.files import site_photos
from requests_app.files.site_photos import Guide
from requests_app.models import Document, MSARequest
from requests_app.views.held_forms import takes_files
from requests_app.views.scope import acted_for_or_404, visible_or_404


@dataclass(frozen=True)
class Card:
    """One photo that is asked for, what is there of it, and why the last one was not taken."""

    guide: Guide
    photo: Document | None
    error: str = ""


def cards(msa_request: MSARequest) -> list[Card]:
    there = site_photos.current(msa_request)
    return [Card(guide, there.get(guide.topic)) for guide in site_photos.guides_for(msa_request.request_type)]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(first=acted_for_or_404)
def page(request: SignedInRequest, reference: str) -> HttpResponse:
    """A POST adds, retakes or removes one photo. The page's script gets that photo's card back."""
    msa_request, user = acted_for_or_404(request, reference)
    if request.method == "POST":
        return _change(request, msa_request, user)
    if msa_request.status in enums.EDITABLE:
        return redirect(_place(msa_request))
    return render(request, "requests_app/photos.html", {"msa_request": msa_request, "cards": cards(msa_request)})


def _change(request: HttpRequest, msa_request: MSARequest, user: User) -> HttpResponse:
    topic = _topic(request)
    error = ""
    try:
        said = _store(request, msa_request, topic, user)
    except Refused as refusal:
        error = str(refusal)
    if "card" in request.POST:
        card = Card(site_photos.guide(topic), site_photos.current(msa_request).get(topic), error)
        context = {"msa_request": msa_request, "card": card}
        return render(request, "requests_app/partials/photo_card.html", context, status=422 if error else 200)
    if error:
        messages.error(request, error)
    else:
        messages.success(request, said)
    return redirect(f"{_place(msa_request)}#photo-{topic}")


def _topic(request: HttpRequest) -> PhotoTopic:
    try:
        return PhotoTopic(request.POST.get("topic", ""))
    except ValueError as error:
        raise Http404 from error


def _store(request: HttpRequest, msa_request: MSARequest, topic: PhotoTopic, user: User) -> str:
    if "remove" in request.POST:
        site_photos.remove(msa_request, topic=topic, by=user)
        return _("The photo is removed.")
    upload = request.FILES.get("photo")
    if upload is None:
        raise Refused(_("No photo came with it. Take or choose one, then send it."), code="no_file")
    site_photos.add(msa_request, upload, topic=topic, by=user)
    return _("The photo is saved.")


def _place(msa_request: MSARequest) -> str:
    if msa_request.status in enums.EDITABLE:
        return reverse("requests:form", args=[msa_request.reference, steps.PHOTOS.slug])
    return reverse("requests:photos", args=[msa_request.reference])


@signed_in
@require_safe
def photo(request: SignedInRequest, reference: str, site_photo: int) -> HttpResponse:
    """A small copy, for whoever may see the request (fault 31)."""
    msa_request, _user = visible_or_404(request, reference)
    pictures = Document.objects.readable().filter(msa_request=msa_request, kind=DocumentKind.SITE_PHOTO)
    try:
        return site_photos.thumbnail(get_object_or_404(pictures, pk=site_photo))
    except FileNotFoundError as error:
        raise Http404 from error
