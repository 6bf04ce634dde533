"""Photos of a report wait for an inspector; nothing of the report is lost meanwhile (fault 61)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from fieldwork.models import CloseOut, PhotoUpload, SiteVisit, Technician
from requests_app.files import inspectors
from requests_app.models import Inspection
from tests import factories
from tests.fieldwork.phone.conftest import Phone, body_of, photo
from tests.fieldwork.phone.test_outbox_file import exported, report_of, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("line_of_files")]


def test_report_is_answered_again_later_until_its_photos_were_opened(
    phone: Phone, visit: SiteVisit, report_id: UUID
) -> None:
    picture = photo()
    phone.send_photo(visit, report_id, picture)
    body = body_of(visit, picture)
    early = phone.send(report_id, body)
    assert (early.status_code, early.json()["code"], early["Retry-After"]) == (202, "photos_waiting", "2")
    assert not CloseOut.objects.exists()
    assert inspectors.inspect_next() is True
    assert phone.send(report_id, body).status_code == 200
    assert CloseOut.objects.get().photos.count() == 1
    assert not PhotoUpload.objects.exists()
    assert not Inspection.objects.exists()


def test_photo_that_an_inspector_refuses_is_named(phone: Phone, visit: SiteVisit, report_id: UUID) -> None:
    picture = photo()[:300]
    phone.send_photo(visit, report_id, picture)
    inspectors.inspect_next()
    answer = phone.send(report_id, body_of(visit, picture))
    assert (answer.status_code, answer.json()["code"]) == (409, "photo_refused")


def test_exported_file_is_taken_in_the_second_time(client: Client, visit: SiteVisit, technician: Technician) -> None:
    client.force_login(factories.dispatcher())
    file: dict[str, Any] = exported(technician, report_of(visit, photo()))
    assert "Take in the same file again in a minute" in upload(client, file).text
    assert not CloseOut.objects.exists()
    inspectors.inspect_next()
    assert "Taken in. The customer is told now." in upload(client, file).text
