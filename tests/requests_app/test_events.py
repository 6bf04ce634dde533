"""One row per event: total, disjoint, and every name in it leads somewhere."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.utils.module_loading import import_string

from fieldwork import receivers as fieldwork_receivers
from msa_portal.notices.outbox import declared
from payments import receivers as payments_receivers
from requests_app import enums, events, notices
from requests_app.enums import EventKind, Status, WithdrawalReason
from requests_app.events import ROWS, Actor, Then, Turn
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest, RequestEvent
from requests_app.permissions import may_cause
from requests_app.signals import event_recorded
from tests import factories


def test_every_event_has_exactly_one_row():
    assert sorted(row.kind for row in events._ROWS) == sorted(EventKind)


def test_state_machine_and_rows_are_the_same():
    machine = [(move.source, move.name, move.target) for move in MSARequest().get_all_status_transitions()]
    assert sorted(machine) == sorted(events.transitions())


def test_row_moves_the_status_or_neither_source_nor_turn_stands_in_it():
    for row in ROWS.values():
        assert (row.target is None) == (row.turn is None), row.kind
        assert row.target is not None or not row.sources, row.kind
    assert [row.kind for row in ROWS.values() if row.target and not row.sources] == [EventKind.CREATED]


def test_events_that_lead_to_one_status_leave_the_same_turn_and_every_status_has_one():
    assert {(row.target, row.turn) for row in ROWS.values() if row.target} == {
        (status, events.turn_in(status)) for status in Status
    }
    assert {status for status in Status if events.turn_in(status) is Turn.NOBODY} == enums.FINAL
    assert {status for status in Status if events.turn_in(status) is Turn.UTILITY} == enums.WITH_UTILITY
    assert {status for status in Status if events.turn_in(status) is Turn.APPLICANT} == enums.OWNER_HOLDS


@pytest.mark.django_db
def test_every_row_says_who_and_its_permissions_exist():
    permissions = {
        f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")
    }
    for row in ROWS.values():
        assert row.by or row.permissions, row.kind
        assert set(row.permissions) <= permissions, row.kind


def test_every_notice_exists_and_is_named_as_its_sender():
    for row in ROWS.values():
        for path in row.notices:
            assert callable(import_string(path)), path
            assert path.split(".")[0] in {"requests_app", "fieldwork"}, path  # those that connect their notices
        assert set(row.notice_names) <= set(declared), row.kind


def test_everything_that_follows_is_done_by_one_app():
    assert set(payments_receivers.ACTS) | set(fieldwork_receivers.ACTS) == set(Then)
    assert not set(payments_receivers.ACTS) & set(fieldwork_receivers.ACTS)
    assert set().union(*(row.then for row in ROWS.values())) == set(Then)


def test_notice_that_does_not_exist_is_found_when_the_portal_starts(monkeypatch):
    row = events.Row(EventKind.CLAIMED, notices=("requests_app.lifecycle.notices.nobody_wrote_this",))
    monkeypatch.setitem(ROWS, EventKind.CLAIMED, row)
    with pytest.raises(ImportError, match="nobody_wrote_this"):
        notices.connect("requests_app")


@pytest.mark.django_db
def test_whoever_causes_an_event_on_the_way_stands_in_its_row():
    """Whole lives of requests; what follows from another event may bear that one's name."""
    misfits = set()

    def look(msa_request, event, by, **_kwargs):
        if Actor.PORTAL not in ROWS[event.kind].by and not may_cause(event.kind, by, msa_request):
            misfits.add((event.kind, str(by)))

    event_recorded.connect(look)
    try:
        factories.completed()
        factories.corrections_required(factories.submitted(company=factories.CompanyFactory()))
        failed = factories.failed(reasons=[factories.utility_reason()])
        follow_ups.save_reschedule(failed, by=failed.owner, statements={"meter_or_record_error": "understood"})
        transitions.withdraw(factories.refreshed(failed), by=None, reason=WithdrawalReason.EXPIRED)
    finally:
        event_recorded.disconnect(look)
    assert misfits == set()
    assert RequestEvent.objects.values("kind").distinct().count() > 15
