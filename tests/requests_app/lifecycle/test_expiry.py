"""D8: nudged, reminded twice, withdrawn with the refund proposed; and never behind anybody's back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from requests_app import tasks
from requests_app.enums import EventKind, Status
from requests_app.lifecycle import deadline_notices, drafts, expiry, transitions
from requests_app.models import DeadlineReminder, MSARequest, ProgramSettings
from requests_app.signing import invitations, signatures
from tests import factories

pytestmark = pytest.mark.django_db

STARTED = "2026-11-06T20:00:00Z"  # noon there, before the year ends: the 90th day is Feb 4, 2027
LAST_DAY = date(2027, 2, 4)
KINDS = {"draft_left", "deadline_near", "deadline_extended"}


def at(day: str, *, clock: str = "18:00"):
    return time_machine.travel(f"{day}T{clock}:00Z", tick=False)


def mails(msa_request: MSARequest) -> list[tuple[str, str]]:
    rows = NoticeMessage.objects.filter(reference=msa_request.reference, kind__in=KINDS).order_by("pk")
    return [(row.kind, row.to_email) for row in rows]


def newest(msa_request: MSARequest) -> NoticeMessage:
    return NoticeMessage.objects.filter(reference=msa_request.reference, kind__in=KINDS).order_by("pk").reverse()[0]


def run(day: str, *, clock: str = "18:00") -> None:
    with at(day, clock=clock):
        tasks.run_due_deadlines()


@pytest.fixture
def whole_draft() -> MSARequest:
    """The form is filled in, so that no nudge comes between."""
    with time_machine.travel(STARTED, tick=False):
        return factories.complete_request()


def reminded(msa_request: MSARequest) -> list[tuple[str, date]]:
    return list(DeadlineReminder.objects.filter(msa_request=msa_request).values_list("kind", "deadline_on"))


def test_draft_is_reminded_14_and_3_days_before_and_withdrawn_after_its_last_day(whole_draft: MSARequest) -> None:
    assert whole_draft.owner_acts_by == LAST_DAY
    seen = {}
    for day in ("2027-01-20", "2027-01-21", "2027-01-31", "2027-02-01", "2027-02-04", "2027-02-05"):
        run(day)
        whole_draft.refresh_from_db()
        seen[day] = (len(mails(whole_draft)), whole_draft.status)
    assert seen == {
        "2027-01-20": (0, Status.UNSUBMITTED),
        "2027-01-21": (1, Status.UNSUBMITTED),
        "2027-01-31": (1, Status.UNSUBMITTED),
        "2027-02-01": (2, Status.UNSUBMITTED),
        "2027-02-04": (2, Status.UNSUBMITTED),
        "2027-02-05": (2, Status.WITHDRAWN),
    }
    event = whole_draft.events.get(kind=EventKind.WITHDRAW)
    assert (event.actor, event.codes["reason"]) == (None, "expired")
    assert NoticeMessage.objects.filter(reference=whole_draft.reference, kind="withdrawn").exists()


def test_nothing_is_deleted(whole_draft: MSARequest) -> None:
    for day in ("2027-02-01", "2027-02-05"):
        run(day)
    whole_draft.refresh_from_db()
    assert (whole_draft.street, whole_draft.events.filter(kind=EventKind.CREATED).count()) == ("12 Oak Avenue", 1)


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2027-02-05T07:59:00Z", Status.UNSUBMITTED),  # 11:59 p.m. of the last day at the utility
        ("2027-02-05T08:00:00Z", Status.WITHDRAWN),
    ],
)
def test_last_day_is_the_utilitys_day(whole_draft: MSARequest, moment: str, status: Status) -> None:
    run("2027-02-01")
    with time_machine.travel(moment, tick=False):
        expiry.run_due()
    whole_draft.refresh_from_db()
    assert whole_draft.status == status


def test_days_are_calendar_days_across_daylight_saving() -> None:
    """Ninety days over the change of March 14, 2027, weekends and holidays among them."""
    with time_machine.travel("2027-01-10T07:30:00Z", tick=False):  # still the 9th there
        msa_request = factories.complete_request()
    assert msa_request.owner_acts_by == date(2027, 4, 9)  # a Friday
    with time_machine.travel("2027-04-06T06:59:00Z", tick=False):  # 11:59 p.m. of the 5th
        expiry.run_due()
    assert reminded(msa_request) == [("first", date(2027, 4, 9))]
    with time_machine.travel("2027-04-06T07:00:00Z", tick=False):
        expiry.run_due()
    assert reminded(msa_request) == [("first", date(2027, 4, 9)), ("last", date(2027, 4, 9))]


def test_second_run_repeats_nothing(whole_draft: MSARequest) -> None:
    for _n in range(3):
        run("2027-02-01")
    assert len(mails(whole_draft)) == 1
    for _n in range(3):
        run("2027-02-05")
    assert whole_draft.events.filter(kind=EventKind.WITHDRAW).count() == 1


def test_crash_in_the_middle_is_made_good(whole_draft: MSARequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: object, **_kwargs: object) -> None:
        raise SystemExit  # a worker that is told to go

    with monkeypatch.context() as patch:
        patch.setattr(deadline_notices, "deadline_near", crash)
        with pytest.raises(SystemExit):
            run("2027-02-01")
    assert (reminded(whole_draft), mails(whole_draft)) == ([], [])
    run("2027-02-01")
    assert (len(reminded(whole_draft)), len(mails(whole_draft))) == (1, 1)


def test_request_that_fails_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(STARTED, tick=False):
        requests = [factories.complete_request() for _n in range(3)]
    run("2027-02-01")
    withdraw, broken = transitions.withdraw, requests[0].pk

    def sometimes(msa_request: MSARequest, **kwargs: object) -> None:
        if msa_request.pk == broken:
            raise ValueError("a broken row")
        withdraw(msa_request, **kwargs)

    monkeypatch.setattr(transitions, "withdraw", sometimes)
    run("2027-02-05")
    assert [MSARequest.objects.get(pk=msa_request.pk).status for msa_request in requests] == [
        "unsubmitted",
        "withdrawn",
        "withdrawn",
    ]


def test_change_starts_the_days_anew_and_ends_the_nagging(whole_draft: MSARequest) -> None:
    run("2027-01-21")
    with at("2027-01-25"):
        drafts.save_facts(
            whole_draft, {"city": "Duarte"}, by=factories.actor_of(whole_draft), version=whole_draft.version
        )
    for day in ("2027-02-01", "2027-02-05", "2027-02-20"):
        run(day)
    whole_draft.refresh_from_db()
    assert (whole_draft.status, whole_draft.owner_acts_by) == (Status.UNSUBMITTED, date(2027, 4, 25))
    assert len(mails(whole_draft)) == 1


def test_signature_counts_as_an_act(whole_draft: MSARequest) -> None:
    with at("2027-01-25"):
        factories.executed(whole_draft)
    whole_draft.refresh_from_db()
    assert whole_draft.owner_acts_by == date(2027, 4, 25)


def test_act_never_brings_a_granted_day_nearer(whole_draft: MSARequest) -> None:
    with at("2026-12-01"):
        expiry.extend(whole_draft, to=date(2027, 9, 1), reason="In hospital.", by=factories.staff())
        drafts.save_facts(
            whole_draft, {"city": "Duarte"}, by=factories.actor_of(whole_draft), version=whole_draft.version
        )
    whole_draft.refresh_from_db()
    assert whole_draft.owner_acts_by == date(2027, 9, 1)


def test_nobody_is_withdrawn_unwarned(whole_draft: MSARequest) -> None:
    """The timer stood still for weeks: it warns first, and gives the days of the last reminder."""
    run("2027-03-10")
    whole_draft.refresh_from_db()
    assert (whole_draft.status, whole_draft.owner_acts_by) == (Status.UNSUBMITTED, date(2027, 3, 13))
    assert mails(whole_draft) == [("deadline_near", whole_draft.owner.email)]
    run("2027-03-13")
    run("2027-03-14")
    whole_draft.refresh_from_db()
    assert (whole_draft.status, len(mails(whole_draft))) == (Status.WITHDRAWN, 1)


def test_late_run_sends_the_last_reminder_alone(whole_draft: MSARequest) -> None:
    run("2027-02-02")
    assert reminded(whole_draft) == [("last", LAST_DAY)]


def test_payment_under_way_stops_the_clock(whole_draft: MSARequest) -> None:
    run("2027-02-01")
    MSARequest.objects.filter(pk=whole_draft.pk).update(frozen_until="2027-02-09T00:00:00Z")
    run("2027-02-06")
    assert MSARequest.objects.get(pk=whole_draft.pk).status == Status.UNSUBMITTED
    run("2027-02-10")
    assert MSARequest.objects.get(pk=whole_draft.pk).status == Status.WITHDRAWN


def test_unanswered_correction_expires_likewise() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.corrections_required()
    for day in ("2027-01-21", "2027-02-01"):
        run(day)
    assert newest(msa_request).subject == f"3 days left for your request · {msa_request.reference}"
    assert f"/requests/{msa_request.reference}/corrections/" in newest(msa_request).text
    run("2027-02-05")
    assert MSARequest.objects.get(pk=msa_request.pk).status == Status.WITHDRAWN


def test_failed_visit_that_nobody_acts_on_expires_likewise() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.failed()
    for day in ("2027-02-01", "2027-02-05"):
        run(day)
    assert MSARequest.objects.get(pk=msa_request.pk).status == Status.WITHDRAWN


def test_what_the_utility_holds_never_expires() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.submitted()
    assert msa_request.owner_acts_by is None
    run("2028-01-01")
    assert MSARequest.objects.get(pk=msa_request.pk).status == Status.REQUEST_SUBMITTED


# --- Who is told, and what ---------------------------------------------------------------
def test_reminder_says_what_is_at_stake_and_leads_to_the_step(whole_draft: MSARequest) -> None:
    run("2027-02-01")
    text = newest(whole_draft).text
    assert "On Fri, Feb 5, 2027 we will close it if nothing happens until then." in text
    assert "Please do this by Thu, Feb 4, 2027." in text
    assert "You have paid nothing, so nothing comes back." in text
    assert f"/requests/{whole_draft.reference}/" in text


def test_mail_of_an_agents_draft_goes_to_the_agent() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.complete_request(company=factories.CompanyFactory())
    run("2027-02-01")
    assert mails(msa_request) == [("deadline_near", msa_request.agent.email)]


def test_customer_whose_signature_is_awaited_is_told_with_their_own_link() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.complete_request(company=factories.CompanyFactory())
        agreement = factories.prepared(msa_request)
        factories.sign(agreement, signatures.Party.AGENT)
    with at("2027-01-25"):
        invitation = invitations.invite_customer(agreement, by=msa_request.agent)
    msa_request.refresh_from_db()
    day = msa_request.owner_acts_by - timedelta(days=3)
    type(invitation).objects.filter(pk=invitation.pk).update(expires_at="2027-12-31T00:00:00Z")
    run(day.isoformat())
    row = newest(msa_request)
    assert (row.to_email, row.private_link) == (msa_request.customer_email, f"sign:{invitation.key}")


def test_customer_with_neither_account_nor_link_is_told_beside_the_agent() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.complete_request(company=factories.CompanyFactory())
        factories.sign(factories.prepared(msa_request), signatures.Party.AGENT)
    run("2027-02-01")
    assert {to for _kind, to in mails(msa_request)} == {msa_request.customer_email, msa_request.agent.email}
    row = NoticeMessage.objects.get(
        reference=msa_request.reference, kind="deadline_near", to_email=msa_request.customer_email
    )
    assert "who acts for you" in row.text


# --- The nudge ---------------------------------------------------------------------------
def nudges(msa_request: MSARequest) -> int:
    return sum(kind == "draft_left" for kind, _to in mails(msa_request))


def test_draft_left_early_is_nudged_once_and_led_to_its_open_step() -> None:
    with time_machine.travel(STARTED, tick=False):
        msa_request = factories.draft()
    run("2026-11-08")
    assert nudges(msa_request) == 0
    run("2026-11-09")
    assert nudges(msa_request) == 1
    assert f"/requests/{msa_request.reference}/form/where/" in newest(msa_request).text
    with at("2026-11-10"):
        drafts.save_facts(msa_request, {"city": "Duarte"}, by=msa_request.owner, version=msa_request.version)
    run("2026-11-15")
    assert nudges(msa_request) == 1


def test_draft_whose_form_is_done_or_that_was_left_long_ago_is_not_nudged(whole_draft: MSARequest) -> None:
    with time_machine.travel(STARTED, tick=False):
        old = factories.draft()
    run("2026-12-01")
    run("2026-12-02")
    assert (mails(whole_draft), mails(old)) == ([], [])


def test_figures_are_data(whole_draft: MSARequest) -> None:
    ProgramSettings.objects.update_or_create(pk=1, defaults={"first_reminder_days": 30})
    run("2027-01-05")
    assert reminded(whole_draft) == [("first", LAST_DAY)]


# --- Size --------------------------------------------------------------------------------
def queries(day: str) -> int:
    with at(day), CaptureQueriesContext(connection) as seen:
        expiry.run_due()
    return len(seen)


def test_what_is_not_due_costs_nothing_however_much_it_is() -> None:
    with time_machine.travel(STARTED, tick=False):
        factories.complete_request()
        with_one = queries("2026-11-20")
        for _n in range(6):
            factories.complete_request()
    assert queries("2026-11-20") == with_one == 5


def test_each_reminder_costs_the_same() -> None:
    costs = []
    for number in (1, 2, 4):
        with time_machine.travel(STARTED, tick=False):
            for _n in range(number):
                factories.complete_request()
        costs.append((queries("2027-02-01") - 5) / number)
    assert len(set(costs)) == 1


# --- More time ---------------------------------------------------------------------------
def test_staff_give_more_time_with_a_reason_that_stays_out_of_the_history(whole_draft: MSARequest) -> None:
    person = factories.staff()
    with at("2027-01-30"):
        extension = expiry.extend(whole_draft, to=date(2027, 3, 1), reason=" In hospital. ", by=person)
    event = whole_draft.events.get(kind=EventKind.DEADLINE_EXTENDED)
    assert (event.actor, event.codes) == (person, {"extension": extension.pk, "on": "2027-03-01"})
    assert (extension.from_on, extension.to_on, extension.reason) == (LAST_DAY, date(2027, 3, 1), "In hospital.")
    assert whole_draft.owner_acts_by == date(2027, 3, 1)
    assert mails(whole_draft) == [("deadline_extended", whole_draft.owner.email)]
    run("2027-02-05")
    assert MSARequest.objects.get(pk=whole_draft.pk).status == Status.UNSUBMITTED


def test_reminders_start_anew_for_the_new_day(whole_draft: MSARequest) -> None:
    run("2027-02-01")
    with at("2027-02-02"):
        expiry.extend(whole_draft, to=date(2027, 3, 1), reason="In hospital.", by=factories.staff())
    run("2027-02-26")
    assert reminded(whole_draft) == [("last", LAST_DAY), ("last", date(2027, 3, 1))]


@pytest.mark.parametrize(
    ("to", "reason", "code"),
    [
        (date(2027, 3, 1), "  ", "no_reason"),
        (LAST_DAY, "Asked for it.", "not_later"),
        (date(2030, 1, 1), "Asked for it.", "too_late"),
    ],
)
def test_extension_that_makes_no_sense_is_refused(whole_draft: MSARequest, to: date, reason: str, code: str) -> None:
    with at("2027-01-30"), pytest.raises(Refused) as refused:
        expiry.extend(whole_draft, to=to, reason=reason, by=factories.staff())
    assert (refused.value.code, whole_draft.extensions.count()) == (code, 0)


def test_only_staff_give_more_time(whole_draft: MSARequest) -> None:
    with pytest.raises(Refused) as refused:
        expiry.extend(whole_draft, to=date(2027, 3, 1), reason="Me.", by=factories.actor_of(whole_draft))
    assert refused.value.code == "not_allowed"


def test_no_time_is_given_while_the_utility_holds_it() -> None:
    msa_request = factories.submitted()
    with pytest.raises(Refused) as refused:
        expiry.extend(msa_request, to=timezone.localdate() + timedelta(days=30), reason="Why?", by=factories.staff())
    assert refused.value.code == "stale"


def test_whoever_acts_between_the_list_and_the_lock_is_left_alone(whole_draft: MSARequest) -> None:
    run("2027-02-01")
    with at("2027-02-05"):
        today, program = timezone.localdate(), ProgramSettings.current()
        due = list(expiry._expired(today))
        drafts.save_facts(
            whole_draft, {"city": "Duarte"}, by=factories.actor_of(whole_draft), version=whole_draft.version
        )
        for pk in due:
            expiry._end(pk, program, today)
    assert due == [whole_draft.pk]
    assert MSARequest.objects.get(pk=whole_draft.pk).status == Status.UNSUBMITTED
