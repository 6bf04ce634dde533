"""Each answer is known as the portal's own (fault 65)."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

import pytest

from fieldwork.models import SiteVisit
from tests import factories
from tests.fieldwork.phone.conftest import Phone, body_of, photo, sha256

pytestmark = pytest.mark.django_db


def test_report_is_acknowledged_by_its_id_and_the_hash_of_what_arrived(
    phone: Phone, visit: SiteVisit, report_id: UUID
):
    sent = json.dumps(body_of(visit)).encode()
    answer = phone.told("put", f"reports/{report_id}/", sent).json()
    assert (answer["id"], answer["photos"]) == (str(report_id), 0)
    assert (answer["echo"]["request"], answer["echo"]["hash"]) == ("request-1", hashlib.sha256(sent).hexdigest())


def test_photo_is_acknowledged_by_its_report_and_hash(phone: Phone, visit: SiteVisit, report_id: UUID):
    announced = {"visit": visit.pk, "sha256": sha256(photo()), "size": len(photo())}
    begun = phone.told("post", f"reports/{report_id}/photos/", announced).json()
    assert (begun["id"], begun["sha256"], begun["received"]) == (str(report_id), sha256(photo()), 0)
    answer = phone.told(
        "patch",
        f"reports/{report_id}/photos/{sha256(photo())}/",
        photo(),
        content_type="application/offset+octet-stream",
        headers={"Upload-Offset": "0"},
    ).json()
    assert (answer["id"], answer["received"]) == (str(report_id), len(photo()))
    assert answer["echo"]["hash"] == sha256(photo())


def test_tap_is_acknowledged_by_its_visit(phone: Phone, visit: SiteVisit):
    answer = phone.told("post", f"visits/{visit.pk}/on-site/", {"at": None}).json()
    assert (answer["visit"], answer["act"], answer["echo"]["request"]) == (visit.pk, "on-site", "request-1")


def test_refusals_are_known_too(phone: Phone, visit: SiteVisit, report_id: UUID):
    refused = phone.told("put", f"reports/{report_id}/", {"visit": visit.pk, "outcome": "maybe"})
    assert (refused.status_code, refused.json()["echo"]["request"]) == (400, "request-1")
    missing = phone.told("post", "visits/999999/on-site/", {"at": None})
    assert (missing.status_code, missing.json()["echo"]["request"]) == (404, "request-1")
    signed_out = Phone(None).told("get", "who/")
    assert (signed_out.status_code, signed_out.json()["echo"]["request"]) == (401, "request-1")


def test_somebody_who_is_no_technician_is_told_so_by_the_portal(visit: SiteVisit):
    stranger = Phone(None)
    stranger.client.force_login(factories.staff())
    answer = stranger.told("get", "who/")
    assert (answer.status_code, answer.json()["echo"]["request"]) == (404, "request-1")
