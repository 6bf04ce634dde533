"""A record that does not answer holds nobody up: the check is put off, says so, and runs later (C5)."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from msa_portal.celery import app
from msa_portal.errors import Refused
from requests_app import customer_records, drafts, enums, records, screening, tasks
from requests_app.enums import CheckAnswer, CheckCode, RecordCheck
from requests_app.models import MSARequest, RecordComparison
from tests import factories
from tests.record_service import ACCOUNT, Answer

pytestmark = pytest.mark.django_db

PAGE, CHECK_NOW = "admin:requests_app_msarequest_change", "admin:requests_app_msarequest_check_record"
DOWN = Answer(b"", status=403)  # no second try
HIDDEN = Answer(ACCOUNT | {"street": "99 HIDDEN LN"})


def named(**facts):
    request = factories.draft()
    answers = {"customer_name": "Alice Sample", "zip_code": "91016", "account_number": "700123456789"} | facts
    return drafts.save_facts(request, answers, by=request.owner, version=request.version)


def put_off(service, request=None):
    """A request whose check the service did not answer."""
    request = request or named()
    service.answers = [DOWN]
    assert records.check(request, by=request.owner) == RecordCheck.LATER
    service.answers = [Answer()]
    return factories.refreshed(request)


def verdicts(request):
    return {each.field: (each.verdict, each.reasons) for each in records.compare(factories.refreshed(request)).fields}


def test_service_that_answers_is_compared_field_by_field_and_stored(service):
    request = factories.complete_request()
    assert records.check(request, by=request.owner) == RecordCheck.MATCHES
    kept = RecordComparison.objects.get()
    assert (kept.state, kept.has_account, kept.failure, kept.checked_by) == ("compared", True, "", request.owner)
    assert [each["field"] for each in kept.fields if each["verdict"] == "different"] == []
    assert verdicts(request)["customer_name"] == ("equivalent", ("one_of_several", "middle_left_out"))
    assert verdicts(request)["meter_kind"] == ("equivalent", ("other_word",))
    assert factories.refreshed(request).service_account is None


def test_imported_record_is_stored_too():
    factories.ServiceAccountFactory(street="12 OAK AVE")
    request = factories.complete_request()
    assert records.check(request, by=request.owner) == RecordCheck.MATCHES
    kept = RecordComparison.objects.get()
    assert [each["reasons"] for each in kept.fields if each["field"] == "street"] == [["abbreviation"]]


def test_outage_puts_the_check_off_and_later_it_is_done(service):
    request = put_off(service)
    assert request.record_check == RecordCheck.LATER
    kept = RecordComparison.objects.get()
    assert (kept.state, kept.failure, kept.checked_at, kept.fields) == ("waits", "status_403", None, [])
    assert records.tend() == 1
    kept.refresh_from_db()
    assert (kept.state, kept.failure, kept.checked_by) == ("compared", "", None)
    assert factories.refreshed(request).record_check == RecordCheck.MATCHES
    assert records.tend() == 0


def test_timer_is_scheduled_and_calls_what_is_due(service):
    request = put_off(service)
    assert "requests_app.tasks.compare_with_record" in {each["task"] for each in app.conf.beat_schedule.values()}
    tasks.compare_with_record()
    assert factories.refreshed(request).record_check == RecordCheck.MATCHES


def test_timer_stops_where_the_service_is_down(service):
    for _ in range(6):
        RecordComparison.objects.create(request=named(), state="waits", tried_at=timezone.now())
    MSARequest.objects.update(record_check=RecordCheck.LATER)
    service.answers = [DOWN]
    assert records.tend() == 0
    assert len(service.seen) == 3
    assert RecordComparison.objects.exclude(failure="").count() == 4  # the fourth was told that it is down


def test_timer_leaves_drafts_alone_that_nobody_checked(service):
    """Else guessing past the limit would only cost patience."""
    named()
    assert records.tend() == 0
    assert service.seen == []


def test_timer_asks_about_requests_that_wait_for_screening(service):
    request = factories.submitted()
    assert request.record_check == RecordCheck.NOT_YET
    assert records.tend() == 1
    assert factories.refreshed(request).record_check == RecordCheck.MATCHES


def test_outage_says_so_on_the_form_in_plain_words_and_the_form_goes_on(client, service):
    request = named(account_number="")
    client.force_login(request.owner)
    service.answers = [DOWN]
    step = reverse("requests:form", args=[request.reference, "where"])
    posted = {"autosave": "1", "changed": "account_number", "account_number": "700123456789"}
    answer = client.post(step, posted | {"version": request.version})
    assert answer.status_code == 200
    assert "The check runs later by itself" in answer.json()["live"]
    assert "The check runs later by itself" in client.get(step).content.decode()
    assert factories.refreshed(request).account_number == "700123456789"
    service.answers = [HIDDEN]
    records.tend()
    page = client.get(step).content.decode()
    assert "Matches the utility&#x27;s record" in page
    assert "The check runs later" not in page
    for value in ("HIDDEN", "ROBERT", "TOU-D-PRIME"):
        assert value not in page


def test_outage_stops_neither_signing_nor_paying(service):
    service.answers = [DOWN]
    request = factories.complete_request()
    records.check(request, by=request.owner)
    assert factories.submitted(factories.refreshed(request)).status == enums.Status.REQUEST_SUBMITTED
    assert factories.refreshed(request).record_check == RecordCheck.LATER


@pytest.mark.both_databases
def test_service_is_asked_outside_any_transaction(service, monkeypatch, transactional_db):
    seen = []
    lookup = customer_records.RecordService.lookup
    monkeypatch.setattr(
        customer_records.RecordService,
        "lookup",
        lambda self, number: seen.append(connection.in_atomic_block) or lookup(self, number),
    )
    request = named()
    records.check(request, by=request.owner)
    assert seen == [False]


@pytest.mark.parametrize("answer", [Answer(), DOWN])
@pytest.mark.parametrize(("field", "value"), [("account_number", "700999999999"), ("customer_name", "Mallory Other")])
def test_fact_changed_while_the_service_was_asked_keeps_no_answer(service, monkeypatch, field, value, answer):
    request = named()
    lookup = customer_records.RecordService.lookup

    def meanwhile(self, number):
        edited = factories.refreshed(request)
        drafts.save_facts(edited, {field: value}, by=edited.owner, version=edited.version)
        return lookup(self, number)

    monkeypatch.setattr(customer_records.RecordService, "lookup", meanwhile)
    service.answers = [answer]
    assert records.check(request, by=request.owner) == RecordCheck.NOT_YET
    assert factories.refreshed(request).record_check == RecordCheck.NOT_YET
    assert not RecordComparison.objects.exists()


def test_guessing_is_throttled_for_the_service_too_and_while_it_is_down(service, monkeypatch):
    monkeypatch.setattr(records, "CHECKS_AN_HOUR_BY_USER", 2)
    service.answers = [DOWN]
    owner = factories.draft().owner
    for number in ("100001", "100002", "100003"):
        request = factories.draft(owner=owner)
        facts = {"customer_name": "Alice", "zip_code": "91016", "account_number": number}
        request = drafts.save_facts(request, facts, by=owner, version=request.version)
        if number == "100003":
            with pytest.raises(Refused):
                records.check(request, by=owner)
        else:
            records.check(request, by=owner)
    assert len(service.seen) == 2
    assert records.due().count() == 2


def test_stored_comparison_is_judged_again_where_a_fact_changed(service):
    request = factories.complete_request()
    records.check(request, by=request.owner)
    kept, asked = RecordComparison.objects.get(), len(service.seen)
    assert not records.is_stale(kept, factories.refreshed(request))
    request = factories.refreshed(request)
    request = drafts.save_facts(request, {"street": "14 Oak Avenue"}, by=request.owner, version=request.version)
    assert records.is_stale(kept, request)
    assert verdicts(request)["street"] == ("different", ("other_number",))
    assert len(service.seen) == asked


def test_stored_comparison_of_another_account_says_nothing(service):
    request = factories.complete_request()
    records.check(request, by=request.owner)
    request = factories.refreshed(request)
    request = drafts.save_facts(request, {"account_number": "700999999999"}, by=request.owner, version=request.version)
    assert records.compare(request).checked_at is None


def test_outage_later_keeps_what_was_compared(service):
    request = factories.complete_request()
    records.check(request, by=request.owner)
    service.answers = [DOWN]
    assert records.check_now(factories.refreshed(request), by=factories.staff()) == RecordCheck.MATCHES
    kept = RecordComparison.objects.get()
    assert (kept.state, kept.failure) == ("compared", "status_403")
    assert verdicts(request)["city"] == ("equal", ())


def test_screening_page_shows_reasons_and_staff_check_now(client, service):
    request = factories.submitted()
    client.force_login(factories.staff())
    page = client.get(reverse(PAGE, args=[request.pk])).content.decode()
    assert "Not compared yet" in page
    service.answers = [DOWN]
    answer = client.post(reverse(CHECK_NOW, args=[request.pk]))
    assert answer.status_code == 409
    assert "The utility&#x27;s record does not answer" in answer.content.decode()
    service.answers = [HIDDEN]
    assert client.post(reverse(CHECK_NOW, args=[request.pk])).status_code == 302
    page = client.get(reverse(PAGE, args=[request.pk])).content.decode()
    assert "Another house number. Another street." in page
    assert "One names only one of the account&#x27;s holders." in page
    assert "99 HIDDEN LN" in page


def test_screening_finding_names_the_fields_and_why(service):
    request = factories.submitted()
    waiting = screening.suggestions(request)[CheckCode.C5]
    assert (waiting.answer, waiting.because[:16]) == (CheckAnswer.NO, "Not compared yet")
    service.answers = [HIDDEN]
    records.check_now(request, by=factories.staff())
    found = screening.suggestions(request)[CheckCode.C5]
    assert found.answer == CheckAnswer.NO
    assert found.because == "Differs from the record: street address (Another house number. Another street)."
    service.answers = [Answer()]
    records.check_now(request, by=factories.staff())
    found = screening.suggestions(request)[CheckCode.C5]
    assert found.answer == CheckAnswer.YES
    assert "name on the service account (One names only one of the account's holders." in found.because


def test_only_program_staff_check_now(client, service):
    request = factories.submitted()
    asked = len(service.seen)
    with pytest.raises(Refused):
        records.check_now(request, by=request.owner)
    for person in (request.owner, factories.technician()):
        client.force_login(person)
        assert client.post(reverse(CHECK_NOW, args=[request.pk])).status_code in {302, 403, 404, 409}
    client.force_login(factories.staff())
    assert client.get(reverse(CHECK_NOW, args=[request.pk])).status_code == 405
    assert len(service.seen) == asked


def test_screening_page_asks_no_service_and_needs_no_query_more_with_a_comparison(client, service):
    request = factories.submitted()
    client.force_login(factories.staff())
    counts = []
    for _ in range(2):
        client.get(reverse(PAGE, args=[request.pk]))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(reverse(PAGE, args=[request.pk]))
        counts.append(len(queries))
        asked = len(service.seen)
        records.check_now(request, by=factories.staff())
    assert asked <= 1
    assert counts[0] == counts[1]


@pytest.mark.both_databases
def test_comparison_without_a_time_is_no_comparison():
    request = factories.draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        RecordComparison.objects.create(request=request, state="compared", tried_at=timezone.now())


def test_autosave_that_compares_takes_few_queries(client):
    factories.ServiceAccountFactory()
    request = factories.complete_request()
    client.force_login(request.owner)
    step = reverse("requests:form", args=[request.reference, "where"])
    for zip_code in ("91017", "91016"):
        version = factories.refreshed(request).version
        posted = {"autosave": "1", "changed": "zip_code", "zip_code": zip_code, "version": version}
        with CaptureQueriesContext(connection) as queries:
            assert client.post(step, posted).status_code == 200
    assert factories.refreshed(request).record_check == RecordCheck.MATCHES
    assert len(queries) <= 17, [query["sql"] for query in queries]


def test_record_is_proposed_in_the_requests_words(service):
    request = factories.submitted()
    service.answers = [Answer(ACCOUNT | {"service_class": "GS-1", "meter_kind": "Unknown", "name": "Mallory Other"})]
    records.check_now(request, by=factories.staff())
    proposed = {each.field: each.proposal for each in records.compare(factories.refreshed(request)).differing}
    assert proposed == {"customer_name": "Mallory Other", "service_class": "commercial", "meter_kind": ""}
