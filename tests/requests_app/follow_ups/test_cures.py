"""The cure loop: each reason of a failed visit has its own proof, and the next visit waits for all."""

from __future__ import annotations

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import orders
from msa_portal.business_days import calendar
from msa_portal.errors import Refused, Stale
from requests_app.enums import CureProof, ScanState
from requests_app.follow_ups import cures, follow_ups
from requests_app.lifecycle import policies
from requests_app.models import Cure, OutcomeReason
from tests import factories

pytestmark = pytest.mark.django_db


def photo():
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "navy").save(out, "JPEG")
    return SimpleUploadedFile("meter.jpg", out.getvalue(), "image/jpeg")


def reasons(*codes):
    return [OutcomeReason.objects.get(code=code) for code in codes]


def page_of(msa_request, name="reschedule"):
    return reverse(f"requests:{name}", args=[msa_request.reference])


def failed(*codes, **facts):
    return factories.failed(reasons=reasons(*codes), **facts)


def done(msa_request):
    return {cure.reason.code: cure.done for cure in cures.items(msa_request, policies.failed_round(msa_request))}


def test_every_reason_of_the_programme_has_its_proof():
    proofs = dict(OutcomeReason.objects.exclude(proof="statement").values_list("code", "proof"))
    assert proofs == {
        "package-missing": "photo",
        "msa-condition": "photo",
        "rating-or-standard": "device_or_evidence",
        "liquid-tight-communication": "photo",
        "liquid-tight-missing": "photo",
        "conduit-obstruction": "photo",
        "instrument-rated": "evidence",
        "double-sided-clips": "evidence",
        "backfeed-over-rating": "evidence",
        "socket-incompatible": "device_or_evidence",
        "safety-hazard": "evidence",
        "weather": "nothing",
        "crew-or-vehicle": "nothing",
        "meter-or-record-error": "nothing",
    }


def test_page_lists_each_reason_with_its_own_proof_and_saves_them_one_by_one(client):
    msa_request = failed("package-missing", "no-access", "meter-or-record-error")
    package, access = reasons("package-missing", "no-access")
    client.force_login(msa_request.owner)
    page = client.get(page_of(msa_request)).content.decode()
    for words in (f'name="r{package.pk}-file"', f'name="r{access.pk}-statement"', "Nothing to do", "Still open"):
        assert words in page
    for words in (f'name="r{package.pk}-statement"', f'name="r{access.pk}-file"'):
        assert words not in page
    assert "A second fee is due" in page
    client.post(page_of(msa_request), {"reason": access.pk, f"r{access.pk}-statement": "The gate is open."})
    assert done(msa_request) == {"package-missing": False, "no-access": True, "meter-or-record-error": True}
    assert "The gate is open." in client.get(page_of(msa_request)).content.decode()
    client.post(page_of(msa_request))
    assert not msa_request.follow_ups.exists()
    client.post(page_of(msa_request), {"reason": package.pk, f"r{package.pk}-file": photo()})
    cure = Cure.objects.get(reason=package)
    assert (cure.proof, cure.documents.get().kind, cure.documents.get().topic, cure.stated_by) == (
        "photo",
        "cure_proof",
        "package",
        msa_request.owner,
    )
    client.post(page_of(msa_request))
    assert msa_request.follow_ups.get().kind == "reschedule"


@pytest.mark.parametrize(("code", "proof"), [("package-missing", {}), ("no-access", {"statement": "  "})])
def test_proof_that_is_not_there_is_asked_for(client, code, proof):
    msa_request = failed(code)
    (reason,) = reasons(code)
    client.force_login(msa_request.owner)
    data = {f"r{reason.pk}-{name}": value for name, value in proof.items()}
    assert client.post(page_of(msa_request), {"reason": reason.pk} | data).status_code == 422
    with pytest.raises(Refused):
        cures.submit_cure(msa_request, reason, by=msa_request.owner, **proof)
    assert not Cure.objects.exists()


