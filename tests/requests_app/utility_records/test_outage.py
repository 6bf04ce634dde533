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
from requests_app import enums, tasks
from requests_app.enums import CheckAnswer, CheckCode, RecordCheck
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest, RecordComparison
from requests_app.screening import desk
from requests_app.utility_records import comparison, sources
from tests import factories
from tests.record_service import ACCOUNT, Answer

pytestmark = pytest.mark.django_db

PAGE, CHECK_NOW = "admin:requests_app_msarequest_change", "admin:requests_app_msarequest_check_record"
DOWN = Answer(b"", status=403)  # no second try
HIDDEN = Answer(ACCOUNT | {"street": "99 HIDDEN LN"})


def named(**facts):
    msa_request = factories.draft()
    answers = {"customer_name": "Alice Sample", "zip_code": "91016", "account_number": "700123456789"} | facts
    return drafts.save_facts(msa_request, answers, by=msa_request.owner, version=msa_request.version)


def put_off(service, msa_request=None):
    """A request whose check the service did not answer."""
    msa_request = msa_request or named()
    service.answers = [DOWN]
    assert comparison.check(msa_request, by=msa_request.owner) == RecordCheck.LATER
    service.answers = [Answer()]
    return factories.refreshed(msa_request)


def verdicts(msa_request):
    return {
        field.field: (field.verdict, field.reasons)
        for field in comparison.compare(factories.refreshed(msa_request)).fields
    }


def test_service_that_answers_is_compared_field_by_field_and_stored(service):
    msa_request = factories.complete_request()
    assert comparison.check(msa_request, by=msa_request.owner) == RecordCheck.MATCHES
    kept = RecordComparison.objects.get()
    assert (kept.state, kept.has_account, kept.failure, kept.checked_by) == ("compared", True, "", msa_request.owner)
    assert [field["field"] for field in kept.fields if field["verdict"] == "different"] == []
    assert verdicts(msa_request)["customer_name"] == ("equivalent", ("one_of_several", "middle_left_out"))
    assert verdicts(msa_request)["meter_kind"] == ("equivalent", ("other_word",))
    assert factories.refreshed(msa_request).service_account is None


def test_imported_record_is_stored_too():
    factories.ServiceAccountFactory(street="12 OAK AVE")
    msa_request = factories.complete_request()
    assert comparison.check(msa_request, by=msa_request.owner) == RecordCheck.MATCHES
    kept = RecordComparison.objects.get()
    assert [field["reasons"] for field in kept.fields if field["field"] == "street"] == [["abbreviation"]]


def test_outage_puts_the_check_off_and_later_it_is_done(service):
    msa_request = put_off(service)
    assert msa_request.record_check == RecordCheck.LATER
    kept = RecordComparison.objects.get()
    assert (kept.state, kept.failure, kept.checked_at, kept.fields) == ("waits", "status_403", None, [])
    assert comparison.run_due() == 1
    kept.refresh_from_db()
    assert (kept.state, kept.failure, kept.checked_by) == ("compared", "", None)
    assert factories.refreshed(msa_request).record_check == RecordCheck.MATCHES
    assert comparison.run_due() == 0


def test_timer_is_scheduled_and_calls_what_is_due(service):
    msa_request = put_off(service)
    assert "requests_app.compare_with_record" in {plan["task"] for plan in app.conf.beat_schedule.values()}
    tasks.compare_with_record()
    assert factories.refreshed(msa_request).record_check == RecordCheck.MATCHES


def test_timer_stops_where_the_service_is_down(service):
    for _ in range(6):
        RecordComparison.objects.create(msa_request=named(), state="waits", tried_at=timezone.now())
    MSARequest.objects.update(record_check=RecordCheck.LATER)
    service.answers = [DOWN]
    assert comparison.run_due() == 0
    assert len(service.seen) == 3
    assert RecordComparison.objects.exclude(failure="").count() == 4  # the fourth was told that it is down


def test_timer_leaves_drafts_alone_that_nobody_checked(service):
    """Else guessing past the limit would only cost patience."""
    named()
    assert comparison.run_due() == 0
    assert service.seen == []


def test_timer_asks_about_requests_that_wait_for_screening(service):
    msa_request = factories.submitted()
    assert msa_request.record_check == RecordCheck.NOT_YET
    assert comparison.run_due() == 1
    assert factories.refreshed(msa_request).record_check == RecordCheck.MATCHES


