"""Which photos of a visit its request shows: those of the report that was accepted."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from fieldwork.models import VisitPhoto
from requests_app import hooks
from requests_app.hooks import ShownPhoto
from requests_app.models import VisitRound


def connect() -> None:
    hooks.register_visit_photos(of_round)


def of_round(visit: VisitRound) -> list[ShownPhoto]:
    """One query. A photo in quarantine, or found infected, is not among them."""
    return shown_photos(VisitPhoto.objects.filter(close_out__accepted=True, close_out__visit__order__round=visit))


def shown_photos(rows: Iterable[VisitPhoto]) -> list[ShownPhoto]:
    readable = sorted((row for row in rows if row.is_readable), key=lambda row: row.pk)
    return [
        ShownPhoto(
            number=number,
            small_url=reverse("fieldwork:photo_small", args=[row.pk]),
            url=reverse("fieldwork:photo_marked" if row.annotated else "fieldwork:photo", args=[row.pk]),
            reason=row.reason_id,
        )
        for number, row in enumerate(readable, start=1)
    ]
