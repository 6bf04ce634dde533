"""The last day in plain words: calm until the reminders begin, then with what is at stake; more time by staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from requests_app.enums import CorrectionAnswer, DocumentKind, EventKind
from requests_app.files import uploads
from requests_app.models import MSARequest
from requests_app.screening import corrections
from tests import factories
from tests.requests_app.lifecycle.test_expiry import STARTED

pytestmark = pytest.mark.django_db


def left(msa_request: MSARequest, days: int) -> None:
    msa_request.owner_acts_by = timezone.localdate() + timedelta(days=days)
    msa_request.save(update_fields=["owner_acts_by"])


def page(client: Client, msa_request: MSARequest) -> str:
    client.force_login(msa_request.owner)
    return client.get(f"/requests/{msa_request.reference}/").text


def test_day_is_said_calmly_while_it_is_far(client: Client) -> None:
    with time_machine.travel(STARTED, tick=False):
        text = page(client, factories.complete_request())
    assert "Thu, Feb 4, 2027" in text
    assert "(90 days left)" in text
    assert "request-deadline" not in text


@pytest.mark.parametrize(
    ("days", "words"),
    [(14, "14 days left"), (1, "1 day left"), (0, "today is the last day"), (-1, "is about to be withdrawn")],
)
def test_what_is_at_stake_is_said_from_the_first_reminder_on(client: Client, days: int, words: str) -> None:
    msa_request = factories.complete_request()
    left(msa_request, days)
    text = page(client, msa_request)
    assert "request-deadline" in text
    assert words in text
    assert "You have paid nothing, so nothing comes back." in text


def test_list_names_the_days_left(client: Client) -> None:
    msa_request = factories.complete_request()
    left(msa_request, 12)
    client.force_login(msa_request.owner)
    assert "12 days left" in client.get("/requests/").text


def test_list_takes_as_many_queries_with_many_as_with_one(client: Client) -> None:
    msa_request = factories.complete_request()
    client.force_login(msa_request.owner)

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get("/requests/")
        return len(seen)

    count()
    with_one = count()
    for _n in range(5):
        left(factories.complete_request(owner=msa_request.owner, device=msa_request.device), 10)
    assert count() == with_one


def test_closed_and_waiting_requests_have_no_last_day(client: Client) -> None:
    assert "days left" not in page(client, factories.submitted())


# --- What counts as an act ---------------------------------------------------------------
def test_answered_correction_counts() -> None:
    msa_request = factories.corrections_required()
    left(msa_request, 5)
    corrections.answer(
        msa_request.corrections.get(), by=msa_request.owner, way=CorrectionAnswer.RIGHT, text="See my bill."
    )
    msa_request.refresh_from_db()
    assert msa_request.owner_acts_by == timezone.localdate() + timedelta(days=90)


def test_upload_of_the_owner_counts_and_one_of_staff_does_not(settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    msa_request = factories.complete_request()
    left(msa_request, 5)
    checked = uploads.Checked("a.jpg", "image/jpeg", b"\xff\xd8\xff", "0" * 64, "not_scanned")
    uploads.keep(msa_request, checked, kind=DocumentKind.PAPER_AGREEMENT, by=factories.staff())
    msa_request.refresh_from_db()
    assert msa_request.owner_acts_by == timezone.localdate() + timedelta(days=5)
    uploads.keep(msa_request, checked, kind=DocumentKind.PAPER_AGREEMENT, by=msa_request.owner)
    msa_request.refresh_from_db()
    assert msa_request.owner_acts_by == timezone.localdate() + timedelta(days=90)


# --- Staff -------------------------------------------------------------------------------
def url(msa_request: MSARequest, act: str) -> str:
    return f"/admin/requests_app/msarequest/{msa_request.pk}/{act}/"


def test_staff_give_more_time_on_the_screening_page(client: Client) -> None:
    msa_request = factories.corrections_required()
    client.force_login(factories.staff())
    to = timezone.localdate() + timedelta(days=120)
    answer = client.post(
        url(msa_request, "extend"),
        factories.seen(msa_request) | {"to": to.isoformat(), "reason": "In hospital."},
        follow=True,
    )
    msa_request.refresh_from_db()
    assert msa_request.owner_acts_by == to
    assert "More time is given." in answer.text
    assert "In hospital." in answer.text
    assert msa_request.events.filter(kind=EventKind.DEADLINE_EXTENDED).count() == 1


def test_extension_without_a_reason_comes_back_as_it_was_typed(client: Client) -> None:
    msa_request = factories.corrections_required()
    client.force_login(factories.staff())
    answer = client.post(url(msa_request, "extend"), {"to": "2027-12-31", "reason": ""})
    assert answer.status_code == 409
    assert "Say why more time is given." in answer.text
    assert 'value="2027-12-31"' in answer.text
    assert msa_request.extensions.count() == 0


def test_reason_is_not_shown_to_the_customer(client: Client) -> None:
    msa_request = factories.corrections_required()
    client.force_login(factories.staff())
    day = timezone.localdate() + timedelta(days=120)
    client.post(
        url(msa_request, "extend"), factories.seen(msa_request) | {"to": day.isoformat(), "reason": "In hospital."}
    )
    text = page(client, msa_request)
    assert "More time given" in text
    assert "In hospital." not in text


def test_no_extension_is_offered_while_the_utility_holds_it(client: Client) -> None:
    msa_request = factories.submitted()
    client.force_login(factories.staff())
    assert "Give more time" not in client.get(url(msa_request, "change")).text
