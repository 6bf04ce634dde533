"""Delivery over real SMTP: claimed, backed off, refused, killed in the middle (faults 23, 24, 50, 52)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.utils import timezone

from msa_portal.errors import Refused
from msa_portal.notices import delivery, links
from msa_portal.notices.account_mail import queue_account_mail
from msa_portal.notices.limits import Cause
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.tasks import deliver
from tests import jobs
from tests.factories import staff
from tests.notices.conftest import Inbox
from tests.notices.notice_samples import queued

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]
State = NoticeMessage.State


@pytest.fixture(autouse=True)
def no_kick(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.kept(monkeypatch)


@pytest.fixture
def secret_link() -> Iterator[str]:
    links.register("test", lambda identifier: f"https://portal.example/sign/token-of-{identifier}/?a=1&b=2")
    yield "test:42"
    links._makers.pop("test")


def put_due(row: NoticeMessage, **changes: Any) -> None:
    """As if the time to wait were over."""
    NoticeMessage.objects.filter(pk=row.pk).update(
        next_attempt_at=timezone.now() - timedelta(seconds=1),
        lease_until=timezone.now() - timedelta(seconds=1),
        **changes,
    )


def test_message_arrives_with_both_bodies_and_its_headers(inbox: Inbox) -> None:
    row = queued()
    delivery.deliver(row.pk)
    row.refresh_from_db()
    (message,) = inbox.messages
    assert (row.state, row.attempts, row.last_error, row.claim, row.lease_until) == (State.SENT, 1, "", None, None)
    assert row.sent_at is not None
    assert {name: message[name] for name in ("To", "From", "Subject", "Message-ID", "Auto-Submitted", "Reply-To")} == {
        "To": "alice@example.com",
        "From": "MSA Program <no-reply@localhost>",
        "Subject": "There is no account with this address",
        "Message-ID": row.message_id,
        "Auto-Submitted": "auto-generated",
        "Reply-To": None,
    }
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_second_delivery_of_a_sent_row_does_nothing(inbox: Inbox) -> None:
    row = queued()
    delivery.deliver(row.pk)
    delivery.deliver(row.pk)
    assert len(inbox.messages) == 1


def test_delivery_of_a_row_that_is_gone_does_nothing(inbox: Inbox) -> None:
    delivery.deliver(999)
    assert inbox.messages == []


def test_mail_server_down_waits_longer_each_time_and_never_gives_up(mail_server_down: None) -> None:
    row = queued()
    waits = []
    for _attempt in range(14):
        put_due(row)
        before = timezone.now()
        delivery.deliver(row.pk)
        row.refresh_from_db()
        assert row.state == State.QUEUED
        waits.append(round((row.next_attempt_at - before).total_seconds() / 60))
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360, 360, 360]
    assert row.attempts == 14
    assert "ConnectionRefusedError" in row.last_error


def test_mail_server_back_after_a_day_gets_everything(mail_server_down: None, inbox: Inbox, settings: Any) -> None:
    up = settings.MAILERS
    settings.MAILERS = {"default": up["default"] | {"OPTIONS": up["default"]["OPTIONS"] | {"port": 1}}}
    rows = [queued(str(n)) for n in range(3)]
    for row in rows:
        delivery.deliver(row.pk)
    settings.MAILERS = up
    for row in rows:
        put_due(row)
        delivery.deliver(row.pk)
    assert [message["Message-ID"] for message in inbox.messages] == [row.message_id for row in rows]
    assert set(NoticeMessage.objects.values_list("state", flat=True)) == {State.SENT}


def test_row_is_not_tried_before_its_time(inbox: Inbox) -> None:
    row = queued()
    NoticeMessage.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=1))
    delivery.deliver(row.pk)
    assert inbox.messages == []


def test_recipient_refused_for_good_fails_with_the_reason(inbox: Inbox) -> None:
    inbox.answer_to_rcpt = "550 no such user"
    row = queued()
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.FAILED, 1)
    assert "550" in row.last_error
    assert "no such user" in row.last_error


def test_recipient_refused_for_now_is_tried_again(inbox: Inbox) -> None:
    inbox.answer_to_rcpt = "450 come back later"
    row = queued()
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (State.QUEUED, 1)


@pytest.mark.parametrize(("answer", "state"), [("554 refused", State.FAILED), ("451 try again", State.QUEUED)])
def test_message_refused_ends_by_the_kind_of_refusal(inbox: Inbox, answer: str, state: str) -> None:
    inbox.answer_to_data = answer
    row = queued()
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert row.state == state


def test_sender_killed_before_smtp_is_followed_by_another(inbox: Inbox) -> None:
    row = queued()
    assert delivery._claim(row.pk) is not None  # and there the worker dies
    delivery.deliver(row.pk)
    assert inbox.messages == []  # the lease still holds
    put_due(row)
    delivery.deliver(row.pk)
    assert [message["Message-ID"] for message in inbox.messages] == [row.message_id]


def test_sender_killed_after_smtp_repeats_under_the_same_message_id(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one window where no system can know: the duplicate is recognisable as one."""
    row = queued()
    with monkeypatch.context() as dying:
        dying.setattr(delivery, "_finish", lambda *_args, **_kwargs: None)
        delivery.deliver(row.pk)
    put_due(row)
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert [message["Message-ID"] for message in inbox.messages] == [row.message_id] * 2
    assert row.state == State.SENT


