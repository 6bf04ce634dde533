"""The same report five times at once, as a phone sends it over bad coverage (fault 18)."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest

from fieldwork.models import CloseOut, PhotoUpload, SiteVisit, Technician, VisitPhoto
from fieldwork.phone import report_submission, uploads
from fieldwork.visits import closeouts
from tests.fieldwork.phone.conftest import Phone, body_of, photo, sha256
from tests.threads import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

AT_ONCE = 5


def phones(technician: Technician) -> list[Phone]:
    return [Phone(technician) for _ in range(AT_ONCE)]


def test_report_with_photos_five_times_at_once_arrives_once(visit: SiteVisit, technician: Technician, phone: Phone):
    report, pictures = uuid4(), [photo("red"), photo("blue")]
    for picture in pictures:
        phone.send_photo(visit, report, picture)
    body, ready = body_of(visit, *pictures), phones(technician)
    answers, _failures = at_once(*[lambda: ready.pop().send(report, body)] * AT_ONCE)
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert [answer.json() for answer in answers] == [answers[0].json()] * AT_ONCE
    assert (CloseOut.objects.count(), VisitPhoto.objects.count(), PhotoUpload.objects.count()) == (1, 2, 0)
    assert visit.order.round.msa_request.events.filter(kind="complete").count() == 1


def test_without_looking_again_a_cleared_photo_would_be_missing(
    visit: SiteVisit, technician: Technician, phone: Phone, monkeypatch: pytest.MonkeyPatch
):
    """The look that `hand_in` takes after it found no photos is what answers the late one."""
    report = uuid4()
    phone.send_photo(visit, report, photo())
    body = body_of(visit, photo())
    real, seen = closeouts.kept_before, []

    def blind_at_first(*args: Any) -> CloseOut | None:
        seen.append(args)
        return None if len(seen) == 1 else real(*args)

    assert phone.send(report, body).status_code == 200
    monkeypatch.setattr(report_submission.closeouts, "kept_before", blind_at_first)
    assert phone.send(report, body).status_code == 200
    monkeypatch.setattr(report_submission.closeouts, "kept_before", lambda *_args: None)
    assert phone.send(report, body).json()["code"] == "photos_missing"


def test_chunk_five_times_at_once_is_kept_once(visit: SiteVisit, technician: Technician, phone: Phone):
    report, whole = uuid4(), photo()
    phone.announce(visit, report, whole)
    ready = phones(technician)
    answers, _failures = at_once(*[lambda: ready.pop().chunk(report, whole, 0, 200)] * AT_ONCE)
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]
    phone.send_photo(visit, report, whole)
    arrived = PhotoUpload.objects.get(sha256=sha256(whole)).inspection
    assert arrived
    with arrived.file.open("rb") as file:
        assert file.read() == whole


def test_without_the_lock_a_chunk_is_counted_twice(
    visit: SiteVisit, technician: Technician, phone: Phone, monkeypatch: pytest.MonkeyPatch
):
    report, whole = uuid4(), photo()
    phone.announce(visit, report, whole)
    together = threading.Barrier(AT_ONCE, timeout=10)

    def unlocked(row: Any) -> Any:
        fresh = type(row).objects.get(pk=row.pk)
        together.wait()
        return fresh

    monkeypatch.setattr(uploads, "lock", unlocked)
    ready = phones(technician)
    answers, _failures = at_once(*[lambda: ready.pop().chunk(report, whole, 0, 200)] * AT_ONCE)
    assert [answer.status_code for answer in answers].count(200) > 1
