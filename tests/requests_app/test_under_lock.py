"""A request under its lock: its case is one query, and what was written since is read again (ADR 26)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from msa_portal import writes
from msa_portal.business_days.calendar import UTILITY_ZONE
from msa_portal.business_days.models import ClosureDay
from msa_portal.db import lock, take_over
from requests_app import history, program
from requests_app.enums import AgreementState, EventKind, RecordCheck, Status
from requests_app.models import Agreement, MSARequest, ProgramSettings, RequestEvent, Screening, VisitRound
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def submitted() -> MSARequest:
    return factories.submitted()


def everything(msa_request: MSARequest) -> list[Any]:
    """What the case says, and what the program's settings are."""
    case, settings = msa_request.case, program.of(msa_request)
    relations = [case.agreement, case.statement, case.follow_up, case.open_round, case.open_screening]
    figures = {field.attname: getattr(settings.figures, field.attname) for field in ProgramSettings._meta.fields}
    people = [msa_request.owner, msa_request.agent, msa_request.agent_company, msa_request.device]
    return [*relations, *people, case.last_link, figures, settings.calendar, settings.panels]


def test_case_under_a_lock_is_one_query_and_says_what_each_query_alone_does(
    submitted: MSARequest, django_assert_num_queries: Any
):
    ClosureDay.objects.create(on="2030-07-04", name="A day off")
    alone = everything(MSARequest.objects.get(pk=submitted.pk))
    with transaction.atomic():
        held = lock(submitted)
        with django_assert_num_queries(1):
            assert everything(held) == alone
        assert held.case.agreement is not None
        with django_assert_num_queries(0):
            _ = held.case.agreement.document, held.case.agreement.wording


@pytest.mark.parametrize("in_bulk", [False, True], ids=["saved", "updated"])
def test_what_was_written_under_the_lock_by_another_object_is_read_again(submitted: MSARequest, in_bulk: bool):
    with transaction.atomic():
        held = lock(submitted)
        assert held.case.open_screening
        assert held.case.open_round
        assert held.case.agreement
        screening, visit = Screening.objects.get(msa_request=held), VisitRound.objects.get(msa_request=held)
        if in_bulk:
            VisitRound.objects.filter(pk=visit.pk).update(disputed=True)
            Agreement.objects.filter(msa_request=held).update(state=AgreementState.SUPERSEDED)
            Screening.objects.filter(pk=screening.pk).delete()
        else:
            agreement = Agreement.objects.get(msa_request=held)
            visit.disputed, agreement.state = True, AgreementState.SUPERSEDED
            visit.save()
            agreement.save()
            screening.delete()
        assert held.case.open_round.disputed
        assert (held.case.agreement, held.case.open_screening) == (None, None)


def test_rolled_back_savepoint_leaves_nothing_behind(submitted: MSARequest):
    with transaction.atomic():
        held = lock(submitted)
        before = held.case.last_link
        with transaction.atomic():
            history.record(held, EventKind.PANEL_MODEL_CONFIRMED, by=held.owner)
            assert held.case.last_link != before
            transaction.set_rollback(True)
        assert held.case.last_link == before
        history.record(held, EventKind.PANEL_MODEL_CONFIRMED, by=held.owner)
    assert list(history.broken_links(submitted)) == []


def test_events_by_two_objects_of_one_request_make_one_chain(submitted: MSARequest):
    with transaction.atomic():
        one, other = lock(submitted), lock(submitted)
        for held in (one, other, one, other):
            history.record(held, EventKind.PANEL_MODEL_CONFIRMED, by=held.owner)
    assert list(history.broken_links(submitted)) == []
    sequences = (
        RequestEvent.objects.filter(msa_request=submitted).order_by("sequence").values_list("sequence", flat=True)
    )
    assert list(sequences) == list(range(1, len(sequences) + 1))


def test_nothing_is_kept_after_the_lock(submitted: MSARequest):
    with transaction.atomic():
        held = lock(submitted)
        assert held.case.open_round
        assert not held.case.open_round.disputed
    VisitRound.objects.filter(msa_request=submitted).update(disputed=True)
    assert held.case.under_lock is None
    assert held.case.open_round.disputed


def test_taken_over_row_is_as_it_would_be_read(submitted: MSARequest):
    with transaction.atomic():
        held = lock(submitted)
        held.customer_name, held.record_check = "Another Name", RecordCheck.NOT_YET
        held.frozen_until = timezone.now().astimezone(UTILITY_ZONE)
        held.save()
    take_over(submitted, held)
    read = MSARequest.objects.get(pk=submitted.pk)
    values = [field.attname for field in MSARequest._meta.concrete_fields]
    assert [repr(getattr(submitted, name)) for name in values] == [repr(getattr(read, name)) for name in values]


def test_row_that_was_written_in_another_way_is_read_and_not_taken_over(submitted: MSARequest):
    with transaction.atomic():
        held = lock(submitted)
        MSARequest.objects.filter(pk=held.pk).update(street="9 Other Road")
        held.customer_name = "Another Name"
        held.save(update_fields=["customer_name"])
    take_over(submitted, held)
    assert (submitted.street, submitted.customer_name) == ("9 Other Road", "Another Name")
    assert submitted.status == Status.REQUEST_SUBMITTED


def test_marks_change_with_writes_and_rollbacks_alone():
    tables = [Agreement._meta.db_table, VisitRound._meta.db_table]
    before = [writes.mark(table) for table in tables]
    assert not Agreement.objects.exists()
    assert [writes.mark(table) for table in tables] == before
    VisitRound.objects.filter(pk=0).update(number=2)
    assert [writes.mark(table) == old for table, old in zip(tables, before, strict=True)] == [True, False]
    before = [writes.mark(table) for table in tables]
    with transaction.atomic():
        transaction.set_rollback(True)
    assert all(writes.mark(table) != old for table, old in zip(tables, before, strict=True))


@pytest.mark.parametrize(
    "sql", ["update requests_app_visitround set number = number", "WITH gone AS (SELECT 1) SELECT * FROM gone"]
)
def test_statement_that_is_not_understood_counts_as_a_write_to_every_table(sql: str):
    before = writes.mark(Agreement._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert writes.mark(Agreement._meta.db_table) != before
