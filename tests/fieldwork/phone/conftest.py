"""A phone that speaks with the portal over its JSON addresses."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from fieldwork.models import SiteVisit, Technician
from tests.fieldwork.conftest import picture

CHUNK = 300


class Phone:
    """Sends what the field app sends, with the header that tells its time."""

    def __init__(self, technician: Technician | None) -> None:
        self.client = Client()
        self.ahead = timedelta(0)
        if technician is not None:
            self.client.force_login(technician.user)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        options = {"content_type": "application/json", "headers": {"X-Phone-Time": self.now()}} | more
        if body is None:
            options.pop("content_type")
        return getattr(self.client, method)(f"/field/api/{path}", *([] if body is None else [body]), **options)

    def now(self) -> str:
        return (timezone.now() + self.ahead).isoformat()

    def told(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """As the app asks: with the number of the request, which the answer repeats."""
        headers = {"X-Phone-Request": "request-1"} | more.pop("headers", {})
        return self.ask(method, path, body, headers=headers, **more)

    def announce(self, visit: SiteVisit, report: UUID, photo: bytes, **more: Any) -> Any:
        body = {"visit": visit.pk, "sha256": sha256(photo), "size": len(photo)} | more
        return self.ask("post", f"reports/{report}/photos/", body)

    def chunk(self, report: UUID, photo: bytes, offset: int, length: int = CHUNK) -> Any:
        return self.ask(
            "patch",
            f"reports/{report}/photos/{sha256(photo)}/",
            photo[offset : offset + length],
            content_type="application/offset+octet-stream",
            headers={"Upload-Offset": str(offset)},
        )

    def send_photo(self, visit: SiteVisit, report: UUID, photo: bytes) -> None:
        at = self.announce(visit, report, photo).json()["received"]
        while at < len(photo):
            at = self.chunk(report, photo, at).json()["received"]

    def send(self, report: UUID, body: dict[str, Any]) -> Any:
        return self.ask("put", f"reports/{report}/", body)


def sha256(photo: bytes) -> str:
    return hashlib.sha256(photo).hexdigest()


def photo(color: str = "red") -> bytes:
    body: bytes = picture(color).read()
    return body


def body_of(visit: SiteVisit, *photos: bytes, **more: Any) -> dict[str, Any]:
    """A report that went well."""
    return {
        "visit": visit.pk,
        "outcome": "complete",
        "reasons": [],
        "checklist": {"E9": "ok"},
        "serial_number": "BS-1",
        "notes": "",
        "stopped_unsafe": False,
        "photos": [{"sha256": sha256(picture), "reason": "", "marks": [], "taken_at": None} for picture in photos],
        "opened_at": timezone.now().isoformat(),
        "device_time": timezone.now().isoformat(),
        "app_version": "abc",
    } | more


@pytest.fixture
def phone(technician: Technician) -> Phone:
    return Phone(technician)


@pytest.fixture
def report_id() -> UUID:
    return uuid4()
