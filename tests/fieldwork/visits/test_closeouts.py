"""Close-outs: the first counts, a repeat is answered again, another is kept (faults 17, 18)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from fieldwork.models import CloseOut, SiteVisit, Technician, VisitPhoto
from fieldwork.visits import closeouts, orders
from msa_portal.errors import Refused
from requests_app.enums import Status, VisitOutcome
from requests_app.lifecycle import transitions
from tests import factories
from tests.fieldwork.conftest import business_day, failure, new_technician, planned, report

pytestmark = pytest.mark.django_db

PHOTOS = (closeouts.Photo(b"one", "1" * 64), closeouts.Photo(b"two", "2" * 64))


def status(visit: SiteVisit) -> str:
    return factories.refreshed(visit.order.round.msa_request).status


def files() -> set[Path]:
    return {path for path in (Path(settings.MEDIA_ROOT) / "visits").rglob("*") if path.is_file()}


def test_complete_closes_visit_order_and_request(visit: SiteVisit, technician: Technician):
    closeouts.close_out(visit, report(serial_number="BS-1"), by=technician.user)
    visit.refresh_from_db()
    visit.order.refresh_from_db()
    assert (visit.state, visit.order.state, status(visit)) == ("closed", "closed", Status.INSTALLATION_COMPLETE)
    assert visit.on_site_at is not None


def test_failure_names_its_reasons_on_the_round(visit: SiteVisit, technician: Technician):
    closeouts.close_out(visit, failure(), by=technician.user)
    assert status(visit) == Status.SITE_VISIT_UNSUCCESSFUL
    assert [reason.code for reason in visit.order.round.reasons.all()] == ["package_missing"]


def test_failure_without_a_reason_is_refused(visit: SiteVisit, technician: Technician):
    with pytest.raises(Refused, match="at least one reason"):
        closeouts.close_out(visit, report(outcome=VisitOutcome.UNSUCCESSFUL), by=technician.user)
    assert (CloseOut.objects.count(), status(visit)) == (0, Status.SERVICE_ORDER_ISSUED)


def test_success_with_a_reason_is_refused(visit: SiteVisit, technician: Technician):
    with pytest.raises(Refused, match="one or the other"):
        closeouts.close_out(visit, failure(outcome=VisitOutcome.COMPLETE), by=technician.user)


def test_the_same_report_again_gives_the_first_answer(visit: SiteVisit, technician: Technician):
    sent = failure(photos=PHOTOS)
    answers = {closeouts.close_out(visit, sent, by=technician.user) for _again in range(4)}
    assert [answer.pk for answer in answers] == [sent.id]
    assert (CloseOut.objects.count(), VisitPhoto.objects.count()) == (1, 2)
    assert visit.order.round.msa_request.events.filter(kind="fail").count() == 1


def test_another_report_under_the_same_id_is_refused(visit: SiteVisit, technician: Technician):
    sent = report()
    closeouts.close_out(visit, sent, by=technician.user)
    with pytest.raises(Refused, match="different report") as refusal:
        closeouts.close_out(visit, replace(sent, notes="Something else"), by=technician.user)
    assert refusal.value.code == "different_report"
    assert CloseOut.objects.get().notes == ""


def test_the_same_id_for_another_visit_is_refused(visit: SiteVisit, technician: Technician):
    sent = report()
    closeouts.close_out(visit, sent, by=technician.user)
    with pytest.raises(Refused, match="different report"):
        closeouts.close_out(planned(technician), sent, by=technician.user)


def test_a_second_technician_is_kept_as_a_conflict_with_the_evidence(visit: SiteVisit, technician: Technician):
    second = new_technician("T-2")
    first = closeouts.close_out(visit, report(), by=technician.user)
    kept = closeouts.close_out(visit, failure(photos=PHOTOS, notes="No package."), by=second.user)
    assert (first.accepted, kept.accepted, kept.conflict) == (True, False, "already_closed")
    assert (kept.photos.count(), kept.notes, kept.by) == (2, "No package.", second)
    assert status(visit) == Status.INSTALLATION_COMPLETE
    assert visit.order.round.msa_request.events.filter(kind="conflict_kept").count() == 1


def test_a_report_of_a_visit_given_to_another_is_kept(visit: SiteVisit, technician: Technician):
    second = new_technician("T-2")
    orders.schedule(visit, by=factories.dispatcher(), technician=second, on=business_day(), window="morning")
    assert closeouts.close_out(visit, report(), by=technician.user).conflict == "reassigned"
    assert closeouts.close_out(visit, report(), by=second.user).accepted
    assert status(visit) == Status.INSTALLATION_COMPLETE


def test_a_report_of_a_canceled_visit_is_kept(visit: SiteVisit, technician: Technician):
    factories.withdrawn(visit.order.round.msa_request)
    assert closeouts.close_out(visit, report(), by=technician.user).conflict == "canceled"
    assert status(visit) == Status.WITHDRAWN


def test_only_a_technician_closes_out(visit: SiteVisit):
    with pytest.raises(Refused, match="Only a meter technician"):
        closeouts.close_out(visit, report(), by=factories.dispatcher())


def test_going_on_site_twice_is_one_event(visit: SiteVisit, technician: Technician):
    first = closeouts.go_on_site(visit, by=technician.user).on_site_at
    assert closeouts.go_on_site(visit, by=technician.user).on_site_at == first
    assert visit.order.round.msa_request.events.filter(kind="visit_started").count() == 1


def test_another_technician_cannot_go_on_site(visit: SiteVisit):
    with pytest.raises(Refused, match="another technician"):
        closeouts.go_on_site(visit, by=new_technician("T-2").user)


@pytest.mark.parametrize("begin", [closeouts.on_my_way, closeouts.go_on_site])
def test_closed_visit_is_not_begun_again(begin: Callable[..., SiteVisit], visit: SiteVisit, technician: Technician):
    closeouts.close_out(visit, report(), by=technician.user)
    with pytest.raises(Refused) as refusal:
        begin(visit, by=technician.user)
    assert refusal.value.code == "visit_not_open"


def test_nobody_sets_out_to_a_visit_of_another_day(visit: SiteVisit, technician: Technician):
    with pytest.raises(Refused) as refusal:
        closeouts.on_my_way(visit, by=technician.user)
    visit.refresh_from_db()
    assert (refusal.value.code, visit.on_the_way_at) == ("not_today", None)


def test_no_file_stays_where_the_report_is_rolled_back(
    visit: SiteVisit, technician: Technician, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise Refused("The lifecycle refuses.", code="test")

    before = files()
    monkeypatch.setattr(transitions, "complete", refuse)
    with pytest.raises(Refused, match="lifecycle refuses"):
        closeouts.close_out(visit, report(id=uuid4(), photos=PHOTOS), by=technician.user)
    assert (files(), VisitPhoto.objects.count()) == (before, 0)
