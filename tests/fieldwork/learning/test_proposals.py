"""What failed again and again is proposed as a rule, once, with its evidence."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fieldwork import learning, tasks
from fieldwork.learning import evidence
from fieldwork.models import RuleProposal
from fieldwork.visits import closeouts
from requests_app.enums import VisitOutcome
from requests_app.follow_ups import follow_ups
from requests_app.models import IncompatiblePanel, PanelRestriction, Product, ProgramSettings
from tests import factories
from tests.fieldwork.conftest import planned, report
from tests.fieldwork.learning.learned import PANEL, clips, socket, technician, visited, wet

pytestmark = pytest.mark.django_db


@pytest.fixture
def device() -> Product:
    return factories.ProductFactory()


def proposals() -> list[tuple[str, int | None, str, int, int]]:
    return [
        (row.panel_normalized, row.device_id, row.reason.code, row.visits.count(), row.successes)
        for row in RuleProposal.objects.order_by("pk")
    ]


def test_repeated_failures_on_a_panel_and_device_are_proposed_with_their_visits(device: Product):
    failed = [visited(model, device, socket()) for model in (PANEL, "homc40u200", "HOMC-40U-200")]
    visited(PANEL, device)
    assert tasks.propose_rules() == 1
    assert proposals() == [("HOMC40U200", device.pk, "socket_incompatible", 3, 1)]
    row = RuleProposal.objects.get()
    assert set(row.visits.all()) == set(failed)
    assert (row.state, row.decided_at) == ("open", None)


def test_fewer_failures_than_supervisors_set_are_no_pattern(device: Product):
    for _n in range(2):
        visited(PANEL, device, socket())
    assert (learning.propose(), proposals()) == (0, [])
    ProgramSettings.objects.update(propose_rule_after=2)
    assert learning.propose() == 1


def test_running_again_brings_evidence_up_to_date_and_proposes_nothing_twice(device: Product):
    for _n in range(3):
        visited(PANEL, device, socket())
    assert (learning.propose(), learning.propose()) == (1, 0)
    visited(PANEL, device, socket())
    visited(PANEL, device)
    assert learning.propose() == 0
    assert proposals() == [("HOMC40U200", device.pk, "socket_incompatible", 4, 1)]


def test_decided_proposal_keeps_the_evidence_it_was_decided_on(device: Product):
    for _n in range(3):
        visited(PANEL, device, socket())
    learning.propose()
    learning.decline(RuleProposal.objects.get(), note="The technicians were new.", by=factories.supervisor())
    visited(PANEL, device, socket())
    assert learning.propose() == 0
    assert proposals() == [("HOMC40U200", device.pk, "socket_incompatible", 3, 0)]


def test_one_home_is_one_witness(device: Product):
    for _n in range(3):
        visit = visited(PANEL, device, socket(), account_number="700123456789")
        factories.withdrawn(factories.refreshed(visit.order.round.msa_request))
    assert learning.propose() == 0


def test_longer_suffix_counts_as_the_model_and_is_not_proposed_beside_it(device: Product):
    for model in (PANEL, PANEL, "HOMC40U200C", "HOMC40U200C", "HOMC40U200C"):
        visited(model, device, socket())
    learning.propose()
    assert proposals() == [("HOMC40U200", device.pk, "socket_incompatible", 5, 0)]


def test_too_short_a_model_says_nothing(device: Product):
    for _n in range(3):
        visited("Q-20", device, socket())
    assert learning.propose() == 0


def test_what_can_be_put_right_or_is_the_utilitys_is_no_matter_of_the_panel(device: Product):
    for _n in range(3):
        visited(PANEL, device, wet(), factories.utility_reason())
    assert learning.propose() == 0


def test_each_device_has_its_own_pattern_but_clips_are_the_panels(device: Product):
    others = [factories.ProductFactory() for _n in range(2)]
    for other in (device, *others):
        visited(PANEL, other, socket(), clips())
    learning.propose()
    assert proposals() == [("HOMC40U200", None, "double_sided_clips", 3, 0)]


def test_device_is_the_one_of_the_visit_and_not_the_one_chosen_since(device: Product):
    for _n in range(3):
        visit = visited(PANEL, device, socket())
        msa_request = factories.refreshed(visit.order.round.msa_request)
        follow_ups.save_modification(
            msa_request, by=factories.actor_of(msa_request), device=factories.ProductFactory()
        )
    learning.propose()
    assert proposals() == [("HOMC40U200", device.pk, "socket_incompatible", 3, 0)]


def test_report_kept_as_a_conflict_and_removals_say_nothing(device: Product):
    for _n in range(2):
        visited(PANEL, device, socket())
    visit = visited(PANEL, device)
    failure = report(outcome=VisitOutcome.UNSUCCESSFUL, reasons=[socket()])
    assert closeouts.close_out(visit, failure, by=technician().user).conflict == "already_closed"
    removal = factories.ordered(request_type="removal", existing_adapter="msa", panel_model=PANEL, device=device)
    failure = report(outcome=VisitOutcome.UNSUCCESSFUL, reasons=[socket()])
    closeouts.close_out(planned(technician(), removal), failure, by=technician().user)
    assert learning.propose() == 0


@pytest.mark.parametrize("rule", ["listed", "any device", "this device"])
def test_what_a_rule_covers_already_is_not_proposed(device: Product, rule: str):
    for _n in range(3):
        visited(PANEL, device, socket())
    if rule == "listed":
        IncompatiblePanel.objects.create(model="HOMC-40")
    else:
        same = device if rule == "this device" else None
        PanelRestriction.objects.create(panel_model=PANEL, device=same, explanation="It does not fit.")
    assert learning.propose() == 0


def test_rule_for_another_device_or_out_of_use_covers_nothing(device: Product):
    for _n in range(3):
        visited(PANEL, device, socket())
    PanelRestriction.objects.create(panel_model=PANEL, device=factories.ProductFactory(), explanation="No.")
    PanelRestriction.objects.create(panel_model=PANEL, device=device, explanation="No.", is_active=False)
    assert learning.propose() == 1


def test_evidence_takes_three_queries_however_many_visits(device: Product):
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            evidence.made()
        return len(seen)

    visited(PANEL, device, socket())
    one = queries()
    for _n in range(3):
        visited(PANEL, device, socket())
    assert (one, queries()) == (3, 3)


def test_time_of_a_proposal_is_when_it_was_first_seen(device: Product):
    before = timezone.now()
    for _n in range(3):
        visited(PANEL, device, socket())
    learning.propose()
    first = RuleProposal.objects.get().proposed_at
    learning.propose()
    assert before < first == RuleProposal.objects.get().proposed_at
