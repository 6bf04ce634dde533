"""A visit's photos: checked like any upload, with what their camera said kept for the office."""

from __future__ import annotations

import pytest

from fieldwork.forms.closeout import CloseOutForm
from fieldwork.models import SiteVisit, Technician, VisitPhoto
from fieldwork.tasks import scan_quarantine
from fieldwork.visits import closeouts
from msa_portal.notices.models import NoticeMessage
from requests_app.enums import ScanState
from tests import clamd, crafted, factories
from tests.fieldwork.conftest import answers, failure

pytestmark = pytest.mark.django_db


def form(visit: SiteVisit, *photos: bytes) -> CloseOutForm:
    files = {"photos": [crafted.upload(body, f"{n}.jpg") for n, body in enumerate(photos)]}
    made = CloseOutForm(answers(visit), visit=visit)
    made.files = files
    made.fields["photos"].widget.value_from_datadict = lambda _data, sent, name: sent[name]
    return made


def test_position_time_and_camera_are_kept_beside_the_photo_for_the_office(visit, technician, client):
    checked = form(visit, crafted.photo_with_position())
    assert checked.is_valid(), checked.errors
    closeouts.close_out(visit, checked.report(), by=technician.user)
    photo = VisitPhoto.objects.get()
    assert (photo.evidence["camera"], photo.evidence["latitude"]) == ("Pear Phone 9", 34.147833)
    with photo.file.open("rb") as file:
        assert b"Pear" not in file.read()

    client.force_login(factories.staff())
    msa_request = visit.order.round.msa_request
    assert "34.14783, -118.00200" in client.get(f"/requests/{msa_request.reference}/").content.decode()
    client.force_login(msa_request.owner)
    assert "34.147" not in client.get(f"/requests/{msa_request.reference}/").content.decode()


def test_infected_photo_is_refused_with_its_name(visit, settings):
    with clamd.running(settings):
        checked = form(visit, crafted.image(), crafted.image() + clamd.EICAR)
        assert not checked.is_valid()
    (error,) = checked.errors["photos"]
    assert ("1.jpg" in error, "harmful" in error) == (True, True)


@pytest.fixture
def waiting(visit: SiteVisit, technician: Technician) -> VisitPhoto:
    sent = [closeouts.Photo(crafted.image(), "1" * 64, {}, ScanState.WAITING)]
    closeouts.close_out(visit, failure(photos=sent), by=technician.user)
    return VisitPhoto.objects.get()


@pytest.mark.parametrize("who", ["office", "technician"])
def test_photo_in_quarantine_opens_for_nobody_until_it_is_scanned(client, settings, waiting, technician, who):
    client.force_login(factories.staff() if who == "office" else technician.user)
    assert client.get(f"/field/photos/{waiting.pk}/").status_code == 404
    with clamd.running(settings):
        scan_quarantine()
    answer = client.get(f"/field/photos/{waiting.pk}/")
    b"".join(answer.streaming_content)
    assert (answer.status_code, VisitPhoto.objects.get().scan) == (200, ScanState.CLEAN)


def test_infected_photo_in_quarantine_is_deleted_and_the_technician_told(settings, waiting, technician):
    path, storage = waiting.file.name, waiting.file.storage
    with storage.open(path, "ab") as file:
        file.write(clamd.EICAR)
    with clamd.running(settings):
        scan_quarantine()
    waiting.refresh_from_db()
    assert (waiting.scan, storage.exists(path)) == (ScanState.INFECTED, False)
    told = NoticeMessage.objects.filter(kind="upload_removed").values_list("to_email", flat=True)
    assert list(told) == [technician.user.email]
