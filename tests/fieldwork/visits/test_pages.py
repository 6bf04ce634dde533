"""The technician's pages, used as a browser does."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pypdf import PdfReader

from fieldwork.models import CloseOut, SiteVisit, Technician, VisitPhoto
from fieldwork.visits import closeouts, orders
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.errors import Refused, Stale
from requests_app.enums import Status
from requests_app.models import OutcomeReason
from tests import factories
from tests.fieldwork.conftest import answers, business_day, failure, new_technician, picture, planned, report, visit_of

pytestmark = pytest.mark.django_db

DAY = "/field/"


def page_of(visit: SiteVisit, name: str = "visit") -> str:
    return reverse(f"fieldwork:{name}", args=[visit.pk])


def status(visit: SiteVisit) -> str:
    return factories.refreshed(visit.order.round.msa_request).status


# Who


@pytest.mark.parametrize("name", ["visit", "close_out", "flyer"])
def test_visit_is_not_there_for_others(client: Client, visit: SiteVisit, name: str):
    address = page_of(visit, name)
    assert client.get(address)["Location"] == f"/accounts/login/?next={address}"
    others = [
        visit.order.round.msa_request.owner,
        new_technician("T-2").user,
        factories.staff(),
        factories.dispatcher(),
    ]
    for user in others:
        client.force_login(user)
        assert (client.get(address).status_code, user) == (404, user)


def test_another_technician_can_write_nothing(client: Client, visit: SiteVisit):
    client.force_login(new_technician("T-2").user)
    assert client.post(page_of(visit, "on_site")).status_code == 404
    assert client.post(page_of(visit, "close_out"), answers(visit)).status_code == 404
    visit.refresh_from_db()
    assert (visit.state, CloseOut.objects.count()) == ("scheduled", 0)


def test_day_is_a_technicians_page(client: Client, visit: SiteVisit):
    assert client.get(DAY)["Location"] == "/accounts/login/?next=/field/"
    client.force_login(visit.order.round.msa_request.owner)
    assert client.get(DAY).status_code == 404


def test_inactive_technician_sees_no_visit(client: Client, tess: User, visit: SiteVisit, technician: Technician):
    technician.is_active = False
    technician.save()
    assert client.get(page_of(visit)).status_code == 404
    assert visit.order.number not in client.get(f"{DAY}?on={business_day()}").content.decode()


# The day


def test_day_shows_own_visits_in_the_order_of_their_windows(client: Client, tess: User, technician: Technician):
    late, early = planned(technician, window="afternoon"), planned(technician)
    foreign = planned(new_technician("T-2"))
    page = client.get(f"{DAY}?on={business_day()}")
    assert page.context["visits"] == [early, late]
    assert page.context["next_visit"] == early
    assert foreign.order.number not in page.content.decode()


def test_day_with_one_visit_and_with_many_takes_the_same_queries(
    client: Client, tess: User, technician: Technician, django_assert_num_queries
):
    planned(technician)
    client.get(DAY)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(f"{DAY}?on={business_day()}")
    for _more in range(3):
        planned(technician)
    with django_assert_num_queries(len(one)):
        client.get(f"{DAY}?on={business_day()}")


def test_day_names_what_was_not_closed_out(client: Client, tess: User, visit: SiteVisit):
    SiteVisit.objects.update(scheduled_on=calendar.local_day(timezone.now()) - timedelta(days=3))
    assert list(client.get(DAY).context["overdue"]) == [visit]


@pytest.mark.parametrize("on", ["nonsense", "2026-02-31", "0000-00-00", "9999-12-31", "0001-01-01"])
def test_day_that_is_none_shows_a_page(client: Client, tess: User, on: str):
    assert client.get(DAY, {"on": on}).status_code == 200


# The visit


def test_visit_page_says_where_what_and_how_to_get_in(client: Client, tess: User, technician: Technician):
    msa_request = factories.ordered(access_notes="Side gate, <b>code</b> 12", customer_phone="626-555-0123")
    text = client.get(page_of(planned(technician, msa_request))).content.decode()
    for part in (
        msa_request.full_address,
        "Side gate, &lt;b&gt;code&lt;/b&gt; 12",
        "tel:626-555-0123",
        str(msa_request.device),
    ):
        assert part in text


def test_on_site_goes_on_to_the_close_out(client: Client, tess: User, visit: SiteVisit):
    assert client.get(page_of(visit, "on_site")).status_code == 405
    assert client.post(page_of(visit, "on_site"), {"another_day": "on"})["Location"] == page_of(visit, "close_out")
    visit.refresh_from_db()
    assert visit.state == "on_site"


# The close-out


def test_complete_with_photos(client: Client, tess: User, visit: SiteVisit):
    data = answers(visit, serial_number="BS-77", photos=[picture(), picture("blue")])
    assert client.post(page_of(visit, "close_out"), data)["Location"] == page_of(visit)
    kept = CloseOut.objects.get()
    assert (kept.outcome, kept.serial_number, kept.accepted, kept.photos.count()) == ("complete", "BS-77", True, 2)
    assert status(visit) == Status.INSTALLATION_COMPLETE
    with kept.photos.all()[0].file.open("rb") as file, Image.open(file) as photo:
        assert (photo.format, photo.size) == ("JPEG", (64, 48))


def test_unsuccessful_with_reasons(client: Client, tess: User, visit: SiteVisit):
    reason = OutcomeReason.objects.get(code="package-missing")
    data = answers(visit, outcome="unsuccessful", reasons=[reason.pk], notes="Nothing there.", check_E13="not_ok")
    assert client.post(page_of(visit, "close_out"), data).status_code == 302
    kept = CloseOut.objects.get()
    assert (list(kept.reasons.all()), kept.checklist["E13"], kept.notes) == ([reason], "not_ok", "Nothing there.")
    assert status(visit) == Status.SITE_VISIT_UNSUCCESSFUL
    assert "Flyer to leave behind" in client.get(page_of(visit)).content.decode()


def test_unsuccessful_without_a_reason_keeps_what_was_typed(client: Client, tess: User, visit: SiteVisit):
    page = client.post(page_of(visit, "close_out"), answers(visit, outcome="unsuccessful", notes="Typed with care."))
    text = page.content.decode()
    assert page.status_code == 422
    assert "Choose at least one reason" in text
    assert "Typed with care." in text
    assert (CloseOut.objects.count(), status(visit)) == (0, Status.SERVICE_ORDER_ISSUED)


def test_reason_of_a_visit_that_was_not_made_is_not_offered(client: Client, tess: User, visit: SiteVisit):
    weather = OutcomeReason.objects.get(code="weather")
    data = answers(visit, outcome="unsuccessful", reasons=[weather.pk])
    assert client.post(page_of(visit, "close_out"), data).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"MZ\x90\x00" + b"\x00" * 200,
        b"<html><script>alert(1)</script></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    ],
    ids=["exe", "html", "svg"],
)
def test_file_that_is_no_photo_is_refused_and_what_was_typed_is_kept(
    client: Client, tess: User, visit: SiteVisit, body: bytes
):
    fake = SimpleUploadedFile("meter.jpg", body, "image/jpeg")
    data = answers(visit, serial_number="BS-1234", notes="Typed with care.", photos=[picture(), fake])
    page = client.post(page_of(visit, "close_out"), data)
    text = page.content.decode()
    assert page.status_code == 422
    assert "not a photo that we can read" in text
    assert 'value="BS-1234"' in text
    assert "Typed with care." in text
    assert data["report_id"] in text
    assert (CloseOut.objects.count(), VisitPhoto.objects.count()) == (0, 0)


def test_nine_photos_are_too_many(client: Client, tess: User, visit: SiteVisit):
    colors = ["red", "blue", "green", "black", "white", "gray", "pink", "gold", "cyan"]
    data = answers(visit, photos=[picture(color) for color in colors])
    assert "At most 8 photos" in client.post(page_of(visit, "close_out"), data).content.decode()


def test_sending_again_reports_once(client: Client, tess: User, visit: SiteVisit):
    report_id = uuid4()
    for _again in range(3):
        data = answers(visit, report_id=report_id, photos=[picture()])
        assert client.post(page_of(visit, "close_out"), data)["Location"] == page_of(visit)
    assert (CloseOut.objects.count(), VisitPhoto.objects.count()) == (1, 1)


def test_another_report_under_the_same_id_is_refused_with_a_sentence(client: Client, tess: User, visit: SiteVisit):
    report_id = uuid4()
    client.post(page_of(visit, "close_out"), answers(visit, report_id=report_id))
    page = client.post(page_of(visit, "close_out"), answers(visit, report_id=report_id, notes="Other words"))
    assert page.status_code == 422
    assert "A different report was already sent from this form" in page.content.decode()


def test_report_of_a_visit_given_to_another_is_kept(client: Client, tess: User, visit: SiteVisit):
    orders.schedule(
        visit, by=factories.dispatcher(), technician=new_technician("T-2"), on=business_day(), window="morning"
    )
    page = client.post(page_of(visit, "close_out"), answers(visit, photos=[picture()]), follow=True)
    assert "given to another technician meanwhile" in page.content.decode()
    kept = CloseOut.objects.get()
    assert (kept.conflict, kept.photos.count(), status(visit)) == ("reassigned", 1, Status.SERVICE_ORDER_ISSUED)


def test_close_out_of_a_closed_visit_shows_the_visit(client: Client, tess: User, visit: SiteVisit):
    closeouts.close_out(visit, report(), by=tess)
    assert client.get(page_of(visit, "close_out"))["Location"] == page_of(visit)


# Photos


def test_photo_is_an_attachment_for_whoever_may_see_it_and_for_nobody_else(
    client: Client, tess: User, visit: SiteVisit
):
    client.post(page_of(visit, "close_out"), answers(visit, photos=[picture()]))
    address = reverse("fieldwork:photo", args=[VisitPhoto.objects.get().pk])
    for user in (tess, factories.staff(), visit.order.round.msa_request.owner):
        client.force_login(user)
        answer = client.get(address)
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert Image.open(io.BytesIO(b"".join(answer.streaming_content))).size == (64, 48)
    for user in (factories.UserFactory(), new_technician("T-2").user):
        client.force_login(user)
        assert client.get(address).status_code == 404
    client.logout()
    assert client.get(address).status_code == 302


# The flyer


@pytest.mark.pdf
def test_flyer_says_why_and_the_three_ways_on(client: Client, tess: User, visit: SiteVisit):
    closeouts.close_out(visit, failure(notes="Dog bites."), by=tess)
    answer = client.get(page_of(visit, "flyer"))
    assert answer["Content-Type"] == "application/pdf"
    text = " ".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).split())
    msa_request = visit.order.round.msa_request
    parts = ["The package with the MSA was not at the meter", "Reschedule MSA Site Visit", "Modification Request"]
    for part in [*parts, "Withdraw IR", msa_request.reference, msa_request.street]:
        assert part in text
    assert "Dog bites." not in text
    assert msa_request.customer_name not in text


@pytest.mark.parametrize("is_closed", [False, True])
def test_flyer_is_refused_for_a_visit_that_did_not_fail(client: Client, tess: User, visit: SiteVisit, is_closed: bool):
    if is_closed:
        closeouts.close_out(visit, report(), by=tess)
    answer = client.get(page_of(visit, "flyer"), follow=True)
    assert answer.redirect_chain == [(page_of(visit), 302)]
    assert "only for a visit that did not succeed" in answer.content.decode()


# What the customer and the dispatcher see


def test_customer_sees_day_and_window_and_no_notes(client: Client, visit: SiteVisit, technician: Technician):
    msa_request = visit.order.round.msa_request
    client.force_login(msa_request.owner)
    text = client.get(msa_request.get_absolute_url()).content.decode()
    assert f"{formats.day(visit.scheduled_on)}, between 8 a.m. and noon" in text
    closeouts.close_out(
        visit, failure(notes="Dog bites.", photos=[closeouts.Photo(b"one", "1" * 64)]), by=technician.user
    )
    text = client.get(msa_request.get_absolute_url()).content.decode()
    assert "The package with the MSA was not at the meter" in text
    assert "/field/photos/" in text
    assert "Dog bites." not in text
    client.force_login(factories.staff())
    text = client.get(msa_request.get_absolute_url()).content.decode()
    for shown in ("Dog bites.", "/field/photos/"):
        assert shown in text


def schedule_page(visit: SiteVisit) -> str:
    return reverse("admin:fieldwork_sitevisit_schedule", args=[visit.pk])


def test_dispatcher_schedules_on_the_visits_page(client: Client, technician: Technician):
    visit = visit_of(factories.ordered())
    client.force_login(factories.dispatcher())
    data = {"technician": technician.pk, "scheduled_on": "2020-01-02", "window": "afternoon"}
    refused = client.post(schedule_page(visit), data)
    assert "That day is past" in refused.content.decode()
    data["scheduled_on"] = business_day().isoformat()
    assert client.post(schedule_page(visit), data)["Location"] == reverse("admin:fieldwork_sitevisit_changelist")
    visit.refresh_from_db()
    assert (visit.technician, visit.scheduled_on, visit.window) == (technician, business_day(), "afternoon")


def test_staff_read_the_visits_page_and_schedule_nothing(client: Client, visit: SiteVisit, technician: Technician):
    client.force_login(factories.staff())
    assert "Only a dispatcher schedules visits." in client.get(schedule_page(visit)).content.decode()
    data = {"technician": technician.pk, "scheduled_on": business_day(4).isoformat(), "window": "afternoon"}
    assert "Only a dispatcher schedules visits." in client.post(schedule_page(visit), data).content.decode()
    visit.refresh_from_db()
    assert visit.window == "morning"


@pytest.fixture
def weather(db: None) -> OutcomeReason:
    return factories.OutcomeReasonFactory(code="weather", title="Weather", at_site=False)


def test_visit_that_nobody_can_go_to_is_given_back(
    client: Client, tess: User, visit: SiteVisit, weather: OutcomeReason
):
    """D13: the visit is planned again, and the status of the request stays."""
    page = f"/field/visits/{visit.pk}/"
    assert "I cannot go there today" in client.get(page).content.decode()
    answer = client.post(f"{page}put-back/", {"reason": "weather"}, follow=True)
    assert "Dispatch plans a new day" in answer.content.decode()
    visit.refresh_from_db()
    assert (visit.state, visit.technician, visit.scheduled_on) == ("unscheduled", None, None)
    msa_request = factories.refreshed(visit.order.round.msa_request)
    event = msa_request.events.get(kind="visit_put_back")
    assert (msa_request.status, event.codes["reason"]) == (Status.SERVICE_ORDER_ISSUED, "weather")
    assert client.post(f"{page}put-back/", {"reason": "weather"}).status_code == 404


@pytest.mark.parametrize("reason", ["", "nothing", "package_missing"])
def test_giving_back_needs_a_reason_that_nobody_went(client: Client, tess: User, visit: SiteVisit, reason: str):
    factories.OutcomeReasonFactory()
    answer = client.post(f"/field/visits/{visit.pk}/put-back/", {"reason": reason}, follow=True)
    assert "Choose why nobody can go" in answer.content.decode()
    visit.refresh_from_db()
    assert visit.state == SiteVisit.State.SCHEDULED


def test_visit_that_was_begun_is_not_given_back(tess: User, visit: SiteVisit, weather: OutcomeReason):
    closeouts.go_on_site(visit, by=tess)
    with pytest.raises(Stale, match="Technician on site"):
        orders.put_back(visit, by=tess, reason=weather)


def test_visit_with_somebody_at_the_site_is_not_given_back(tess: User, visit: SiteVisit):
    with pytest.raises(Refused) as refusal:
        orders.put_back(visit, by=tess, reason=factories.OutcomeReasonFactory())
    visit.refresh_from_db()
    assert (refusal.value.code, visit.state) == ("was_at_site", "scheduled")
