"""The exported file, taken in by dispatch: the same door, with the technician's evidence."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fieldwork.models import CloseOut, SiteVisit, Technician
from fieldwork.phone import outbox_file
from msa_portal.errors import Refused
from tests import factories
from tests.fieldwork.conftest import new_technician, planned
from tests.fieldwork.phone.conftest import body_of, photo

pytestmark = pytest.mark.django_db

PAGE = "/admin/fieldwork/closeout/take-in/"


def exported(technician: Technician, *reports: Any) -> dict[str, Any]:
    return {"format": "msa-outbox-1", "technician": technician.pk, "reports": list(reports)}


def report_of(visit: SiteVisit, *pictures: bytes, **more: Any) -> dict[str, Any]:
    body = body_of(visit, *pictures)
    for described, picture in zip(body["photos"], pictures, strict=True):
        described["data"] = base64.b64encode(picture).decode()
    return body | {"id": str(uuid4())} | more


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.dispatcher())
    return client


def upload(desk: Client, body: Any) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return desk.post(PAGE, {"file": SimpleUploadedFile("msa-outbox-1.json", text, "application/json")})


def test_reports_of_the_file_close_their_visits(desk: Client, visit: SiteVisit, technician: Technician):
    other = planned(technician)
    file = exported(technician, report_of(visit, photo()), report_of(other))
    page = upload(desk, file).content.decode()
    assert page.count("Taken in. The customer is told now.") == 2
    assert {out.via for out in CloseOut.objects.all()} == {"file"}
    visit.refresh_from_db()
    assert visit.state == SiteVisit.State.CLOSED
    assert visit.close_outs.get().photos.count() == 1
    again = upload(desk, file).content.decode()
    assert again.count("This report was here already.") == 2
    assert CloseOut.objects.count() == 2


def test_one_that_cannot_be_taken_in_does_not_stop_the_next(desk: Client, visit: SiteVisit, technician: Technician):
    stranger = planned(new_technician("T-2"))
    damaged = report_of(visit, photo())
    damaged["photos"][0]["data"] = base64.b64encode(b"other").decode()
    wrong = report_of(visit) | {"outcome": "maybe"}
    file = exported(technician, "nonsense", wrong, report_of(stranger), damaged, report_of(visit))
    page = upload(desk, file).content.decode()
    assert page.count("Not taken in") == 4
    for words in (
        "no id that can be used",
        "outcome",
        "never given to this technician",
        "photo in this file is damaged",
    ):
        assert words in page
    assert CloseOut.objects.get().accepted


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[" * 100_000,
        b'{"format": "msa-outbox-2", "reports": []}',
        b'{"format": "msa-outbox-1"}',
        b"\xff",
    ],
)
def test_other_files_are_refused_with_a_sentence(desk: Client, technician: Technician, body: bytes):
    answer = upload(desk, body)
    assert answer.status_code == 422
    assert "msa-outbox" in answer.content.decode() or "empty" in answer.content.decode()


def test_unknown_technician_is_refused(desk: Client, technician: Technician):
    answer = upload(desk, exported(technician) | {"technician": 0})
    assert (answer.status_code, "not known here" in answer.content.decode()) == (422, True)


def test_only_a_dispatcher_takes_a_file_in(client: Client, technician: Technician, tmp_path: Any):
    client.force_login(factories.staff())
    assert upload(client, exported(technician)).status_code == 403
    path = tmp_path / "file.json"
    path.write_text(json.dumps(exported(technician)))
    with path.open("rb") as file, pytest.raises(Refused, match="Only a dispatcher"):
        outbox_file.take_in(file, by=factories.staff())


def test_list_of_reports_leads_dispatch_to_it(desk: Client, visit: SiteVisit):
    assert PAGE in desk.get("/admin/fieldwork/closeout/").content.decode()


def test_file_that_is_too_large_is_not_read(desk: Client, technician: Technician, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(outbox_file, "MOST_BYTES", 10)
    answer = upload(desk, exported(technician))
    assert (answer.status_code, "Export fewer reports" in answer.content.decode()) == (422, True)
