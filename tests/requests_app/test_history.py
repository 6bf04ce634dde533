"""Events are only added, and a change to them shows."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from msa_portal.db import AppendOnlyError
from requests_app import history
from requests_app.enums import EventKind
from requests_app.models import RequestEvent
from tests import factories

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


def tamper(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def verify(*args):
    out = StringIO()
    call_command("verify_history", *args, stdout=out)
    return out.getvalue()


def test_untouched_history_verifies():
    msa_request = factories.submitted()
    assert verify() == f"{msa_request.events.count()} events verified.\n"
    assert verify(msa_request.reference) == verify()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE requests_app_requestevent SET kind = 'withdraw' WHERE id = %s", "event {place} was changed"),
        ("UPDATE requests_app_requestevent SET codes = '[]' WHERE id = %s", "event {place} was changed"),
        ("UPDATE requests_app_requestevent SET actor_id = NULL WHERE id = %s", "event {place} was changed"),
        ("DELETE FROM requests_app_requestevent WHERE id = %s", "event {place} is missing"),
    ],
)
def test_changed_history_is_named_and_fails_the_command(statement, said):
    msa_request = factories.submitted()
    event = msa_request.events.filter(actor__isnull=False)[1]
    tamper(statement, event.pk)
    out = StringIO()
    with pytest.raises(CommandError, match="do not verify"):
        call_command("verify_history", stdout=out)
    assert f"request {msa_request.pk}: {said.format(place=event.sequence)}" in out.getvalue()


def test_event_whose_digest_was_made_anew_does_not_fit_its_successor():
    msa_request = factories.submitted()
    event = msa_request.events.all()[1]
    tamper("UPDATE requests_app_requestevent SET kind = 'withdraw' WHERE id = %s", event.pk)
    event.refresh_from_db()
    tamper("UPDATE requests_app_requestevent SET digest = %s WHERE id = %s", event.computed_digest(), event.pk)
    assert list(history.broken_links(msa_request)) == [
        f"request {msa_request.pk}: event {event.sequence + 1} does not follow its predecessor"
    ]


def test_unknown_reference_is_said():
    with pytest.raises(CommandError, match="No request has the reference MSA-1999-1"):
        verify("MSA-1999-1")


def test_events_cannot_be_changed_or_deleted():
    event = factories.draft().events.get()
    for attempt in (
        event.save,
        event.delete,
        RequestEvent.objects.all().delete,
        lambda: RequestEvent.objects.update(kind="withdraw"),
    ):
        with pytest.raises(AppendOnlyError):
            attempt()
    assert RequestEvent.objects.get() == event


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_refused():
    msa_request = factories.draft()
    with pytest.raises(transaction.TransactionManagementError):
        history.record(msa_request, EventKind.CLAIMED, by=msa_request.owner)


def test_lifecycle_diagram_is_the_one_in_the_repository():
    call_command("graph_lifecycle", "--check")


def test_lifecycle_diagram_that_differs_fails(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match=r"docs/lifecycle\.md differs"):
        call_command("graph_lifecycle", "--check")
    (tmp_path / "docs").mkdir()
    call_command("graph_lifecycle", stdout=StringIO())
    call_command("graph_lifecycle", "--check")
