"""Reports kept as conflicts: both stand side by side, and dispatch says what it found (faults 17, 20)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from fieldwork.models import CloseOut
from fieldwork.visits import closeouts
from msa_portal.errors import Refused
from tests import factories
from tests.fieldwork.conftest import failure, planned, report

LIST, ONE = "admin:fieldwork_closeout_conflicts", "admin:fieldwork_closeout_conflict"


@pytest.fixture
def kept(dan, tess, theo) -> CloseOut:
    """Tess closed the visit; Theo, who had it before, reports too."""
    visit = planned(theo)
    visit = planned(tess, visit.order.round.msa_request)
    closeouts.close_out(visit, report(notes="All in."), by=tess.user)
    return closeouts.close_out(visit, failure(notes="Nobody there."), by=theo.user)


def test_both_reports_stand_side_by_side(client, kept):
    html = client.get(reverse(ONE, args=[kept.pk])).content.decode()
    for words in ("All in.", "Nobody there.", "Tess Lund", "Theo Grant", "in order</strong>"):
        assert words in html


def test_what_dispatch_found_stays_with_the_report(client, dan, kept):
    assert str(kept.visit.order) in client.get(reverse(LIST)).content.decode()
    answer = client.post(reverse(ONE, args=[kept.pk]), {"stands": "keep", "note": "Called both: Tess was there."})
    assert answer.headers["Location"] == reverse(LIST)
    fresh = CloseOut.objects.get(pk=kept.pk)
    assert (fresh.reviewed_by, fresh.review_note) == (dan, "Called both: Tess was there.")
    assert "No conflict waits." in client.get(reverse(LIST)).content.decode()
    again = client.get(reverse(ONE, args=[kept.pk])).content.decode()
    assert "Called both: Tess was there." in again
    assert "Decide again" in again


def test_a_note_is_asked_for(client, kept):
    answer = client.post(reverse(ONE, args=[kept.pk]), {"stands": "keep", "note": " "})
    assert answer.status_code == 422
    assert CloseOut.objects.get(pk=kept.pk).reviewed_at is None


def test_second_dispatcher_hears_who_looked_at_it(client, kept):
    closeouts.review(kept, by=factories.supervisor(), note="Done.")
    answer = client.post(reverse(ONE, args=[kept.pk]), {"stands": "keep", "note": "Mine."})
    assert answer.status_code == 422
    assert "Sue Supervisor looked at this report" in answer.content.decode()


def test_accepted_report_is_no_conflict(client, kept):
    accepted = CloseOut.objects.get(accepted=True)
    assert client.get(reverse(ONE, args=[accepted.pk])).status_code == 404


def test_only_who_may_review_finds_them(client, kept):
    client.force_login(factories.staff())
    assert client.get(reverse(LIST)).status_code == 404
    assert client.post(reverse(ONE, args=[kept.pk]), {"note": "x"}).status_code == 404
    assert CloseOut.objects.get(pk=kept.pk).reviewed_at is None


def test_staff_desk_counts_them_for_dispatchers_alone(client, kept):
    assert "1 to look at" in client.get(reverse("admin:index")).content.decode()
    client.force_login(factories.staff())
    assert "to look at" not in client.get(reverse("admin:index")).content.decode()


@pytest.mark.parametrize(
    ("make", "note", "code"),
    [(factories.staff, "Seen.", "not_allowed"), (factories.supervisor, " ", "no_note")],
)
def test_review_needs_a_dispatcher_and_a_note(kept, make, note, code):
    with pytest.raises(Refused) as refusal:
        closeouts.review(kept, by=make(), note=note)
    assert (refusal.value.code, CloseOut.objects.get(pk=kept.pk).reviewed_at) == (code, None)


def test_report_that_closed_its_visit_is_not_reviewed(kept):
    with pytest.raises(Refused) as refusal:
        closeouts.review(CloseOut.objects.get(accepted=True), by=factories.supervisor(), note="Seen.")
    assert refusal.value.code == "no_conflict"