def test_file_that_is_no_photo_cures_nothing(client):
    msa_request = failed("package-missing")
    (reason,) = reasons("package-missing")
    client.force_login(msa_request.owner)
    bad = SimpleUploadedFile("meter.jpg", b"MZ" + b"\0" * 100, "image/jpeg")
    page = client.post(page_of(msa_request), {"reason": reason.pk, f"r{reason.pk}-file": bad})
    assert page.status_code == 422
    assert done(msa_request) == {"package-missing": False}


def test_cure_can_be_taken_back(client):
    msa_request = failed("package-missing")
    (reason,) = reasons("package-missing")
    cures.submit_cure(msa_request, reason, by=msa_request.owner, upload=photo())
    client.force_login(msa_request.owner)
    client.post(page_of(msa_request), {"reason": reason.pk, "undo": "1"})
    assert done(msa_request) == {"package-missing": False}
    assert msa_request.documents.get(kind="cure_proof").replaced_at is not None


def test_photo_that_turns_out_infected_proves_nothing():
    msa_request = failed("package-missing")
    (reason,) = reasons("package-missing")
    cure = cures.submit_cure(msa_request, reason, by=msa_request.owner, upload=photo())
    cure.documents.update(scan=ScanState.INFECTED)
    with pytest.raises(Refused, match="Show for each reason"):
        follow_ups.save_reschedule(msa_request, by=msa_request.owner)


def test_without_its_guard_an_open_reason_would_be_rescheduled(monkeypatch):
    msa_request = failed("package-missing")
    with pytest.raises(Refused, match="Still open: The MSA was not there"):
        follow_ups.save_reschedule(msa_request, by=msa_request.owner, statements={"package-missing": "It is there."})
    monkeypatch.setattr(cures, "check_all_cured", lambda _request, _visit: None)
    follow_ups.save_reschedule(msa_request, by=msa_request.owner)
    assert msa_request.follow_ups.exists()


def test_reason_that_only_a_new_device_cures_leads_to_the_modification(client):
    OutcomeReason.objects.filter(code="socket-incompatible").update(proof=CureProof.DEVICE)
    msa_request = failed("socket-incompatible")
    (reason,) = reasons("socket-incompatible")
    client.force_login(msa_request.owner)
    page = client.get(page_of(msa_request)).content.decode()
    assert "Only a different MSA puts this right" in page
    assert f'name="r{reason.pk}-' not in page
    with pytest.raises(Refused, match="Modification Request"):
        cures.submit_cure(msa_request, reason, by=msa_request.owner, statement="It fits.", upload=photo())
    device = factories.ProductFactory()
    follow_ups.save_modification(msa_request, by=msa_request.owner, device=device)
    assert (done(msa_request), Cure.objects.get().device) == ({"socket-incompatible": True}, device)
    follow_ups.cancel(msa_request, by=msa_request.owner)
    assert done(msa_request) == {"socket-incompatible": False}


def test_removal_needs_no_device_to_be_cured():
    msa_request = failed("socket-incompatible", request_type="removal", existing_adapter="msa")
    (item,) = cures.items(msa_request, policies.failed_round(msa_request))
    assert item.proof == CureProof.EVIDENCE


def test_cures_of_another_reason_or_at_another_time_are_refused():
    msa_request = failed("no-access")
    (access, package) = reasons("no-access", "package-missing")
    with pytest.raises(Refused, match="not a reason of the last visit"):
        cures.submit_cure(msa_request, package, by=msa_request.owner, upload=photo())
    for stranger in (factories.UserFactory(), factories.staff(), factories.technician()):
        with pytest.raises(Refused):
            cures.submit_cure(msa_request, access, by=stranger, statement="mine")
    cures.submit_cure(msa_request, access, by=msa_request.owner, statement="Open.")
    follow_ups.save_reschedule(msa_request, by=msa_request.owner)
    with pytest.raises(Refused, match="saved already"):
        cures.submit_cure(msa_request, access, by=msa_request.owner, statement="Later.")
    other = factories.submitted()
    with pytest.raises(Stale):
        cures.submit_cure(other, access, by=other.owner, statement="x")


