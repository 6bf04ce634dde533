"""Staff read what was sent, and send it again; no code, key or private link is theirs to read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from msa_portal.notices.account_mail import queue_account_mail
from msa_portal.notices.limits import Cause
from msa_portal.notices.links import PRIVATE_LINK
from msa_portal.notices.models import NoticeMessage
from tests import factories
from tests.notices.notice_samples import queued

pytestmark = pytest.mark.django_db
LIST = "admin:notices_noticemessage_changelist"


@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.staff())
    return client


def page_of(row: NoticeMessage, name: str = "change") -> str:
    return reverse(f"admin:notices_noticemessage_{name}", args=[row.pk])


def test_list_shows_state_address_subject_and_error(desk: Client) -> None:
    queued(reference="MSA-2026-000123")
    NoticeMessage.objects.update(last_error="ConnectionRefusedError: nobody there", attempts=3)
    page = desk.get(reverse(LIST), {"q": "MSA-2026-0001"}).content.decode()
    for part in ("Waiting", "alice@example.com", "There is no account with this address", "nobody there"):
        assert part in page


def test_list_takes_the_same_queries_for_many(desk: Client, django_assert_num_queries: Any) -> None:
    queued("0")
    desk.get(reverse(LIST))
    with CaptureQueriesContext(connection) as one:
        desk.get(reverse(LIST))
    for n in range(1, 30):
        queued(str(n))
    with django_assert_num_queries(len(one)):
        desk.get(reverse(LIST))


def test_private_link_is_not_shown(desk: Client) -> None:
    row = queued(private_link="sign:42")
    NoticeMessage.objects.update(text=f"Open {PRIVATE_LINK}", html=f'<a href="{PRIVATE_LINK}">Open</a>')
    page = desk.get(page_of(row)).content.decode()
    html = desk.get(page_of(row, "html")).content.decode()
    assert "Open [private link]" in page
    assert "private-link.invalid" not in page + html
    assert 'href="[private link]"' in html


def test_code_is_not_shown_even_before_it_is_sent(desk: Client) -> None:
    queue_account_mail("account/email/login_code", "alice@example.com", {"code": "QXZ-739"}, cause=Cause())
    row = NoticeMessage.objects.get()
    shown = desk.get(page_of(row)).content.decode() + desk.get(page_of(row, "html")).content.decode()
    assert "QXZ-739" not in shown
    assert "Only its recipient can read it" in shown


def test_html_is_shown_where_nothing_in_it_can_act(desk: Client) -> None:
    response = desk.get(page_of(queued(), "html"))
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
    )
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_message_as_sent_needs_the_permission_to_read_messages(client: Client) -> None:
    row = queued()
    NoticeMessage.objects.update(attachments=[{"name": "visit.ics", "content_type": "text/calendar", "text": "x"}])
    client.force_login(factories.UserFactory(is_staff=True))
    assert client.get(page_of(row, "html")).status_code == 403
    assert client.get(reverse("admin:notices_noticemessage_attachment", args=[row.pk, 0])).status_code == 403


def test_free_text_is_inert_in_the_admin(desk: Client) -> None:
    row = queued()
    NoticeMessage.objects.update(text="<script>alert(1)</script>", subject="<script>alert(2)</script>")
    assert "<script>alert" not in desk.get(page_of(row)).content.decode() + desk.get(reverse(LIST)).content.decode()


def test_nothing_can_be_edited_added_or_deleted(desk: Client) -> None:
    row = queued()
    assert desk.post(page_of(row), {"subject": "Changed"}).status_code == 403
    assert desk.post(page_of(row, "delete"), {"post": "yes"}).status_code == 403
    assert desk.get(reverse("admin:notices_noticemessage_add")).status_code == 403
    row.refresh_from_db()
    assert row.subject == "There is no account with this address"


def test_send_again_queues_the_row(desk: Client) -> None:
    row = queued()
    NoticeMessage.objects.update(state="failed", last_error="550", attempts=1)
    answer = desk.post(reverse(LIST), {"action": "send_again", "_selected_action": [row.pk]}, follow=True)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("queued", 0)
    assert "1 message is queued again." in answer.content.decode()


def test_send_again_of_a_code_is_refused_with_a_sentence(desk: Client) -> None:
    queue_account_mail("account/email/login_code", "alice@example.com", {"code": "QXZ-739"}, cause=Cause())
    row = NoticeMessage.objects.get()
    answer = desk.post(reverse(LIST), {"action": "send_again", "_selected_action": [row.pk]}, follow=True)
    assert "Ask the person to request a new one." in answer.content.decode()


def test_who_may_look_but_not_send_has_no_action(client: Client) -> None:
    client.force_login(factories.dispatcher())
    row = queued()
    NoticeMessage.objects.update(state="failed")
    client.post(reverse(LIST), {"action": "send_again", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.state == "failed"


def test_customer_sees_nothing_of_it(client: Client) -> None:
    row = queued()
    client.force_login(factories.UserFactory())
    assert client.get(page_of(row, "html")).status_code in {302, 403, 404}
    assert client.get(page_of(row)).status_code in {302, 403, 404}
