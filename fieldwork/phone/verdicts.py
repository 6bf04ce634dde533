"""What inspectors found in the photos of reports, from phones and from their exported files."""

from __future__ import annotations

from msa_portal.accounts.models import User
from requests_app.enums import Inspect, InspectionState
from requests_app.files import inspections, uploads
from requests_app.files.inspections import Sender
from requests_app.files.uploads import Checked
from requests_app.models import Inspection

_NAME = "visit.jpg"


def line_up(body: bytes, *, sender: User) -> Inspection:
    """Put a photo in line. What is no photo by its first bytes is refused there and then, and kept as such."""
    if inspections.at_first_sight(body) == Inspect.PHOTO:
        return inspections.line_up(body, Inspect.PHOTO, sender=Sender(person=sender), name=_NAME)
    return Inspection.objects.create(
        what=Inspect.PHOTO,
        person=sender,
        is_stranger=False,
        state=InspectionState.DONE,
        name=_NAME,
        size=len(body),
        sha256=uploads.sha256_of(body),
        answer={"refused": "not_a_photo"},
    )


def checked(row: Inspection) -> Checked | None:
    """The photo as it was found; None while it waits. Raises `Refused`."""
    if row.state != InspectionState.DONE:
        return None
    return uploads.checked(inspections.verdict_of(row), name=_NAME)


def of_file(body: bytes, sha256: str, *, sender: User) -> Checked | None:
    """A photo that came within an exported file: put in line the first time, then as `checked`."""
    row = Inspection.objects.filter(person=sender, sha256=sha256, form=None).order_by("-created_at").first()
    return checked(row or line_up(body, sender=sender))
