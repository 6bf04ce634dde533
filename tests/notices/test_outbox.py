"""A notice is a row of its cause's transaction; the broker may be down."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import transaction

from msa_portal.celery import app
from msa_portal.notices import outbox, tasks
from msa_portal.notices.account_mail import UnknownAccount
from msa_portal.notices.limits import Cause
from msa_portal.notices.models import NoticeMessage
from msa_portal.notices.outbox import UnsafeAddress, queue
from msa_portal.redis.breaker import breaker
from requests_app.lifecycle.notices import DraftStartedForYou
from tests import jobs
from tests.notices.notice_samples import queued

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.mark.django_db(transaction=True)
def test_queue_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        queue(UnknownAccount, to="alice@example.com", key="1", context={}, cause=Cause())
    assert not NoticeMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rollback_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = jobs.kept(monkeypatch)
    with transaction.atomic():
        queue(UnknownAccount, to="alice@example.com", key="1", context={}, cause=Cause())
        transaction.set_rollback(True)
    assert (asked, NoticeMessage.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_commit_asks_for_delivery_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = jobs.kept(monkeypatch)
    row = queued()
    assert asked == [("notices.deliver", row.pk)]


def test_repeat_returns_the_row_that_is_there(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        first, second = queued("same"), queued("same", to="bob@example.com")
    assert (second.pk, second.to_email, len(callbacks)) == (first.pk, "alice@example.com", 1)


def test_repeat_from_another_transaction_breaks_neither(django_capture_on_commit_callbacks: Any) -> None:
    """As where two queue at once: neither saw the other's row before it wrote its own."""
    first = queued("race")
    twin = NoticeMessage(
        kind=first.kind, unique_key=first.unique_key, to_email="x@example.com", message_id="<other@localhost>"
    )
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        stored = outbox._insert(twin)
        assert NoticeMessage.objects.count() == 1  # the transaction still works
    assert (stored.pk, callbacks) == (first.pk, [])


def test_nobody_to_write_to_is_no_row() -> None:
    with transaction.atomic():
        assert queue(UnknownAccount, to="", key="1", context={}, cause=Cause()) is None


@pytest.mark.parametrize(
    "address",
    [
        "a@example.com\nBcc: eve@example.com",
        "a@example.com\r\nX: y",
        "a@example.com, eve@example.com",
        "Al <a@b.example>",
    ],
)
def test_address_with_a_header_in_it_is_refused(address: str) -> None:
    with pytest.raises(UnsafeAddress):
        queued(to=address)
    assert not NoticeMessage.objects.exists()


def test_subject_is_one_line_whatever_stands_in_it() -> None:
    values = {"agent_company": "Evil\r\nBcc: eve@example.com\r\n\x00Installers", "agent_name": "E"}
    with transaction.atomic():
        row = queue(
            DraftStartedForYou, to="a@example.com", key="1", context=values, cause=Cause(), reference="MSA-2026-000001"
        )
    assert row is not None
    assert row.subject == "Evil Bcc: eve@example.com Installers started a request for you · MSA-2026-000001"


@pytest.mark.real_broker
@pytest.mark.django_db(transaction=True)
def test_broker_down_costs_nothing_and_the_sweeper_sends_later(monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.monotonic()
    row = queued()
    assert time.monotonic() - before < 2
    asked = jobs.kept(monkeypatch)
    breaker.close()  # as after its rest
    tasks.sweep()
    assert asked == [("notices.deliver", row.pk)]


@pytest.mark.django_db(transaction=True)
def test_log_of_a_lost_kick_names_no_address(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    row = queued(to="secret.person@example.com")
    assert "secret.person" not in caplog.text
    assert f"notices.deliver({row.pk},) waits for the sweeper" in caplog.text


@pytest.mark.server
@pytest.mark.django_db(transaction=True)
def test_mail_that_somebody_waits_for_goes_before_a_backlog(broker: str) -> None:
    """A sign-in code is not behind a night's reminders."""
    kinds = ["fee_due", "deadline", "account/login_code", "receipt"]
    for pk, kind in enumerate(kinds):
        outbox.ask_for_delivery(pk, kind)
    with app.connection_for_read() as connection, connection.SimpleQueue("notices") as waiting:
        taken = [waiting.get(timeout=5) for _kind in kinds]
        for message in taken:
            message.ack()
    first, *others = [kinds[message.payload[0][0]] for message in taken]
    assert (first, sorted(others)) == ("account/login_code", ["deadline", "fee_due", "receipt"])