def test_outage_says_so_on_the_form_in_plain_words_and_the_form_goes_on(client, service):
    msa_request = named(account_number="")
    client.force_login(msa_request.owner)
    service.answers = [DOWN]
    step = reverse("requests:form", args=[msa_request.reference, "where"])
    posted = {"autosave": "1", "changed": "account_number", "account_number": "700123456789"}
    answer = client.post(step, posted | {"version": msa_request.version})
    assert answer.status_code == 200
    assert "The check runs later by itself" in answer.json()["live"]
    assert "The check runs later by itself" in client.get(step).content.decode()
    assert factories.refreshed(msa_request).account_number == "700123456789"
    service.answers = [HIDDEN]
    comparison.run_due()
    page = client.get(step).content.decode()
    assert "Matches the utility&#x27;s record" in page
    assert "The check runs later" not in page
    for value in ("HIDDEN", "ROBERT", "TOU-D-PRIME"):
        assert value not in page


def test_outage_stops_neither_signing_nor_paying(service):
    service.answers = [DOWN]
    msa_request = factories.complete_request()
    comparison.check(msa_request, by=msa_request.owner)
    assert factories.submitted(factories.refreshed(msa_request)).status == enums.Status.REQUEST_SUBMITTED
    assert factories.refreshed(msa_request).record_check == RecordCheck.LATER


@pytest.mark.both_databases
def test_service_is_asked_outside_any_transaction(service, monkeypatch, transactional_db):
    seen = []
    lookup = sources.RecordService.lookup
    monkeypatch.setattr(
        sources.RecordService,
        "lookup",
        lambda self, number: seen.append(connection.in_atomic_block) or lookup(self, number),
    )
    msa_request = named()
    comparison.check(msa_request, by=msa_request.owner)
    assert seen == [False]


@pytest.mark.parametrize("answer", [Answer(), DOWN])
@pytest.mark.parametrize(("field", "value"), [("account_number", "700999999999"), ("customer_name", "Mallory Other")])
def test_fact_changed_while_the_service_was_asked_keeps_no_answer(service, monkeypatch, field, value, answer):
    msa_request = named()
    lookup = sources.RecordService.lookup

    def meanwhile(self, number):
        edited = factories.refreshed(msa_request)
        drafts.save_facts(edited, {field: value}, by=edited.owner, version=edited.version)
        return lookup(self, number)

    monkeypatch.setattr(sources.RecordService, "lookup", meanwhile)
    service.answers = [answer]
    assert comparison.check(msa_request, by=msa_request.owner) == RecordCheck.NOT_YET
    assert factories.refreshed(msa_request).record_check == RecordCheck.NOT_YET
    assert not RecordComparison.objects.exists()


def test_guessing_is_throttled_for_the_service_too_and_while_it_is_down(service, monkeypatch):
    monkeypatch.setattr(comparison, "CHECKS_AN_HOUR_BY_USER", 2)
    service.answers = [DOWN]
    owner = factories.draft().owner
    for number in ("100001", "100002", "100003"):
        msa_request = factories.draft(owner=owner)
        facts = {"customer_name": "Alice", "zip_code": "91016", "account_number": number}
        msa_request = drafts.save_facts(msa_request, facts, by=owner, version=msa_request.version)
        if number == "100003":
            with pytest.raises(Refused):
                comparison.check(msa_request, by=owner)
        else:
            comparison.check(msa_request, by=owner)
    assert len(service.seen) == 2
    assert comparison.due().count() == 2


def test_stored_comparison_is_judged_again_where_a_fact_changed(service):
    msa_request = factories.complete_request()
    comparison.check(msa_request, by=msa_request.owner)
    kept, asked = RecordComparison.objects.get(), len(service.seen)
    assert not comparison.is_stale(kept, factories.refreshed(msa_request))
    msa_request = factories.refreshed(msa_request)
    msa_request = drafts.save_facts(
        msa_request, {"street": "14 Oak Avenue"}, by=msa_request.owner, version=msa_request.version
    )
    assert comparison.is_stale(kept, msa_request)
    assert verdicts(msa_request)["street"] == ("different", ("other_number",))
    assert len(service.seen) == asked


def test_stored_comparison_of_another_account_says_nothing(service):
    msa_request = factories.complete_request()
    comparison.check(msa_request, by=msa_request.owner)
    msa_request = factories.refreshed(msa_request)
    msa_request = drafts.save_facts(
        msa_request, {"account_number": "700999999999"}, by=msa_request.owner, version=msa_request.version
    )
    assert comparison.compare(msa_request).checked_at is None


