"""A request's page: who has the ball, what comes next and by when, and why not (part 13)."""

from __future__ import annotations

from datetime import date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from msa_portal.business_days.calendar import UTILITY_ZONE, BusinessCalendar
from msa_portal.business_days.models import ClosureDay
from requests_app.enums import Party
from requests_app.lifecycle import drafts, transitions
from requests_app.lifecycle.next_steps import actions, next_step
from requests_app.models import MSARequest, ProgramSettings
from requests_app.signing import authority, invitations
from requests_app.status.clocks import Clocks
from requests_app.status.status_summary import outlook, type_words
from requests_app.status.timeline import timeline
from tests import factories
from tests.markup import laid_out

pytestmark = pytest.mark.django_db


def clocks_on(day: date) -> Clocks:
    return Clocks(BusinessCalendar(), ProgramSettings.current(), day)


def test_next_step_leads_a_customer_from_the_form_to_the_fee():
    msa_request = factories.complete_request(panel_rating_amps=None)
    owner = msa_request.owner
    steps = [next_step(msa_request, owner)]
    msa_request = drafts.save_facts(msa_request, {"panel_rating_amps": 200}, by=owner, version=msa_request.version)
    steps.append(next_step(msa_request, owner))
    agreement = factories.prepared(msa_request)
    steps.append(next_step(msa_request, owner))
    factories.sign(agreement, Party.CUSTOMER)
    msa_request = factories.refreshed(msa_request)
    steps.append(next_step(msa_request, owner))
    msa_request = factories.paid(msa_request)
    assert [step.label for step in steps] == [
        "Continue the form",
        "Review and go on to the agreement",
        "Read and sign the agreement",
        "Pay the fee",
    ]
    assert steps[0].url == reverse("requests:form", args=[msa_request.reference, "panel"])
    assert next_step(msa_request, owner) is None


def test_next_step_is_nobodys_but_those_who_act_for_the_request():
    msa_request = factories.complete_request()
    assert next_step(msa_request, factories.staff()) is None
    assert actions(msa_request, factories.UserFactory()) == []


def test_next_step_after_a_failed_visit_and_after_corrections():
    failed = factories.failed()
    assert next_step(failed, failed.owner).label == "Choose how to go on"
    corrections = factories.corrections_required()
    assert next_step(corrections, corrections.owner).label == "Answer the corrections"


def test_every_action_that_is_not_possible_says_why():
    msa_request = factories.submitted()
    assert {step.label: (bool(step.url), step.reason) for step in actions(msa_request, msa_request.owner)} == {
        "Change the answers": (False, "This request is “Request Submitted”, so its answers stand as they are."),
        "Submit Meter Socket Adapter Fee": (False, "Nothing is to be paid on this request now."),
        "Answer corrections": (False, "Nothing is to be corrected now."),
        "Reschedule MSA Site Visit": (False, "This is for after a visit that did not succeed."),
        "Modification Request": (False, "This is for after a visit that did not succeed."),
        "Withdraw IR": (True, ""),
    }


def test_actions_after_a_failed_visit_are_the_three_options():
    msa_request = factories.failed()
    assert [step.label for step in actions(msa_request, msa_request.owner) if step.url] == [
        "Reschedule MSA Site Visit",
        "Modification Request",
        "Withdraw IR",
    ]


def test_outlook_says_by_when_at_each_station():
    moment = datetime(2026, 3, 2, 10, tzinfo=UTILITY_ZONE)
    with time_machine.travel(moment, tick=False):
        stations = {
            "draft": factories.complete_request(),
            "submitted": factories.submitted(),
            "corrections": factories.corrections_required(),
            "valid": factories.valid(),
            "ordered": factories.ordered(),
            "completed": factories.completed(),
            "withdrawn": factories.withdrawn(),
        }
    until = {
        name: outlook(msa_request, clocks_on(date(2026, 3, 3))).until_on for name, msa_request in stations.items()
    }
    assert until == {
        "draft": date(2026, 5, 31),
        "submitted": date(2026, 4, 13),
        "corrections": date(2026, 5, 31),
        "valid": date(2026, 3, 16),
        "ordered": date(2026, 4, 13),
        "completed": None,
        "withdrawn": None,
    }


def test_outlook_of_a_paused_clock_names_who_holds_it():
    msa_request = factories.corrections_required()
    words = outlook(msa_request, clocks_on(date(2026, 12, 1))).clock_text
    assert "stands still while the customer has the request" in words


