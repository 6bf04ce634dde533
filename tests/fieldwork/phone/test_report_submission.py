"""Photos in chunks and the report that they belong to (faults 17 to 20, 55)."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.utils import timezone
from PIL import Image

from fieldwork import tasks
from fieldwork.models import CloseOut, PhotoUpload, SiteVisit, VisitPhoto
from fieldwork.phone import clock, uploads
from fieldwork.visits import orders
from requests_app.enums import Status
from tests import factories
from tests.fieldwork.conftest import business_day, new_technician
from tests.fieldwork.phone.conftest import Phone, body_of, photo, sha256

pytestmark = pytest.mark.django_db

REASON = {"outcome": "unsuccessful", "reasons": ["package_missing"], "serial_number": ""}


@pytest.fixture(autouse=True)
def reason(db: None) -> Any:
    shutil.rmtree(Path(settings.MEDIA_ROOT) / "visits" / "incoming", ignore_errors=True)
    return factories.OutcomeReasonFactory()


def incoming() -> list[Path]:
    return [path for path in (Path(settings.MEDIA_ROOT) / "visits" / "incoming").rglob("*") if path.is_file()]


def test_report_with_photos_closes_the_visit(phone: Phone, visit: SiteVisit, report_id: UUID):
    pictures = [photo("red"), photo("blue")]
    for picture in pictures:
        phone.send_photo(visit, report_id, picture)
    answer = phone.send(report_id, body_of(visit, *pictures))
    assert (answer.status_code, answer.json()["accepted"], answer.json()["conflict"]) == (200, True, "")
    assert answer.json()["told"] == [
        "The customer is told that the work is done.",
        "They get the photos and the next steps for their device.",
    ]
    kept = CloseOut.objects.get()
    assert (kept.pk, kept.via, kept.app_version, kept.serial_number) == (report_id, "outbox", "abc", "BS-1")
    assert {photo.original_sha256 for photo in kept.photos.all()} == {sha256(picture) for picture in pictures}
    visit.refresh_from_db()
    assert visit.state == SiteVisit.State.CLOSED
    assert (incoming(), PhotoUpload.objects.count()) == ([], 0)


def test_failure_names_its_reason_and_keeps_a_marked_copy(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    marks = [{"kind": "arrow", "x1": 0.1, "y1": 0.1, "x2": 0.9, "y2": 0.9}]
    shown = {"sha256": sha256(photo()), "reason": "package_missing", "marks": marks, "taken_at": None}
    answer = phone.send(report_id, body_of(visit, photos=[shown], **REASON)).json()
    assert answer["flyer"] == f"/field/visits/{visit.pk}/flyer/"
    kept = VisitPhoto.objects.get()
    assert (kept.reason.code, kept.marks) == ("package_missing", marks)
    with kept.annotated.open(), kept.file.open(), Image.open(kept.annotated) as copy, Image.open(kept.file) as plain:
        assert copy.convert("RGB").tobytes() != plain.convert("RGB").tobytes()


def test_report_again_gives_the_first_answer(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    body = body_of(visit, photo())
    first, *others = [phone.send(report_id, body).json() for _again in range(4)]
    assert others == [first] * 3
    assert (CloseOut.objects.count(), VisitPhoto.objects.count()) == (1, 1)


def test_another_report_under_the_same_id_is_refused(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send(report_id, body_of(visit))
    answer = phone.send(report_id, body_of(visit, notes="Other"))
    assert (answer.status_code, answer.json()["code"]) == (409, "different_report")


def test_report_before_its_photos_says_which_are_missing(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.announce(visit, report_id, photo())
    answer = phone.send(report_id, body_of(visit, photo()))
    assert (answer.status_code, answer.json()["code"]) == (409, "photos_missing")
    assert answer.json()["missing"] == [sha256(photo())]
    assert CloseOut.objects.count() == 0


def test_upload_goes_on_where_it_was(phone: Phone, visit: SiteVisit, report_id: UUID):
    assert phone.announce(visit, report_id, photo()).status_code == 201
    phone.chunk(report_id, photo(), 0, 100)
    again = phone.announce(visit, report_id, photo())
    known = {"id": str(report_id), "sha256": sha256(photo())}
    assert (again.status_code, again.json()) == (200, {"received": 100} | known)
    state = phone.ask("get", f"reports/{report_id}/photos/{sha256(photo())}/").json()
    assert state == {"received": 100, "size": len(photo())} | known
    repeated = phone.chunk(report_id, photo(), 0, 100)
    assert (repeated.status_code, repeated.json()["code"], repeated.json()["received"]) == (409, "offset", 100)
    phone.send_photo(visit, report_id, photo())
    assert phone.send(report_id, body_of(visit, photo())).status_code == 200


def test_damaged_photo_begins_anew(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.announce(visit, report_id, photo())
    path = f"reports/{report_id}/photos/{sha256(photo())}/"
    damaged = phone.ask(
        "patch",
        path,
        b"x" * len(photo()),
        content_type="application/offset+octet-stream",
        headers={"Upload-Offset": "0"},
    )
    assert (damaged.status_code, damaged.json()["code"], damaged.json()["received"]) == (422, "hash", 0)
    assert incoming() == []
    phone.send_photo(visit, report_id, photo())
    assert phone.send(report_id, body_of(visit, photo())).status_code == 200


def test_chunk_of_a_server_that_stopped_half_way_is_written_over(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.announce(visit, report_id, photo())
    left = Path(settings.MEDIA_ROOT) / uploads._path(PhotoUpload.objects.get(), 0)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    phone.send_photo(visit, report_id, photo())
    assert phone.send(report_id, body_of(visit, photo())).status_code == 200


@pytest.mark.parametrize(
    ("size", "code"), [(uploads.CHUNK_BYTES + 1, "too_large"), (0, "size")], ids=["too large", "empty"]
)
def test_chunk_of_another_size_is_refused(phone: Phone, visit: SiteVisit, report_id: UUID, size: int, code: str):
    phone.announce(visit, report_id, photo(), size=settings.MAX_UPLOAD_BYTES)
    answer = phone.ask(
        "patch",
        f"reports/{report_id}/photos/{sha256(photo())}/",
        b"x" * size,
        content_type="application/offset+octet-stream",
        headers={"Upload-Offset": "0"},
    )
    assert answer.json()["code"] == code
    assert PhotoUpload.objects.get().received == 0


def test_chunk_without_its_place_is_refused(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.announce(visit, report_id, photo())
    path = f"reports/{report_id}/photos/{sha256(photo())}/"
    answer = phone.ask("patch", path, b"x", content_type="application/offset+octet-stream", headers={})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Upload-Offset"])


def test_ninth_photo_is_refused(phone: Phone, visit: SiteVisit, report_id: UUID):
    for number in range(8):
        assert phone.announce(visit, report_id, bytes([number])).status_code == 201
    answer = phone.announce(visit, report_id, b"ninth")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_photos")


def test_photo_announced_again_with_another_size_is_refused(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.announce(visit, report_id, photo())
    answer = phone.announce(visit, report_id, photo(), size=len(photo()) + 1)
    assert (answer.status_code, answer.json()["code"]) == (409, "different_photo")


def test_photos_of_reports_that_never_come_are_limited(
    phone: Phone, visit: SiteVisit, report_id: UUID, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(uploads, "MOST_UPLOADS", 1)
    phone.announce(visit, report_id, b"first")
    answer = phone.announce(visit, uuid4(), b"second")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_photos")


def test_nothing_promises_a_photo_that_is_not_there(phone: Phone, visit: SiteVisit, report_id: UUID):
    told = phone.send(report_id, body_of(visit)).json()["told"]
    assert told[1] == "They get the next steps for their device. There is no photo."


def test_photo_taken_out_of_the_form_makes_room_for_another(phone: Phone, visit: SiteVisit, report_id: UUID):
    """Photos come while the form is still being filled in: what was taken out of it must not count."""
    for number in range(8):
        phone.announce(visit, report_id, bytes([number]))
    kept = [sha256(bytes([number])) for number in range(1, 8)]
    answer = phone.announce(visit, report_id, b"ninth", keep=[*kept, sha256(b"ninth")])
    assert answer.status_code == 201
    assert set(PhotoUpload.objects.values_list("sha256", flat=True)) == {*kept, sha256(b"ninth")}


def test_photo_of_a_report_that_was_opened_again_is_not_sent_twice(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    again = phone.announce(visit, second := uuid4(), photo())
    assert (again.status_code, again.json()["received"]) == (200, len(photo()))
    assert phone.send(second, body_of(visit, photo())).json()["accepted"]


def test_photo_of_a_report_that_arrived_stays_with_it(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    phone.send(report_id, body_of(visit, photo()))
    assert phone.announce(visit, uuid4(), photo()).json()["received"] == 0


def test_file_that_is_no_photo_is_refused_and_named(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, b"not a photo at all")
    answer = phone.send(report_id, body_of(visit, b"not a photo at all"))
    assert (answer.status_code, answer.json()["code"]) == (409, "photo_refused")
    assert answer.json()["errors"] == {"photos": sha256(b"not a photo at all")}
    assert CloseOut.objects.count() == 0


def test_another_technicians_photo_is_not_there(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.announce(visit, report_id, photo())
    second = Phone(new_technician("T-2"))
    assert second.ask("get", f"reports/{report_id}/photos/{sha256(photo())}/").status_code == 404
    assert second.chunk(report_id, photo(), 0).status_code == 404
    assert second.announce(visit, report_id, photo()).status_code == 404
    assert second.send(report_id, body_of(visit)).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"outcome": "maybe"}, "outcome"),
        ({"reasons": ["nothing"]}, "reasons"),
        ({"checklist": {"E9": "perhaps"}}, "checklist"),
        ({"checklist": {"\u0000": "ok"}}, "checklist"),
        ({"photos": [{"sha256": "short"}]}, "photos"),
        ({"photos": [{"sha256": "0" * 64, "marks": [{"kind": "square"}]}]}, "photos"),
        ({"photos": [{"sha256": "0" * 64, "reason": "nothing"}]}, "photos"),
        ({"photos": [{"sha256": f"{number:064}"} for number in range(9)]}, "photos"),
        ({"device_time": "yesterday"}, "device_time"),
        ({"notes": "x" * 2001}, "notes"),
    ],
)
def test_body_that_cannot_be_used_names_its_field(
    phone: Phone, visit: SiteVisit, report_id: UUID, wrong: dict[str, Any], field: str
):
    answer = phone.send(report_id, body_of(visit, **wrong))
    assert (answer.status_code, answer.json()["code"], list(answer.json()["errors"])) == (400, "invalid", [field])
    assert CloseOut.objects.count() == 0


def test_failure_without_a_reason_is_refused(phone: Phone, visit: SiteVisit, report_id: UUID):
    answer = phone.send(report_id, body_of(visit, **REASON | {"reasons": []}))
    assert (answer.status_code, answer.json()["code"]) == (409, "no_reason")


def test_reason_out_of_use_since_the_morning_is_taken(phone: Phone, visit: SiteVisit, report_id: UUID, reason: Any):
    reason.is_active = False
    reason.save()
    assert phone.send(report_id, body_of(visit, **REASON)).json()["accepted"]


def test_canceled_meanwhile_is_kept_and_told(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    factories.withdrawn(visit.order.round.msa_request)
    answer = phone.send(report_id, body_of(visit, photo())).json()
    assert (answer["accepted"], answer["conflict"], answer["told"]) == (False, "canceled", [])
    assert "canceled meanwhile" in answer["conflict_text"]
    assert VisitPhoto.objects.count() == 1
    assert factories.refreshed(visit.order.round.msa_request).status == Status.WITHDRAWN


def test_given_to_another_meanwhile_is_kept(phone: Phone, visit: SiteVisit, report_id: UUID):
    second = new_technician("T-2")
    orders.schedule(visit, by=factories.dispatcher(), technician=second, on=business_day(), window="morning")
    assert phone.send(report_id, body_of(visit)).json()["conflict"] == "reassigned"


def test_clock_a_day_ahead_is_flagged_and_the_servers_time_rules(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.ahead = timedelta(days=1)
    sent = phone.now()
    answer = phone.send(report_id, body_of(visit, opened_at=sent, device_time=sent)).json()
    assert answer["clock_off_seconds"] == pytest.approx(86_400, abs=60)
    kept = CloseOut.objects.get()
    assert kept.received_at < timezone.now() < kept.device_time
    assert kept.clock_is_off
    visit.refresh_from_db()
    assert visit.on_site_at < timezone.now()


def test_on_site_told_later_is_when_it_was_by_the_phones_own_clock(phone: Phone, visit: SiteVisit):
    phone.ahead = timedelta(days=1)
    at = timezone.now() + phone.ahead - timedelta(hours=2)
    assert phone.ask("post", f"visits/{visit.pk}/on-site/", {"at": at.isoformat()}).status_code == 200
    visit.refresh_from_db()
    assert abs(visit.on_site_at - (timezone.now() - timedelta(hours=2))) < timedelta(minutes=1)


def test_clock_that_was_set_meanwhile_says_nothing():
    now = timezone.now()
    assert clock.when(now - timedelta(days=3), now.isoformat(), now) == now
    assert clock.when(now + timedelta(hours=1), now.isoformat(), now) == now
    assert clock.when(now - timedelta(hours=1), "yesterday", now) == now
    assert clock.seconds_ahead("9999-12-31T00:00:00Z", now) == 3650 * 86_400
    assert clock.seconds_ahead("2026-13-45T00:00:00Z", now) is None


def test_seconds_that_the_phone_counted_come_before_what_its_clock_says(phone: Phone, visit: SiteVisit):
    """Its clock was set by days since the tap (fault 19)."""
    at = timezone.now() + timedelta(days=4)
    phone.ask("post", f"visits/{visit.pk}/on-site/", {"at": at.isoformat(), "seconds_ago": 600})
    visit.refresh_from_db()
    assert abs(visit.on_site_at - (timezone.now() - timedelta(minutes=10))) < timedelta(minutes=1)


def test_on_my_way_is_told_once_and_old_news_not_at_all(phone: Phone, visit: SiteVisit, monkeypatch: Any):
    monkeypatch.setattr("fieldwork.visits.closeouts._check_today", lambda _visit: None)
    path = f"visits/{visit.pk}/on-my-way/"
    events = visit.order.round.msa_request.events.filter(kind="visit_on_the_way")
    old = (timezone.now() - timedelta(hours=1)).isoformat()
    assert phone.ask("post", path, {"at": old}).json()["expected_at"] is None
    assert events.count() == 0
    answers = [phone.ask("post", path, {"at": phone.now()}).json() for _again in range(2)]
    assert answers[0]["expected_at"] == answers[1]["expected_at"] is not None
    assert events.count() == 1


def test_what_no_report_came_for_is_swept_after_two_weeks(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    tasks.sweep_uploads()
    assert len(incoming()) > 0
    PhotoUpload.objects.update(updated_at=timezone.now() - timedelta(days=15))
    tasks.sweep_uploads()
    assert (incoming(), PhotoUpload.objects.count()) == ([], 0)


def test_photo_of_a_report_that_was_taken_in_is_here_already(phone: Phone, visit: SiteVisit, report_id: UUID):
    phone.send_photo(visit, report_id, photo())
    phone.send(report_id, body_of(visit, photo()))
    again = phone.announce(visit, report_id, photo())
    assert (again.status_code, again.json()["received"]) == (200, len(photo()))
    assert PhotoUpload.objects.count() == 0
