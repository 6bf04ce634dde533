"""A visit's photos: to its technician, the office, and whoever acts for the request (faults 31, 36)."""

from __future__ import annotations

from django.db.models import Q
from django.db.models.fields.files import ImageFieldFile
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from fieldwork.models import SiteVisit, VisitPhoto
from msa_portal.guards import SignedInRequest, signed_in
from requests_app.files import site_photos
from requests_app.models import MSARequest


def _photo(request: SignedInRequest, pk: int) -> VisitPhoto:
    """Owner and agent see what an accepted report shows; what is kept as a conflict is the office's."""
    user = request.user
    rows = VisitPhoto.objects.all()
    if not user.sees_all_requests:
        requests = MSARequest.objects.visible_to(user)
        shown = Q(close_out__accepted=True, close_out__visit__order__round__msa_request__in=requests)
        rows = rows.filter(shown | Q(close_out__visit__in=SiteVisit.objects.assigned_to(user)))
    row = get_object_or_404(rows, pk=pk)
    if not row.is_readable:
        raise Http404
    return row


@signed_in
@require_safe
def photo(request: SignedInRequest, pk: int) -> FileResponse:
    """The photo as encoded anew: it says nothing of where it was taken."""
    row = _photo(request, pk)
    return _attached(row.file, f"visit-photo-{row.pk}.jpg")


@signed_in
@require_safe
def marked(request: SignedInRequest, pk: int) -> FileResponse:
    """The copy with the technician's circles and arrows."""
    row = _photo(request, pk)
    if not row.annotated:
        raise Http404
    return _attached(row.annotated, f"visit-photo-{row.pk}-marked.jpg")


@signed_in
@require_safe
def small(request: SignedInRequest, pk: int) -> HttpResponse:
    """For a page to show: with the marks where there are some."""
    row = _photo(request, pk)
    try:
        return site_photos.small_copy(row.annotated or row.file, name=f"visit-photo-{row.pk}.jpg")
    except FileNotFoundError as error:
        raise Http404 from error


def _attached(file: ImageFieldFile, name: str) -> FileResponse:
    try:
        answer = FileResponse(file.open("rb"), as_attachment=True, filename=name)
    except FileNotFoundError as error:
        raise Http404 from error
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