def test_page_says_where_the_request_stands(client):
    ClosureDay.objects.update_or_create(on=date(2026, 3, 31), defaults={"name": "Cesar Chavez Day"})
    with time_machine.travel(datetime(2026, 3, 2, 23, 59, tzinfo=UTILITY_ZONE), tick=False):
        msa_request = factories.submitted()
    with time_machine.travel(datetime(2026, 3, 5, 9, tzinfo=UTILITY_ZONE), tick=False):
        client.force_login(msa_request.owner)
        page = laid_out(client.get(msa_request.get_absolute_url()).content.decode())
    for words in ("Request Submitted", "The utility, since Mon, Mar 2, 2026", "Tue, Apr 14, 2026", "3 of 30"):
        assert words in page


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"request_type": "removal", "existing_adapter": "gma"}, "Removal complete"),
        ({"request_type": "replacement", "existing_adapter": "gma"}, "Replacement complete"),
        ({}, ""),
    ],
)
def test_words_of_the_type_stand_beside_the_official_status(client, facts, words):
    """D2."""
    msa_request = factories.completed(**facts)
    assert (msa_request.get_status_display(), type_words(msa_request)) == ("Installation Complete", words)
    client.force_login(msa_request.owner)
    page = client.get(msa_request.get_absolute_url()).content.decode()
    assert "Installation Complete" in page
    assert words in page


def test_timeline_tells_reasons_and_keeps_the_names_of_staff_from_customers():
    msa_request = factories.failed(reasons=[factories.utility_reason()])
    entries = timeline(msa_request, msa_request.owner)
    assert (entries[0].title, entries[0].who) == ("Site visit unsuccessful", "the utility")
    assert entries[0].details == ("The meter or the utility's record was wrong",)
    assert (entries[0].status, entries[0].waits_for) == ("Site Visit Unsuccessful", "Customer")
    assert (entries[-1].title, entries[-1].who) == ("Request started", "you")
    assert "Tess Technician" in {entry.who for entry in timeline(msa_request, factories.staff())}


def test_page_needs_no_more_queries_with_a_longer_history(client):
    short, long = factories.submitted(), factories.failed()
    reasons = [
        factories.OutcomeReasonFactory(code=f"reason-{number}", title=f"Reason {number}") for number in range(4)
    ]
    longest = factories.failed(reasons=reasons)
    counts = []
    for msa_request in (short, short, long, longest):
        client.force_login(msa_request.owner)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(msa_request.get_absolute_url()).status_code == 200
        counts.append(len(queries))
    assert counts[3] == counts[2]
    assert counts[2] - counts[1] <= 3  # the reasons of the visit, and the days that were named
    assert max(counts) <= 12


@pytest.mark.parametrize(
    "station",
    [
        factories.complete_request,
        factories.submitted,
        factories.corrections_required,
        factories.valid,
        factories.ordered,
        factories.completed,
        factories.failed,
        factories.withdrawn,
    ],
)
def test_page_is_there_at_every_station_for_owner_agent_and_staff(client, station):
    msa_request = station(company=factories.CompanyFactory())
    alice = factories.UserFactory()
    drafts.claim(msa_request, by=alice)
    for viewer in (alice, msa_request.agent, factories.staff()):
        client.force_login(viewer)
        assert client.get(msa_request.get_absolute_url()).status_code == 200
    for stranger in (factories.UserFactory(), factories.technician()):
        client.force_login(stranger)
        assert client.get(msa_request.get_absolute_url()).status_code == 404


@pytest.fixture
def of_agent():
    """A request of Bob's company, which its customer Alice has taken into her account."""
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    drafts.claim(msa_request, by=factories.UserFactory(name="Alice Sample"))
    return factories.refreshed(msa_request)


def test_revoking_the_agent_is_asked_first_and_then_ends_their_access_at_once(client, of_agent):
    """Fault 38, D10."""
    bob, alice = of_agent.agent, of_agent.owner
    address = reverse("requests:revoke_agent", args=[of_agent.reference])
    client.force_login(alice)
    assert "see or change these requests" in client.get(address).content.decode()
    assert MSARequest.objects.get().agent_revoked_at is None
    client.post(address)
    page = client.get(of_agent.get_absolute_url()).content.decode()
    assert "The authority of" in page
    client.force_login(bob)
    form = reverse("requests:form", args=[of_agent.reference, "where"])
    assert client.get(of_agent.get_absolute_url()).status_code == 404
    assert client.post(form, {"version": of_agent.version, "city": "Azusa"}).status_code == 404


def test_revoking_the_agent_voids_the_signature_that_is_awaited(client):
    """Fault 38."""
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    agreement = factories.prepared(msa_request)
    factories.sign(agreement, Party.AGENT)
    invitation = invitations.invite_customer(agreement, by=msa_request.agent)
    drafts.claim(msa_request, by=factories.UserFactory())
    authority.take_over(msa_request, by=msa_request.owner)
    agreement.refresh_from_db()
    invitation.refresh_from_db()
    assert agreement.state == "superseded"
    assert invitation.voided_at is not None


def test_agent_is_revoked_by_the_customer_alone(client, of_agent):
    address = reverse("requests:revoke_agent", args=[of_agent.reference])
    for other in (of_agent.agent, factories.UserFactory(), factories.staff()):
        client.force_login(other)
        assert client.post(address).status_code == 404
    of_agent.refresh_from_db()
    assert of_agent.has_agent


def test_withdrawn_request_offers_nothing_more():
    msa_request = factories.complete_request()
    transitions.withdraw(msa_request, by=msa_request.owner, reason="changed_plans")
    assert all(step.reason for step in actions(msa_request, msa_request.owner))
    assert next_step(msa_request, msa_request.owner) is None
