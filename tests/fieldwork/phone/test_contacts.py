"""Dispatch sees whose phone still holds work, and how old that word is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from fieldwork import tasks
from fieldwork.models import PhoneContact, SiteVisit, Technician
from fieldwork.phone import contacts
from msa_portal.business_days.calendar import local_day
from tests import factories
from tests.fieldwork.phone.conftest import Phone

pytestmark = pytest.mark.django_db

NUMBER = str(uuid4())
NOTHING = {"reports": 0, "photos": 0, "taps": 0, "drafts": 0}


def says(phone: Phone, **counts: Any) -> None:
    words = json.dumps({"phone": NUMBER, "since": None} | NOTHING | counts)
    assert phone.ask("get", "who/", headers={"X-Phone-Unsent": words}).status_code == 200


def board() -> str:
    client = Client()
    client.force_login(factories.dispatcher())
    return client.get("/admin/fieldwork/lane/board/").content.decode()


def test_board_names_who_has_unsent_work_until_it_is_sent(phone: Phone, technician: Technician):
    says(phone, reports=2, photos=5, taps=1)
    page = board()
    assert all(words in page for words in ("Not sent from phones yet", "2 reports", "5 photos", "As of"))
    says(phone)
    assert "Not sent from phones yet" not in board()
    assert PhoneContact.objects.count() == 1


def test_old_word_is_said_to_be_old_and_goes_after_two_weeks(phone: Phone, technician: Technician):
    says(phone, reports=1)
    PhoneContact.objects.update(seen_at=timezone.now() - timedelta(hours=3))
    page = board()
    assert "Last heard from" in page
    assert "may hold more by now" in page
    PhoneContact.objects.update(seen_at=timezone.now() - timedelta(days=15))
    assert "Not sent from phones yet" not in board()
    tasks.sweep_uploads()
    assert PhoneContact.objects.count() == 0


def test_silent_phone_with_visits_today_is_named_though_it_said_that_all_was_sent(
    phone: Phone, visit: SiteVisit, technician: Technician
):
    says(phone)
    PhoneContact.objects.update(seen_at=timezone.now() - timedelta(hours=3))
    assert contacts.unsent(timezone.now()) == []
    SiteVisit.objects.filter(pk=visit.pk).update(scheduled_on=local_day(timezone.now()))
    (row,) = contacts.unsent(timezone.now())
    assert (row.contact.technician, row.is_silent) == (technician, True)


def test_same_word_is_written_once_a_minute(phone: Phone, django_assert_num_queries: Any, technician: Technician):
    says(phone, reports=1)
    words = json.dumps({"phone": NUMBER, "since": None} | NOTHING | {"reports": 1})
    with django_assert_num_queries(1):
        contacts.record(technician, words, timezone.now())


@pytest.mark.parametrize(
    "words",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        '{"phone": "x"}',
        json.dumps({"phone": NUMBER} | NOTHING | {"reports": "many"}),
        json.dumps({"phone": NUMBER} | NOTHING | {"since": 5}),
        "[" * 500,
    ],
)
def test_word_that_cannot_be_read_is_passed_over(phone: Phone, words: str):
    assert phone.ask("get", "who/", headers={"X-Phone-Unsent": words}).status_code == 200
    assert PhoneContact.objects.count() == 0


def test_number_that_no_column_holds_is_bounded(phone: Phone):
    says(phone, reports=10**12, photos=-3)
    row = PhoneContact.objects.get()
    assert (row.reports, row.photos) == (9_999, 0)
