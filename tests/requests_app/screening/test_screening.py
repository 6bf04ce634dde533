"""Screening: the services, and the staff desk's queue and page."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused, Stale
from requests_app.enums import CheckAnswer, CheckCode, Party, Status
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from requests_app.screening import claims, corrections
from requests_app.screening import desk as screening_desk
from tests import factories

pytestmark = pytest.mark.django_db

ALL_YES = {code.value: ("yes", "") for code in CheckCode}
PAGE = "admin:requests_app_msarequest_change"


def person(name):
    return factories.UserFactory(name=name, roles=[Role.PROGRAM_STAFF])


def test_request_taken_by_another_is_refused_with_their_name():
    msa_request = factories.submitted()
    claims.take(msa_request, by=person("Fay First"))
    with pytest.raises(Stale, match="Fay First is screening"):
        claims.take(msa_request, by=person("Ned Next"))
    with pytest.raises(Stale, match="Fay First is screening"):
        screening_desk.answer_checks(msa_request, ALL_YES, by=person("Olga Other"))
    assert msa_request.screenings.get().answers.count() == 0


def test_taking_twice_is_one_event():
    msa_request, staff = factories.submitted(), factories.staff()
    claims.take(msa_request, by=staff)
    claims.take(msa_request, by=staff)
    assert msa_request.events.filter(kind="screening_taken").count() == 1


def test_take_next_gives_each_the_one_that_waits_longest():
    first, second = factories.submitted(), factories.submitted()
    assert claims.take_next(by=person("Fay First")) == first
    assert claims.take_next(by=person("Ned Next")) == second
    assert claims.take_next(by=person("Olga Other")) is None


def test_request_that_was_handed_back_is_next_again():
    msa_request, staff = factories.submitted(), factories.staff()
    claims.take(msa_request, by=staff)
    claims.hand_back(msa_request, by=staff)
    assert claims.take_next(by=person("Ned Next")) == msa_request


def test_only_screeners_screen():
    msa_request = factories.submitted()
    for user in (msa_request.owner, factories.dispatcher(), factories.technician()):
        with pytest.raises(Refused, match="Only program staff"):
            claims.take(msa_request, by=user)


def test_deem_valid_needs_an_answer_to_every_check():
    msa_request, staff = factories.submitted(), factories.staff()
    screening_desk.answer_checks(msa_request, {"C1": ("yes", ""), "C5": ("yes", "by phone")}, by=staff)
    with pytest.raises(Refused, match="C2, C3, C4, C6, C7"):
        transitions.deem_valid(msa_request, by=staff)
    screening_desk.answer_checks(msa_request, ALL_YES | {"C5": ("no", "other name")}, by=staff)
    with pytest.raises(Refused, match=r"answered with no: C5\."):
        transitions.deem_valid(msa_request, by=staff)
    screening_desk.answer_checks(msa_request, {"C2": ("na", ""), "C5": ("yes", "")}, by=staff)
    transitions.deem_valid(msa_request, by=staff)
    assert msa_request.status == Status.PENDING_SERVICE_ORDER
    assert msa_request.screenings.get().decision == "valid"


def suggested(msa_request):
    return {
        code.value: suggestion.answer.value for code, suggestion in screening_desk.suggestions(msa_request).items()
    }


def test_suggestions_of_a_request_in_order():
    factories.ServiceAccountFactory()
    msa_request = factories.submitted()
    assert suggested(msa_request) == dict.fromkeys(CheckCode.values, "yes") | {"C2": "na"}


def test_suggestions_with_an_agent():
    msa_request = factories.submitted(factories.complete_request(company=factories.CompanyFactory()))
    assert suggested(msa_request)["C2"] == "yes"
    msa_request.agreements.get().signatures.filter(party=Party.AGENT).delete()
    assert suggested(msa_request)["C2"] == "no"


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"city": ""}, "C3"),
        ({"street": "1 Elm Street"}, "C4"),
        ({"meter_number": "other"}, "C5"),
        ({"panel_rating_amps": 400}, "C6"),
        ({"backfeed_amps": None}, "C6"),
    ],
)
def test_suggestion_sees_what_does_not_hold(change, check):
    factories.ServiceAccountFactory()
    msa_request = factories.submitted()
    MSARequest.objects.filter(pk=msa_request.pk).update(**change)
    assert suggested(factories.refreshed(msa_request))[check] == "no"


def test_suggestion_on_the_fee_looks_at_disputes():
    msa_request = factories.submitted()
    msa_request.rounds.update(disputed=True)
    assert suggested(msa_request)["C7"] == "no"


def test_suggestion_without_a_record_says_that_the_number_differs():
    finding = screening_desk.suggestions(factories.submitted())[CheckCode.C5]
    assert finding.answer == CheckAnswer.NO
    assert "service account number" in finding.because


# The desk


@pytest.fixture
def desk(client):
    client.force_login(factories.staff())
    return client


def act(client, msa_request, name, data=None, **more):
    """As the page has it now: its forms carry what they show."""
    data = factories.seen(msa_request) | (data or {})
    return client.post(reverse(f"admin:requests_app_msarequest_{name}", args=[msa_request.pk]), data, **more)


def test_page_shows_facts_agreement_and_record(desk):
    factories.ServiceAccountFactory(name="Somebody Else")
    msa_request = factories.submitted()
    page = desk.get(reverse(PAGE, args=[msa_request.pk])).content.decode()
    for words in (
        msa_request.reference,
        "12 Oak Avenue",
        "Somebody Else",
        "Differs from the record",
        "C7",
        "Deem valid",
    ):
        assert words in page


def test_page_takes_as_many_queries_with_many_corrections_and_events(desk):
    reasons = [
        factories.CorrectionReasonFactory(code=f"c{n}", field=field)
        for n, field in enumerate(["street", "device", "zip_code", "meter_kind"])
    ]

    def sent_back(msa_request, times, items):
        for _ in range(times):
            transitions.require_corrections(msa_request, by=factories.staff(), items=items)
            for correction in msa_request.corrections.open():
                corrections.answer(correction, by=msa_request.owner, way="right", text="It is right.")
            transitions.resubmit(msa_request, by=msa_request.owner)
        return msa_request

    one = sent_back(factories.submitted(), 1, [transitions.RequiredCorrection(reasons[0])])
    many = sent_back(factories.submitted(), 3, [transitions.RequiredCorrection(reason) for reason in reasons])
    assert (one.corrections.count(), many.corrections.count()) == (1, 12)
    desk.get(reverse(PAGE, args=[one.pk]))
    counts = []
    for msa_request in (one, many):
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(reverse(PAGE, args=[msa_request.pk])).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 22  # the items, and the files sent since, beside the 20 of a first look


def test_queue_takes_as_many_queries_with_many_requests(desk):
    address = reverse("admin:requests_app_msarequest_changelist")
    claims.take(factories.submitted(), by=person("Fay First"))
    desk.get(address)
    with CaptureQueriesContext(connection) as one:
        desk.get(address)
    for _ in range(3):
        claims.take(factories.submitted(), by=person("Ned Next"))
    with CaptureQueriesContext(connection) as many:
        page = desk.get(address)
    assert page.content.decode().count("Ned Next") == 3
    assert len(one) == len(many)


@pytest.mark.parametrize("queue", ["screening", "mine", "order", "owner"])
def test_queue_holds_its_own(desk, queue):
    staff = person("Fay First")
    desk.force_login(staff)
    waiting, mine = factories.submitted(), factories.submitted()
    claims.take(mine, by=staff)
    back, order, failed = factories.corrections_required(), factories.valid(), factories.failed()
    page = desk.get(reverse("admin:requests_app_msarequest_changelist"), {"queue": queue})
    expected = {"screening": {waiting, mine}, "mine": {mine}, "order": {order}, "owner": {back, failed}}
    assert set(page.context["cl"].queryset) == expected[queue]


def test_take_next_opens_the_page_of_what_was_taken(desk):
    msa_request = factories.submitted()
    answer = desk.post(reverse("admin:requests_app_msarequest_take_next"))
    assert answer.url == reverse(PAGE, args=[msa_request.pk])
    empty = desk.post(reverse("admin:requests_app_msarequest_take_next"), follow=True)
    assert "Nothing waits for screening" in empty.content.decode()


def test_get_changes_nothing(desk):
    msa_request = factories.submitted()
    assert desk.get(reverse("admin:requests_app_msarequest_take_next")).status_code == 302
    assert desk.get(reverse("admin:requests_app_msarequest_take", args=[msa_request.pk])).status_code == 405
    assert msa_request.screenings.get().taken_by is None


def test_checks_are_saved_and_found_valid_in_one_go(desk):
    msa_request = factories.submitted()
    answers = {f"answer_{code}": "yes" for code in CheckCode.values} | {"note_C5": "called", "then_valid": "1"}
    answer = act(desk, msa_request, "checks", answers, follow=True)
    assert "Found valid" in answer.content.decode()
    assert factories.refreshed(msa_request).status == Status.PENDING_SERVICE_ORDER
    assert msa_request.screenings.get().answers.get(check_code="C5").note == "called"


def test_missing_check_keeps_what_was_typed(desk):
    msa_request = factories.submitted()
    page = act(desk, msa_request, "checks", {"answer_C1": "yes", "note_C1": "seen it"})
    assert page.status_code == 409
    assert "Answer this check." in page.content.decode()
    assert "seen it" in page.content.decode()


def test_corrections_are_required_by_coded_reasons_with_a_note(desk):
    msa_request = factories.submitted()
    reason = factories.CorrectionReasonFactory()
    assert "Choose at least one correction" in act(desk, msa_request, "corrections").content.decode()
    act(desk, msa_request, "corrections", {f"reason_{reason.pk}": "on", f"note_{reason.pk}": "two digits are swapped"})
    correction = msa_request.corrections.get()
    assert (correction.reason, correction.note, correction.value_then) == (
        reason,
        "two digits are swapped",
        "700123456789",
    )
    assert factories.refreshed(msa_request).status == Status.CORRECTIONS_REQUIRED


def test_stale_decision_on_the_desk_is_told_who_and_what(desk):
    """Fault 15, on the page."""
    msa_request = factories.submitted()
    answers = {f"answer_{code}": "yes" for code in CheckCode.values}
    transitions.require_corrections(
        msa_request,
        by=person("Fay First"),
        items=[transitions.RequiredCorrection(factories.CorrectionReasonFactory())],
    )
    page = act(desk, msa_request, "checks", answers).content.decode()
    assert "Corrections required, by Fay First" in page


def test_service_orders_go_out_in_bulk_and_one_that_cannot_says_why(desk):
    good, bad = factories.valid(), factories.valid()
    bad.rounds.update(disputed=True)
    page = desk.post(
        reverse("admin:requests_app_msarequest_changelist"),
        {
            "action": "issue_service_orders",
            "_selected_action": [good.pk, bad.pk],
            **{f"seen_{row.pk}": factories.seen(row)["seen"] for row in (good, bad)},
        },
        follow=True,
    ).content.decode()
    assert f"{bad.reference}: The payment of this visit" in page
    assert "Service orders issued: 1." in page
    assert [factories.refreshed(msa_request).status for msa_request in (good, bad)] == [
        Status.SERVICE_ORDER_ISSUED,
        Status.PENDING_SERVICE_ORDER,
    ]


def test_service_order_is_issued_singly(desk):
    msa_request = factories.valid()
    assert "dispatcher plans the visit" in act(desk, msa_request, "issue", follow=True).content.decode()
    assert factories.refreshed(msa_request).status == Status.SERVICE_ORDER_ISSUED


def test_staff_withdraw_on_the_customers_word(desk):
    msa_request = factories.submitted()
    assert act(desk, msa_request, "withdraw", {"reason": "moved"}).status_code == 409
    act(desk, msa_request, "withdraw", {"reason": "moved", "note": "by phone on Monday"})
    assert factories.refreshed(msa_request).withdrawal.note == "by phone on Monday"


@pytest.mark.parametrize("name", ["take", "hand_back", "checks", "corrections", "deem_valid", "withdraw"])
def test_dispatcher_cannot_screen(client, name):
    client.force_login(factories.dispatcher())
    msa_request = factories.submitted()
    before = msa_request.events.count()
    reason = factories.CorrectionReasonFactory()
    data = {f"answer_{code}": "yes" for code in CheckCode.values}
    data |= {f"reason_{reason.pk}": "on", "reason": "moved", "note": "by phone"}
    assert act(client, msa_request, name, data).status_code == 409
    assert msa_request.events.count() == before


def test_customers_do_not_reach_the_desk(client):
    msa_request = factories.submitted()
    client.force_login(msa_request.owner)
    for address in (reverse(PAGE, args=[msa_request.pk]), reverse("admin:requests_app_msarequest_changelist")):
        assert client.get(address).status_code in {302, 403, 404}
    assert act(client, msa_request, "take").status_code in {302, 403, 404}
    assert msa_request.screenings.get().taken_by is None