def test_sender_whose_lease_was_over_does_not_overwrite_its_successor(inbox: Inbox) -> None:
    row = queued()
    slow = delivery._claim(row.pk)
    assert slow is not None
    put_due(row)
    fast = delivery._claim(row.pk)
    assert fast is not None
    delivery._finish(slow, state=State.FAILED, last_error="too slow")
    row.refresh_from_db()
    assert (row.state, row.claim, row.last_error) == (State.SENDING, fast.claim, "")


def test_lease_outlives_the_longest_delivery() -> None:
    assert deliver.time_limit == delivery.TIME_LIMIT
    assert delivery.LEASE.total_seconds() > delivery.TIME_LIMIT


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_one(inbox: Inbox) -> None:
    row = queued()
    _at_once(lambda: delivery.deliver(row.pk), times=4)
    assert len(inbox.messages) == 1


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_would_send_two_without_the_claim(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race above can fail: with the condition taken out of the claim, it does."""
    row = queued()
    monkeypatch.setattr(delivery, "_claim", lambda pk: NoticeMessage.objects.get(pk=pk))
    _at_once(lambda: delivery.deliver(row.pk), times=4)
    assert len(inbox.messages) > 1


def _at_once(act: Any, *, times: int) -> None:
    barrier = Barrier(times)
    done: list[bool] = []

    def run() -> None:
        try:
            barrier.wait(10)
            act()
            done.append(True)
        finally:
            connection.close()

    threads = [Thread(target=run) for _n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert done == [True] * times


def test_private_link_is_made_when_the_mail_leaves(inbox: Inbox, secret_link: str) -> None:
    row = queued(private_link=secret_link)
    NoticeMessage.objects.update(
        text=f"Open {links.PRIVATE_LINK}\n", html=f'<a href="{links.PRIVATE_LINK}">Open {links.PRIVATE_LINK}</a>'
    )
    delivery.deliver(row.pk)
    row.refresh_from_db()
    parts = {part.get_content_type(): part for part in inbox.messages[0].walk()}
    text, html = parts["text/plain"].get_content(), parts["text/html"].get_content()  # type: ignore[attr-defined]
    assert text.split() == ["Open", "https://portal.example/sign/token-of-42/?a=1&b=2"]
    assert 'href="https://portal.example/sign/token-of-42/?a=1&amp;b=2"' in html
    assert "token-of-42" not in row.text + row.html + row.subject + row.private_link


def test_private_link_that_is_void_is_not_sent(inbox: Inbox) -> None:
    row = queued(private_link="nobody-makes-these:1")
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, inbox.messages) == (State.FAILED, [])
    assert "no longer valid" in row.last_error


def test_code_is_gone_from_the_row_once_it_is_sent(inbox: Inbox) -> None:
    queue_account_mail("account/email/login_code", "alice@example.com", {"code": "QXZ-739"}, cause=Cause())
    row = NoticeMessage.objects.get()
    assert "QXZ-739" in row.text
    assert "QXZ-739" in row.html
    assert "QXZ-739" not in row.subject
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.text, row.html) == (State.SENT, "", "")
    assert "QXZ-739" in inbox.messages[0].as_string()


def test_header_that_slipped_into_a_row_is_refused(inbox: Inbox) -> None:
    row = queued()
    NoticeMessage.objects.update(subject="Hello\nBcc: eve@example.com")
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, inbox.messages) == (State.FAILED, [])


def test_logs_name_no_address_and_no_code(mail_server_down: None, caplog: pytest.LogCaptureFixture) -> None:
    queue_account_mail("account/email/login_code", "secret.person@example.com", {"code": "QXZ-739"}, cause=Cause())
    delivery.deliver(NoticeMessage.objects.get().pk)
    assert "could not be sent" in caplog.text
    assert "secret.person" not in caplog.text
    assert "QXZ-739" not in caplog.text


def test_send_again_sends_the_same_message_again(inbox: Inbox) -> None:
    row = queued()
    delivery.deliver(row.pk)
    delivery.send_again(row, by=staff())
    delivery.deliver(row.pk)
    assert [message["Message-ID"] for message in inbox.messages] == [row.message_id] * 2


def test_send_again_after_failure_starts_afresh(inbox: Inbox) -> None:
    inbox.answer_to_rcpt = "550 no such user"
    row = queued()
    delivery.deliver(row.pk)
    inbox.answer_to_rcpt = ""
    delivery.send_again(row, by=staff())
    delivery.deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.last_error) == (State.SENT, 1, "")


def test_send_again_of_a_code_is_refused(inbox: Inbox) -> None:
    queue_account_mail("account/email/login_code", "alice@example.com", {"code": "QXZ-739"}, cause=Cause())
    with pytest.raises(Refused) as refusal:
        delivery.send_again(NoticeMessage.objects.get(), by=staff())
    assert refusal.value.code == "confidential"


def test_send_again_while_it_is_being_sent_is_refused() -> None:
    row = queued()
    delivery._claim(row.pk)
    with pytest.raises(Refused) as refusal:
        delivery.send_again(row, by=staff())
    assert refusal.value.code == "being_sent"


def test_unexpected_error_leaves_the_row_to_the_next_sender(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    row = queued()
    with monkeypatch.context() as broken:
        broken.setattr(EmailMultiAlternatives, "send", lambda _self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            delivery.deliver(row.pk)
    put_due(row, claim=uuid4())
    delivery.deliver(row.pk)
    assert len(inbox.messages) == 1
