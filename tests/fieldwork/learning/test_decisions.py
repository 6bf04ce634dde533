"""Staff decide on a proposed rule; accepted, it counts at once, and whoever it touches knows before a van rolls."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fieldwork import learning, tasks
from fieldwork.models import RuleProposal, SiteVisit
from fieldwork.schedule import problem
from msa_portal.accounts.models import User
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from requests_app.application import completeness
from requests_app.enums import EventKind, WithdrawalReason
from requests_app.lifecycle import transitions
from requests_app.models import IncompatiblePanel, MSARequest, PanelRestriction, Product, RequestEvent
from requests_app.rule_changes import panels, products
from requests_app.status.timeline import timeline
from tests import factories
from tests.fieldwork.conftest import business_day, planned, visit_of
from tests.fieldwork.learning.learned import PANEL, clips, socket, technician, visited

pytestmark = pytest.mark.django_db
WHY = "The cover does not come off with this device in the socket"


@pytest.fixture
def device() -> Product:
    return factories.ProductFactory()


@pytest.fixture
def supervisor() -> User:
    return factories.supervisor()


@pytest.fixture
def proposal(device: Product) -> RuleProposal:
    for _n in range(3):
        visited(PANEL, device, socket())
    learning.propose()
    return RuleProposal.objects.get()


def accept(proposal: RuleProposal, by: User, kind: learning.Kind = learning.Kind.DEVICE, why: str = WHY) -> Any:
    seen = products.digest(panels.impacts(learning.rule_of(proposal, kind, why)))
    return learning.accept(proposal, kind=kind, explanation=why, seen=seen, by=by)


def findings(msa_request: MSARequest) -> list[tuple[str, str]]:
    verdict = completeness.verdict(factories.refreshed(msa_request), on=timezone.localdate())
    return [(finding.rule, finding.message) for finding in verdict.findings]


def told() -> list[tuple[str, str]]:
    return sorted(NoticeMessage.objects.filter(kind="panel_ruled_out").values_list("reference", "to_email"))


def test_accepted_rule_is_judged_at_once_with_the_words_of_staff(
    proposal: RuleProposal, supervisor: User, device: Product
):
    same, other = (
        factories.complete_request(panel_model="homc40u200-X", device=device),
        factories.complete_request(panel_model=PANEL),
    )
    accept(proposal, supervisor)
    message = f"{WHY}. Site visits with this device to panels of this model did not succeed."
    assert findings(same) == [("E7", message)]
    assert findings(other) == []
    assert (proposal.state, proposal.decided_by) == ("accepted", supervisor)
    rule = PanelRestriction.objects.get()
    assert (rule.panel_model, rule.device, rule.explanation) == (PANEL, device, f"{WHY}.")
    assert [(row.history_type, row.history_user) for row in rule.history.all()] == [("+", supervisor)]


def test_every_kind_becomes_its_rule(proposal: RuleProposal, supervisor: User):
    msa_request = factories.complete_request(panel_model=PANEL)
    accept(proposal, supervisor, learning.Kind.ANY)
    assert [rule for rule, _message in findings(msa_request)] == ["E7"]


def test_clips_become_a_listed_panel(supervisor: User, device: Product):
    for _n in range(3):
        visited(PANEL, device, clips())
    learning.propose()
    msa_request = factories.complete_request(panel_model=PANEL)
    accept(RuleProposal.objects.get(), supervisor, learning.Kind.CLIPS, "")
    assert IncompatiblePanel.objects.filter(normalized="HOMC40U200").exists()
    assert [rule for rule, _message in findings(msa_request)] == ["E8"]


def test_owners_and_agents_of_open_requests_are_told_once_and_nobody_else(
    proposal: RuleProposal, supervisor: User, device: Product
):
    failed = set(MSARequest.objects.filter(status="site_visit_unsuccessful").values_list("reference", "owner__email"))
    draft = factories.complete_request(panel_model=PANEL, device=device)
    company = factories.CompanyFactory()
    agents = factories.valid(
        factories.submitted(factories.complete_request(company=company, panel_model=PANEL, device=device))
    )
    factories.complete_request(panel_model=PANEL)
    factories.withdrawn(panel_model=PANEL, device=device)
    factories.complete_request(device=device)
    impacts = accept(proposal, supervisor)
    assert draft.owner
    assert agents.agent
    expected = failed | {
        (draft.reference, draft.owner.email),
        (agents.reference, agents.customer_email),
        (agents.reference, agents.agent.email),
    }
    assert told() == sorted(expected)
    assert len(impacts) == 5
    event = RequestEvent.objects.get(msa_request=agents, kind=EventKind.PANEL_RULE_ADDED)
    assert event.codes == {
        "rule": "panelrestriction",
        "row": PanelRestriction.objects.get().pk,
        "proposal": proposal.pk,
        "appears": ["E7"],
        "blocks": True,
    }
    assert event.actor == supervisor
    [entry] = [entry for entry in timeline(agents, agents.agent) if entry.title == event.get_kind_display()]
    assert entry.details == ("New finding: E7",)


def test_mail_says_why_and_what_to_do_now(proposal: RuleProposal, supervisor: User, device: Product):
    draft = factories.complete_request(panel_model=PANEL, device=device)
    msa_request = factories.ordered(panel_model=PANEL, device=device)
    accept(proposal, supervisor)
    mail = NoticeMessage.objects.get(kind="panel_ruled_out", reference=draft.reference)
    assert f"{WHY}. Site visits with this device" in mail.text
    assert f"/requests/{draft.reference}/form/panel/" in mail.text
    assert "put the model right in the form" in mail.text
    mail = NoticeMessage.objects.get(kind="panel_ruled_out", reference=msa_request.reference)
    assert "Our dispatchers look at the planned visit first." in mail.text


def test_planned_visit_of_a_touched_request_is_held_until_an_order_is_issued_after_the_rule(
    proposal: RuleProposal, supervisor: User, device: Product
):
    touched = planned(technician(), factories.ordered(panel_model=PANEL, device=device))
    planned(technician(), factories.ordered(device=device))
    waiting = factories.valid(panel_model=PANEL, device=device)
    accept(proposal, supervisor)
    assert list(learning.held(SiteVisit.objects.all())) == [touched]
    transitions.issue_service_order(waiting, by=factories.staff())
    assert list(learning.held(SiteVisit.objects.all())) == [touched]
    transitions.withdraw(touched.order.round.msa_request, by=factories.staff(), reason=WithdrawalReason.OTHER)
    assert list(learning.held(SiteVisit.objects.all())) == []


def test_timer_issues_no_order_for_a_request_that_the_rule_speaks_against(
    proposal: RuleProposal, supervisor: User, device: Product
):
    ruled_out, fine = factories.valid(panel_model=PANEL, device=device), factories.valid(device=device)
    accept(proposal, supervisor)
    with time_machine.travel(timezone.now() + timedelta(days=30), tick=False):
        assert tasks.issue_due_orders() == 1
    assert [factories.refreshed(msa_request).status for msa_request in (ruled_out, fine)] == [
        "pending_service_order",
        "service_order_issued",
    ]


def test_planner_leaves_a_held_visit_to_dispatch(proposal: RuleProposal, supervisor: User, device: Product):
    held, fine = visit_of(factories.ordered(panel_model=PANEL, device=device)), visit_of(factories.ordered())
    accept(proposal, supervisor)
    left_out = problem.build(business_day(1), business_day(3)).left_out
    assert left_out[held.pk] == "held"
    assert left_out.get(fine.pk) != "held"


def test_list_that_changed_since_it_was_seen_is_shown_again(proposal: RuleProposal, supervisor: User, device: Product):
    seen = products.digest(panels.impacts(learning.rule_of(proposal, learning.Kind.DEVICE, WHY)))
    factories.complete_request(panel_model=PANEL, device=device)
    with pytest.raises(Stale, match="changed since you saw it"):
        learning.accept(proposal, kind=learning.Kind.DEVICE, explanation=WHY, seen=seen, by=supervisor)
    proposal.refresh_from_db()
    assert (proposal.state, PanelRestriction.objects.count(), told()) == ("open", 0, [])


@pytest.mark.parametrize("meanwhile", ["withdrawn", "another device"])
def test_request_that_changed_between_list_and_lock_is_judged_as_it_is_now(
    supervisor: User, device: Product, monkeypatch: pytest.MonkeyPatch, meanwhile: str
):
    msa_request = factories.complete_request(panel_model=PANEL, device=device)
    seen = panels.impacts

    def slow(rule: PanelRestriction) -> list[products.Impact]:
        impacts = seen(rule)
        if meanwhile == "withdrawn":
            transitions.withdraw(msa_request, by=factories.staff(), reason=WithdrawalReason.OTHER)
        else:
            MSARequest.objects.filter(pk=msa_request.pk).update(device=factories.ProductFactory())
        return impacts

    monkeypatch.setattr(panels, "impacts", slow)
    rule = PanelRestriction(panel_model=PANEL, device=device, explanation=f"{WHY}.")
    assert (panels.save(rule, by=supervisor), told()) == ([], [])


def test_impact_takes_as_many_queries_for_many_requests_as_for_one(device: Product):
    rule = PanelRestriction(panel_model=PANEL, device=device, explanation=f"{WHY}.")

    def queries(touched: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert len(panels.impacts(rule)) == touched
        return len(seen)

    factories.complete_request(panel_model=PANEL, device=device)
    one = queries(1)
    for _n in range(3):
        factories.complete_request(panel_model=PANEL, device=device)
    assert (one, queries(4)) == (3, 3)


def test_second_decision_is_told_of_the_first(proposal: RuleProposal, supervisor: User):
    accept(proposal, supervisor)
    with pytest.raises(Stale, match=r"Sue Supervisor decided on this proposal on .*: accepted"):
        learning.decline(proposal, note="Too few.", by=factories.supervisor())
    with pytest.raises(Stale):
        accept(proposal, supervisor)
    assert PanelRestriction.objects.count() == 1


def test_whoever_may_not_decide_is_refused(proposal: RuleProposal):
    for person in (factories.staff(), factories.dispatcher()):
        with pytest.raises(Refused, match="Only a supervisor"):
            accept(proposal, person)
        with pytest.raises(Refused, match="Only a supervisor"):
            learning.decline(proposal, note="No.", by=person)
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_decision_needs_its_words(proposal: RuleProposal, supervisor: User):
    with pytest.raises(Refused, match="Say what customers are told"):
        learning.rule_of(proposal, learning.Kind.DEVICE, "  ")
    with pytest.raises(Refused, match="why not"):
        learning.decline(proposal, note=" ", by=supervisor)
    IncompatiblePanel.objects.create(model="HOMC-40")
    with pytest.raises(Refused, match="on the list already"):
        learning.rule_of(proposal, learning.Kind.CLIPS, "")


def test_rule_that_went_out_of_use_comes_back_with_the_new_words(
    proposal: RuleProposal, supervisor: User, device: Product
):
    old = PanelRestriction.objects.create(panel_model=PANEL, device=device, explanation="Old.", is_active=False)
    accept(proposal, supervisor)
    assert PanelRestriction.objects.get().pk == old.pk
    old.refresh_from_db()
    assert (old.explanation, old.is_active) == (f"{WHY}.", True)


def test_other_open_proposals_that_the_rule_covers_are_settled_with_it(
    proposal: RuleProposal, supervisor: User, device: Product
):
    other = factories.ProductFactory()
    for _n in range(3):
        visited(f"{PANEL} C", other, socket())
    learning.propose()
    covered = RuleProposal.objects.get(device=other)
    accept(proposal, supervisor, learning.Kind.ANY)
    covered.refresh_from_db()
    assert (covered.state, covered.note) == ("accepted", f"Covered by the rule about {PANEL}.")


# The desk


def page_of(proposal: RuleProposal) -> str:
    return f"/admin/fieldwork/ruleproposal/{proposal.pk}/decide/"


def test_desk_shows_evidence_then_impact_then_the_held_visits(
    client: Client, proposal: RuleProposal, supervisor: User, device: Product
):
    visit = planned(technician(), factories.ordered(panel_model=PANEL, device=device))
    client.force_login(supervisor)
    page = client.get(f"/admin/fieldwork/ruleproposal/{proposal.pk}/change/", follow=True)
    assert "3 visits failed" in page.text
    assert page.text.count("The MSA does not fit the meter socket") >= 4
    looked = client.post(page_of(proposal), {"step": "look", "kind": "device", "explanation": WHY})
    assert "4 open requests" in looked.text
    assert "1 planned visit." in looked.text
    assert str(visit.order.number) in looked.text
    assert PanelRestriction.objects.count() == 0
    typed = {"step": "accept", "kind": "device", "explanation": WHY, "seen": looked.context["seen"]}
    done = client.post(page_of(proposal), typed, follow=True)
    assert "4 open requests are told." in done.text
    assert "Look at these visits before a van rolls" in done.text
    assert str(visit.order.number) in done.text
    listed = client.get("/admin/fieldwork/sitevisit/?waits=held")
    assert [str(row) for row in listed.context["cl"].result_list] == [str(visit)]
    assert "Look first" in client.get(f"/admin/fieldwork/sitevisit/{visit.pk}/schedule/").text


def test_desk_declines_with_the_reason(client: Client, proposal: RuleProposal, supervisor: User):
    client.force_login(supervisor)
    assert "why not" in client.post(page_of(proposal), {"step": "decline", "note": ""}).text
    client.post(page_of(proposal), {"step": "decline", "note": "One bad batch."})
    proposal.refresh_from_db()
    assert (proposal.state, proposal.note) == ("declined", "One bad batch.")
    assert "One bad batch." in client.get(page_of(proposal)).text


def test_desk_lets_only_those_decide_who_may(client: Client, proposal: RuleProposal):
    client.force_login(factories.staff())
    page = client.get(page_of(proposal))
    assert "Only a supervisor decides on proposed rules." in page.text
    assert "Make a rule of it" not in page.text
    looked = client.post(page_of(proposal), {"step": "look", "kind": "device", "explanation": WHY})
    typed = {"step": "accept", "kind": "device", "explanation": WHY, "seen": looked.context["seen"]}
    assert "Only a supervisor" in client.post(page_of(proposal), typed).text
    proposal.refresh_from_db()
    assert proposal.state == "open"


def test_supervisor_adds_a_restriction_of_their_own_and_sees_whom_it_touches_first(
    client: Client, supervisor: User, device: Product
):
    draft = factories.complete_request(panel_model=PANEL, device=device)
    client.force_login(supervisor)
    typed = {"panel_model": PANEL, "device": device.pk, "explanation": WHY, "is_active": "on"}
    asked = client.post("/admin/requests_app/panelrestriction/add/", typed)
    assert draft.reference in asked.text
    assert PanelRestriction.objects.count() == 0
    client.post("/admin/requests_app/panelrestriction/add/", typed | {"_confirmed": asked.context["seen"]})
    rule = PanelRestriction.objects.get()
    assert (rule.explanation, [reference for reference, _who in told()]) == (f"{WHY}.", [draft.reference])
    off = {key: value for key, value in typed.items() if key != "is_active"}
    asked = client.post(f"/admin/requests_app/panelrestriction/{rule.pk}/change/", off)
    client.post(f"/admin/requests_app/panelrestriction/{rule.pk}/change/", off | {"_confirmed": asked.context["seen"]})
    assert (findings(draft), len(told())) == ([], 1)
