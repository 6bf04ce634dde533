"""Dispatch chooses the report that stands (D25): outcome, status, fee, refund and notices follow, and both are kept."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from fieldwork.models import CloseOut, ServiceOrder, SiteVisit
from fieldwork.visits import closeouts, orders
from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from payments.models import Fee, Refund
from requests_app import history
from requests_app.enums import EventKind, Responsible, Status, VisitOutcome, WithdrawalReason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import transitions
from requests_app.models import DeskNote, MSARequest, OutcomeReason
from tests import factories
from tests.fieldwork.conftest import failure, new_technician, planned, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def tess(technician):
    return technician


@pytest.fixture
def dan():
    return factories.dispatcher()


def two(tess, first, second) -> tuple[CloseOut, CloseOut, MSARequest]:
    visit = planned(tess)
    one = closeouts.close_out(visit, first, by=tess.user)
    other = closeouts.close_out(visit, second, by=tess.user)
    assert (one.accepted, other.conflict) == (True, CloseOut.Conflict.ALREADY_CLOSED)
    return one, other, factories.refreshed(visit.order.round.msa_request)


def choose(other: CloseOut, one: CloseOut | None, dan) -> None:
    closeouts.let_stand(other, instead_of=one.pk if one else None, by=dan, note="Called them.")


def fresh(msa_request: MSARequest) -> MSARequest:
    return factories.refreshed(msa_request)


def kinds_of(msa_request: MSARequest) -> list[str]:
    return [event.kind for event in msa_request.events.order_by("sequence")]


def test_failed_becomes_successful(tess, dan):
    one, other, msa_request = two(tess, failure(), report(notes="All in."))
    choose(other, one, dan)
    msa_request = fresh(msa_request)
    visit = msa_request.rounds.get()
    assert (msa_request.status, visit.outcome, list(visit.reasons.all())) == (
        Status.INSTALLATION_COMPLETE,
        VisitOutcome.COMPLETE,
        [],
    )
    assert (msa_request.owner_acts_by, msa_request.holds_account) == (None, None)
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.accepted, one.conflict, one.reviewed_by, one.review_note) == (False, "overruled", dan, "Called them.")
    assert (other.accepted, other.conflict) == (True, "")
    event = msa_request.events.get(kind=EventKind.CONFLICT_REVIEWED)
    assert event.codes == {
        "visit": one.visit_id, "conflict": "already_closed", "stands": str(other.pk), "instead_of": str(one.pk)
    }  # fmt: skip
    assert kinds_of(msa_request)[-1] == EventKind.CORRECT_TO_COMPLETE
    mail = NoticeMessage.objects.get(kind="visit_complete")
    assert "We corrected our record of your site visit." in mail.text
    assert "We corrected our record of your site visit." in mail.html
    assert list(history.broken_links(msa_request)) == []


def test_successful_becomes_failed_and_the_request_is_open_again(tess, dan, client):
    one, other, msa_request = two(tess, report(), failure())
    assert NoticeMessage.objects.get(kind="visit_complete").text.count("We corrected") == 0
    choose(other, one, dan)
    msa_request = fresh(msa_request)
    visit = msa_request.rounds.get()
    assert (msa_request.status, visit.outcome) == (Status.SITE_VISIT_UNSUCCESSFUL, VisitOutcome.UNSUCCESSFUL)
    assert [reason.code for reason in visit.reasons.all()] == ["package_missing"]
    assert msa_request.owner_acts_by is not None
    assert msa_request.holds_account == msa_request.account_key
    assert "We corrected our record" in NoticeMessage.objects.get(kind="visit_unsuccessful").text
    assert not Refund.objects.exists()
    client.force_login(msa_request.owner)
    page = client.get(msa_request.get_absolute_url()).content.decode()
    assert "The package with the MSA was not at the meter" in page
    follow_ups.save_reschedule(msa_request, by=msa_request.owner, statements={"package_missing": "It's there now."})
    assert follow_ups.second_fee_due(visit)


@pytest.mark.parametrize("first_is_theirs", [True, False])
def test_other_reasons_change_what_the_next_visit_costs(tess, dan, first_is_theirs):
    theirs, ours = failure(), failure(reasons=[factories.utility_reason()])
    one, other, msa_request = two(tess, *((theirs, ours) if first_is_theirs else (ours, theirs)))
    visit = msa_request.rounds.get()
    assert follow_ups.second_fee_due(visit) is first_is_theirs
    choose(other, one, dan)
    assert follow_ups.second_fee_due(msa_request.rounds.get()) is not first_is_theirs
    assert fresh(msa_request).status == Status.SITE_VISIT_UNSUCCESSFUL
    assert NoticeMessage.objects.filter(kind="visit_unsuccessful").count() == 2


def test_second_fee_that_was_paid_goes_back(tess, dan):
    """The customer had asked for the next visit and paid; then the first one turns out to have succeeded."""
    one, other, msa_request = two(tess, failure(), report())
    owner = msa_request.owner
    follow_up = follow_ups.save_reschedule(msa_request, by=owner, statements={"package_missing": "It's there now."})
    factories.paid(fresh(msa_request))
    assert fresh(msa_request).status == Status.RESCHEDULE_REQUESTED
    choose(other, one, dan)
    msa_request = fresh(msa_request)
    assert msa_request.status == Status.INSTALLATION_COMPLETE
    assert [visit.outcome for visit in msa_request.rounds.order_by("number")] == ["complete", "canceled"]
    follow_up.refresh_from_db()


def test_saved_form_for_a_next_visit_no_longer_counts(tess, dan):
    one, other, msa_request = two(tess, failure(), report())
    follow_up = follow_ups.save_reschedule(
        msa_request, by=msa_request.owner, statements={"package_missing": "It's there now."}
    )
    fee = Fee.objects.filter(round=follow_up.round)
    choose(other, one, dan)
    follow_up.refresh_from_db()
    assert follow_up.canceled_at is not None
    assert set(fee.values_list("state", flat=True)) <= {Fee.State.CANCELED}
    assert EventKind.FOLLOW_UP_CANCELED in kinds_of(fresh(msa_request))


def test_device_of_a_saved_modification_is_the_old_one_again(tess, dan):
    one, other, msa_request = two(tess, failure(), report())
    device = msa_request.device
    newer = factories.ProductFactory(part_number="NEW-2")
    follow_ups.save_modification(msa_request, by=msa_request.owner, device=newer)
    assert fresh(msa_request).device == newer
    choose(other, one, dan)
    assert fresh(msa_request).device == device


def test_same_result_changes_only_which_report_stands(tess, dan):
    one, other, msa_request = two(tess, report(serial_number="A1"), report(serial_number="A2"))
    before = NoticeMessage.objects.count()
    choose(other, one, dan)
    assert fresh(msa_request).status == Status.INSTALLATION_COMPLETE
    assert NoticeMessage.objects.count() == before
    assert kinds_of(msa_request)[-1] == EventKind.CONFLICT_REVIEWED


def test_it_can_be_decided_again(tess, dan):
    one, other, msa_request = two(tess, failure(), report())
    choose(other, one, dan)
    choose(one, other, dan)
    assert fresh(msa_request).status == Status.SITE_VISIT_UNSUCCESSFUL
    assert [CloseOut.objects.get(pk=row.pk).accepted for row in (one, other)] == [True, False]


@pytest.mark.parametrize("put_back", [False, True])
def test_report_of_a_visit_that_was_given_away_can_close_it(tess, dan, put_back):
    """Theo was there while the board gave his visit to Tess, or back to be planned again."""
    theo = new_technician("T-9")
    visit = planned(theo)
    if put_back:
        orders.unschedule(visit, by=dan, why=orders.Why.CREW)
    else:
        visit = planned(tess, visit.order.round.msa_request)
    kept = closeouts.close_out(visit, report(), by=theo.user)
    assert kept.conflict
    choose(kept, None, dan)
    visit.refresh_from_db()
    assert (visit.state, visit.technician) == (SiteVisit.State.CLOSED, theo)
    assert ServiceOrder.objects.get().state == ServiceOrder.State.CLOSED
    assert fresh(visit.order.round.msa_request).status == Status.INSTALLATION_COMPLETE
    assert not hasattr(visit, "placement") or not SiteVisit.objects.filter(placement__isnull=False).exists()


# --- When it's refused


def test_page_that_showed_another_report_is_refused(tess, dan):
    one, other, msa_request = two(tess, failure(), report())
    with pytest.raises(Stale, match="Another report of this visit stands now"):
        choose(other, None, dan)
    with pytest.raises(Stale):
        choose(one, one, dan)
    assert fresh(msa_request).status == Status.SITE_VISIT_UNSUCCESSFUL


def test_after_a_withdrawal_nothing_changes(tess, dan):
    one, other, msa_request = two(tess, failure(), report())
    transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
    with pytest.raises(Stale, match="Request withdrawn"):
        choose(other, one, dan)
    other.refresh_from_db()
    assert (other.accepted, fresh(msa_request).status) == (False, Status.WITHDRAWN)


def test_once_the_next_visit_is_ordered_the_first_stays_as_it_is(tess, dan):
    one, other, msa_request = two(tess, failure(reasons=[factories.utility_reason()]), report())
    follow_ups.save_reschedule(msa_request, by=msa_request.owner, statements={"meter_or_record_error": "x"})
    transitions.issue_service_order(fresh(msa_request), by=factories.staff())
    with pytest.raises(Stale):
        choose(other, one, dan)
    assert fresh(msa_request).status == Status.SERVICE_ORDER_ISSUED


@pytest.mark.parametrize(("make", "note", "code"), [(factories.staff, "x", "not_allowed"), (None, " ", "no_note")])
def test_choosing_needs_a_dispatcher_and_a_note(tess, dan, make, note, code):
    one, other, _msa_request = two(tess, failure(), report())
    with pytest.raises(Refused) as refused:
        closeouts.let_stand(other, instead_of=one.pk, by=make() if make else dan, note=note)
    assert refused.value.code == code


def test_a_reason_without_anybody_at_the_site_is_no_failure(tess, dan):
    absent = OutcomeReason.objects.filter(at_site=False).first()
    one, other, msa_request = two(tess, report(), failure(reasons=[absent]))
    with pytest.raises(Refused, match="Nobody was at the site"):
        choose(other, one, dan)
    assert fresh(msa_request).status == Status.INSTALLATION_COMPLETE


def test_second_request_that_was_submitted_since_stays(tess, dan):
    """The account was free once the first was complete: both are open now, and staff see it."""
    one, other, msa_request = two(tess, report(), failure())
    second = factories.submitted(account_number=msa_request.account_number)
    choose(other, one, dan)
    msa_request = fresh(msa_request)
    assert (msa_request.status, second.status) == (Status.SITE_VISIT_UNSUCCESSFUL, Status.REQUEST_SUBMITTED)
    assert msa_request.holds_account == msa_request.allowed_account


# --- On the page


def test_dispatcher_chooses_on_the_page(tess, dan, client):
    one, other, msa_request = two(tess, failure(), report())
    client.force_login(dan)
    page = reverse("admin:fieldwork_closeout_conflict", args=[other.pk])
    html = client.get(page).content.decode()
    assert f'value="{one.pk}"' in html
    nothing = client.post(page, {"note": "x"})
    assert nothing.status_code == 422
    assert "Choose the report that stands." in nothing.content.decode()
    stale = client.post(page, {"stands": "choose", "note": "Kept words", "instead_of": ""})
    assert "Another report of this visit stands now" in stale.content.decode()
    assert "Kept words" in stale.content.decode()
    assert client.post(page, {"stands": "choose", "note": "x", "instead_of": one.pk}).status_code == 302
    assert fresh(msa_request).status == Status.INSTALLATION_COMPLETE


def test_reasons_of_both_results_stand_in_the_history(tess, dan, client):
    ours = factories.utility_reason()
    one, other, msa_request = two(tess, failure(), failure(reasons=[ours]))
    choose(other, one, dan)
    client.force_login(msa_request.owner)
    page = client.get(msa_request.get_absolute_url()).content.decode()
    assert "The package with the MSA was not at the meter" in page
    assert escape(ours.title) in page
    assert ours.responsible == Responsible.UTILITY


# --- "On site", by mistake


def test_technician_takes_on_site_back_for_ten_minutes(tess, client):
    visit = planned(tess, on=None)
    msa_request = visit.order.round.msa_request
    client.force_login(tess.user)
    page, on_site = reverse("fieldwork:visit", args=[visit.pk]), reverse("fieldwork:on_site", args=[visit.pk])
    off_site = reverse("fieldwork:off_site", args=[visit.pk])
    with time_machine.travel(
        datetime.combine(visit.scheduled_on, time(9, 0), timezone.get_current_timezone())
    ) as clock:
        client.post(on_site)
        with pytest.raises(Refused, match="at the site now"):
            transitions.withdraw(fresh(msa_request), by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
        assert off_site in client.get(page).content.decode()
        clock.shift(timedelta(minutes=9))
        assert "Taken back." in client.post(off_site, follow=True).content.decode()
        visit.refresh_from_db()
        assert (visit.state, visit.on_site_at, visit.order.round.on_site_at) == ("scheduled", None, None)
        assert "Scheduled" in client.post(off_site, follow=True).content.decode()
        client.post(on_site)
        clock.shift(timedelta(minutes=11))
        assert off_site not in client.get(page).content.decode()
        assert "Call dispatch" in client.post(off_site, follow=True).content.decode()
        visit.refresh_from_db()
        assert visit.state == SiteVisit.State.ON_SITE
    assert kinds_of(msa_request)[-3:] == ["visit_started", "visit_start_undone", "visit_started"]


def test_request_can_be_withdrawn_again_once_on_site_is_taken_back(tess):
    visit = closeouts.go_on_site(planned(tess), by=tess.user)
    closeouts.undo_on_site(visit, by=tess.user)
    msa_request = fresh(visit.order.round.msa_request)
    transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)


def test_dispatch_takes_on_site_back_with_a_reason(tess, dan, client):
    visit = closeouts.go_on_site(planned(tess), by=tess.user)
    off_site = reverse("admin:fieldwork_sitevisit_off_site", args=[visit.pk])
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        client.force_login(dan)
        refused = client.post(off_site, {"reason": " "})
        assert (refused.status_code, "isn&#x27;t on site." in refused.content.decode()) == (422, True)
        assert client.post(off_site, {"reason": "Tapped at the wrong house"}).status_code == 302
    event = visit.order.round.msa_request.events.get(kind=EventKind.VISIT_START_UNDONE)
    note = DeskNote.objects.get(kind="off_site")
    assert (event.actor, event.codes) == (dan, {"visit": visit.pk, "note": note.pk})  # never free text, for good
    assert (note.text, note.by, note.recipient) == ("Tapped at the wrong house", dan, tess.user)
    client.force_login(factories.staff())
    page = client.get(reverse("admin:requests_app_msarequest_change", args=[visit.order.round.msa_request_id]))
    assert "Tapped at the wrong house" in page.text


def test_technician_who_also_dispatches_takes_it_back_without_a_reason(tess):
    both = factories.UserFactory(roles=[Role.TECHNICIAN, Role.DISPATCHER])
    tess.user = both
    tess.save()
    visit = closeouts.go_on_site(planned(tess), by=both)
    assert closeouts.undo_on_site(visit, by=both).state == SiteVisit.State.SCHEDULED


def test_nobody_else_takes_on_site_back(tess, client):
    visit = closeouts.go_on_site(planned(tess), by=tess.user)
    client.force_login(factories.staff())
    assert (
        client.post(reverse("admin:fieldwork_sitevisit_off_site", args=[visit.pk]), {"reason": "x"}).status_code == 404
    )
    with pytest.raises(Refused):
        closeouts.undo_on_site(visit, by=new_technician("T-8").user)


def test_on_site_at_another_days_visit_asks_first(tess, client):
    visit = planned(tess)
    client.force_login(tess.user)
    page = client.get(reverse("fieldwork:visit", args=[visit.pk])).content.decode()
    assert 'name="another_day"' in page
    on_site = reverse("fieldwork:on_site", args=[visit.pk])
    assert "planned for today" in client.post(on_site, follow=True).content.decode()
    visit.refresh_from_db()
    assert visit.state == SiteVisit.State.SCHEDULED
    client.post(on_site, {"another_day": "on"})
    visit.refresh_from_db()
    assert visit.state == SiteVisit.State.ON_SITE