def test_page_takes_as_many_queries_with_many_reasons(client):
    one = failed("no-access")
    many = failed("no-access", "package-missing", "conduit-obstruction", "safety-hazard")
    for msa_request in (one, many):
        for reason in policies.failed_round(msa_request).reasons.all():
            upload = None if reason.code == "no-access" else photo()
            cures.submit_cure(msa_request, reason, by=msa_request.owner, statement="Done.", upload=upload)
    counts = []
    for msa_request in (one, many):
        client.force_login(msa_request.owner)
        client.get(page_of(msa_request))
        with CaptureQueriesContext(connection) as queries:
            client.get(page_of(msa_request))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# Who sees it


@pytest.fixture
def rescheduled():
    msa_request = failed("package-missing")
    (reason,) = reasons("package-missing")
    cures.submit_cure(msa_request, reason, by=msa_request.owner, upload=photo())
    follow_ups.save_reschedule(msa_request, by=msa_request.owner)
    return factories.ordered(factories.paid(msa_request))


def test_technician_sees_what_was_put_right_with_its_photo(client, rescheduled):
    tess = factories.technician()
    technician = Technician.objects.create(user=tess, employee_number="T-9")
    visit = SiteVisit.objects.filter(order__round__msa_request=rescheduled).last()
    day = calendar.load().add(visit.created_at.date(), 2)
    orders.schedule(visit, by=factories.dispatcher(), technician=technician, on=day, window="morning")
    client.force_login(tess)
    page = client.get(reverse("fieldwork:visit", args=[visit.pk])).content.decode()
    document = rescheduled.documents.get(kind="cure_proof")
    picture = reverse("fieldwork:site_photo", args=[visit.pk, document.pk])
    assert "Put right since the last visit" in page
    assert picture in page
    assert client.get(picture)["Content-Type"] == "image/jpeg"


def test_staff_see_what_was_put_right(client, rescheduled):
    client.force_login(factories.staff())
    page = client.get(reverse("admin:requests_app_msarequest_change", args=[rescheduled.pk])).content.decode()
    assert "Put right since the last visit" in page
    assert "meter.jpg" in page


# The flyer's address


def test_flyers_address_leads_the_owner_to_the_reasons_after_sign_in(client):
    msa_request = failed("no-access")
    address = page_of(msa_request, "after_visit")
    page = client.get(address).content.decode()
    assert f"/accounts/login/?next={address}" in page
    client.force_login(msa_request.owner)
    assert client.get(address).url == page_of(msa_request)
    assert "No safe way to the meter" in client.get(address, follow=True).content.decode()


def without_its_own(answer, reference):
    return re.sub(r'nonce="[^"]+"|CSRFToken": "[^"]+"|value="[A-Za-z0-9]{64}"', "", answer.content.decode()).replace(
        reference, "#"
    )


def test_flyers_address_tells_strangers_nothing(client):
    msa_request = failed("no-access")
    real = client.get(page_of(msa_request, "after_visit"))
    made_up = client.get(reverse("requests:after_visit", args=["MSA-2026-999999"]))
    assert real.status_code == made_up.status_code == 200
    assert without_its_own(real, msa_request.reference) == without_its_own(made_up, "MSA-2026-999999")
    client.force_login(factories.UserFactory())
    assert "This account cannot open that request" in client.get(page_of(msa_request, "after_visit")).content.decode()


def test_reason_on_the_utilitys_side_needs_no_proof():
    msa_request = failed("crew-or-vehicle", "package-missing")
    reason = OutcomeReason.objects.get(code="crew-or-vehicle")
    with pytest.raises(Refused) as refusal:
        cures.submit_cure(msa_request, reason, by=msa_request.owner, statement="I did it.")
    assert (refusal.value.code, Cure.objects.count()) == ("nothing_needed", 0)
