"""Guided photos of the site: optional, each tied to the rules that it is evidence for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models.fields.files import FieldFile
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from PIL import Image

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import eligibility, enums, permissions
from requests_app.enums import DocumentKind, PhotoTopic
from requests_app.files import storage, uploads
from requests_app.models import Document, MSARequest

THUMBNAIL_SIDE = 640
_A_DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Guide:
    """What to photograph: `rules` are those that the photo is evidence for, `why` what it is good for."""

    topic: PhotoTopic
    rules: tuple[str, ...]
    why: Any
    how: Any


GUIDES = (
    Guide(
        PhotoTopic.PANEL_LABEL,
        ("E2", "E4", "E8"),
        _("Its model and rating say whether an MSA fits. Our staff can read what you were not sure of."),
        _("Open the panel's door and come close, so that the print on the label can be read."),
    ),
    Guide(
        PhotoTopic.METER_SOCKET,
        ("E7", "E12", "E17"),
        _("The technician sees where the meter is, how to reach it, and whether the device fits."),
        _("Step back until meter, socket and the ground in front of them are in the picture."),
    ),
    Guide(
        PhotoTopic.CONDUIT,
        ("E9", "E10", "E11"),
        _("Wrong conduit is a common reason for a visit that fails. We can tell you before."),
        _("Show the pipes and cables that go into the panel."),
    ),
    Guide(
        PhotoTopic.PACKAGE,
        ("E13", "E14"),
        _("It shows that the device is there, dry and whole. A later photo than today's is fine too."),
        _("Put the MSA in its waterproof package next to the meter, then show both."),
    ),
)
TOPICS_OF_RULE: dict[str, tuple[PhotoTopic, ...]] = {
    rule.number: tuple(guide.topic for guide in GUIDES if rule.number in guide.rules) for rule in eligibility.RULES
}


def guides_for(request_type: str | None) -> tuple[Guide, ...]:
    """The photos that are evidence for a rule judged for that type (D11)."""
    judged = {rule.number for rule in eligibility.rules_for(request_type)}
    return tuple(guide for guide in GUIDES if judged & set(guide.rules))


def guide(topic: PhotoTopic) -> Guide:
    return next(guide for guide in GUIDES if guide.topic == topic)


def current(msa_request: MSARequest) -> dict[str, Document]:
    """The photo that counts, by its topic. One in quarantine is there, but cannot be opened."""
    rows = (
        document
        for document in msa_request.case.documents
        if document.kind == DocumentKind.SITE_PHOTO and document.topic
    )
    return {row.topic: row for row in sorted(rows, key=lambda document: document.pk)}


def check_open(msa_request: MSARequest) -> None:
    if msa_request.status in enums.FINAL:
        raise Refused(_("This request is closed, so its photos stand as they are."), code="closed")


def add(msa_request: MSARequest, upload: UploadedFile[Any], *, topic: PhotoTopic, by: User) -> Document:
    """Keep the photo, in place of an earlier one of its topic, which stays on the record.

    The file is looked at outside of the lock. Raises `Refused`, with nothing changed.
    """
    _check_may(msa_request, topic, by=by)
    checked = uploads.check(upload)
    with storage.atomic():
        fresh = lock(msa_request)
        _check_may(fresh, topic, by=by)
        _of_topic(fresh, topic).update(replaced_at=timezone.now())
        return uploads.keep(fresh, checked, kind=DocumentKind.SITE_PHOTO, by=by, topic=topic)


def remove(msa_request: MSARequest, *, topic: PhotoTopic, by: User) -> None:
    """Take the topic's photo back. It stays on the record as replaced."""
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_may(fresh, topic, by=by)
        _of_topic(fresh, topic).update(replaced_at=timezone.now())


def _of_topic(msa_request: MSARequest, topic: PhotoTopic) -> Any:
    return Document.objects.current().filter(msa_request=msa_request, kind=DocumentKind.SITE_PHOTO, topic=topic)


def _check_may(msa_request: MSARequest, topic: PhotoTopic, *, by: User) -> None:
    permissions.check_acts_for(by, msa_request)
    check_open(msa_request)
    if topic not in {guide.topic for guide in guides_for(msa_request.request_type)}:
        raise Refused(_("This photo is not asked for with this type of request."), code="topic_not_asked")


def thumbnail(photo: Document) -> HttpResponse:
    """A small copy for a page to show; the caller has checked who asks (fault 31)."""
    return small_copy(photo.file, name=f"photo-{photo.pk}.jpg")


def small_copy(kept: FieldFile, *, name: str) -> HttpResponse:
    """The photo, small, under a name of ours. Raises `FileNotFoundError` where the file is gone."""
    with kept.open("rb") as file, Image.open(file, formats=("JPEG",)) as image:
        image.draft("RGB", (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        out = io.BytesIO()
        image.convert("RGB").save(out, "JPEG", quality=80)
    answer = HttpResponse(out.getvalue(), content_type="image/jpeg")
    answer["Content-Disposition"] = f'inline; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["Cache-Control"] = f"private, max-age={_A_DAY}, immutable"
    return answer