def test_outage_later_keeps_what_was_compared(service):
    msa_request = factories.complete_request()
    comparison.check(msa_request, by=msa_request.owner)
    service.answers = [DOWN]
    assert comparison.check_now(factories.refreshed(msa_request), by=factories.staff()) == RecordCheck.MATCHES
    kept = RecordComparison.objects.get()
    assert (kept.state, kept.failure) == ("compared", "status_403")
    assert verdicts(msa_request)["city"] == ("equal", ())


def test_screening_page_shows_reasons_and_staff_check_now(client, service):
    msa_request = factories.submitted()
    client.force_login(factories.staff())
    page = client.get(reverse(PAGE, args=[msa_request.pk])).content.decode()
    assert "Not compared yet" in page
    service.answers = [DOWN]
    answer = client.post(reverse(CHECK_NOW, args=[msa_request.pk]))
    assert answer.status_code == 409
    assert "The utility&#x27;s record does not answer" in answer.content.decode()
    service.answers = [HIDDEN]
    assert client.post(reverse(CHECK_NOW, args=[msa_request.pk])).status_code == 302
    page = client.get(reverse(PAGE, args=[msa_request.pk])).content.decode()
    assert "Another house number. Another street." in page
    assert "One names only one of the account&#x27;s holders." in page
    assert "99 HIDDEN LN" in page


def test_screening_finding_names_the_fields_and_why(service):
    msa_request = factories.submitted()
    waiting = desk.suggestions(msa_request)[CheckCode.C5]
    assert (waiting.answer, waiting.because[:16]) == (CheckAnswer.NO, "Not compared yet")
    service.answers = [HIDDEN]
    comparison.check_now(msa_request, by=factories.staff())
    suggestion = desk.suggestions(msa_request)[CheckCode.C5]
    assert suggestion.answer == CheckAnswer.NO
    assert suggestion.because == "Differs from the record: street address (Another house number. Another street)."
    service.answers = [Answer()]
    comparison.check_now(msa_request, by=factories.staff())
    suggestion = desk.suggestions(msa_request)[CheckCode.C5]
    assert suggestion.answer == CheckAnswer.YES
    assert "name on the service account (One names only one of the account's holders." in suggestion.because


def test_only_program_staff_check_now(client, service):
    msa_request = factories.submitted()
    asked = len(service.seen)
    with pytest.raises(Refused):
        comparison.check_now(msa_request, by=msa_request.owner)
    for person in (msa_request.owner, factories.technician()):
        client.force_login(person)
        assert client.post(reverse(CHECK_NOW, args=[msa_request.pk])).status_code in {302, 403, 404, 409}
    client.force_login(factories.staff())
    assert client.get(reverse(CHECK_NOW, args=[msa_request.pk])).status_code == 405
    assert len(service.seen) == asked


def test_screening_page_asks_no_service_and_needs_no_query_more_with_a_comparison(client, service):
    msa_request = factories.submitted()
    client.force_login(factories.staff())
    counts = []
    for _ in range(2):
        client.get(reverse(PAGE, args=[msa_request.pk]))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(reverse(PAGE, args=[msa_request.pk]))
        counts.append(len(queries))
        asked = len(service.seen)
        comparison.check_now(msa_request, by=factories.staff())
    assert asked <= 1
    assert counts[0] == counts[1]


@pytest.mark.both_databases
def test_comparison_without_a_time_is_no_comparison():
    msa_request = factories.draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        RecordComparison.objects.create(msa_request=msa_request, state="compared", tried_at=timezone.now())


def test_autosave_that_compares_takes_few_queries(client):
    factories.ServiceAccountFactory()
    msa_request = factories.complete_request()
    client.force_login(msa_request.owner)
    step = reverse("requests:form", args=[msa_request.reference, "where"])
    for zip_code in ("91017", "91016"):
        version = factories.refreshed(msa_request).version
        posted = {"autosave": "1", "changed": "zip_code", "zip_code": zip_code, "version": version}
        with CaptureQueriesContext(connection) as queries:
            assert client.post(step, posted).status_code == 200
    assert factories.refreshed(msa_request).record_check == RecordCheck.MATCHES
    assert len(queries) <= 17, [query["sql"] for query in queries]


def test_record_is_proposed_in_the_requests_words(service):
    msa_request = factories.submitted()
    service.answers = [Answer(ACCOUNT | {"service_class": "GS-1", "meter_kind": "Unknown", "name": "Mallory Other"})]
    comparison.check_now(msa_request, by=factories.staff())
    proposed = {
        difference.field: difference.proposal
        for difference in comparison.compare(factories.refreshed(msa_request)).differing
    }
    assert proposed == {"customer_name": "Mallory Other", "service_class": "commercial", "meter_kind": ""}
