"""One rule, for one request and for many: in Python and in the database, loaded together and read alone (ADR 26)."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.business_days.calendar import local_day
from msa_portal.business_days.models import ClosureDay
from requests_app import history, program
from requests_app.enums import Holder, Party, RequestType, Section, Status
from requests_app.lifecycle import next_steps, policies
from requests_app.models import (
    AgentAuthority,
    Agreement,
    IncompatiblePanel,
    MSARequest,
    PanelRestriction,
    ProgramSettings,
    Signature,
    SignedSection,
)
from requests_app.models.parties import acted_for_by, acts_for, has_agent, with_agent
from requests_app.readiness import readiness
from requests_app.status import status_summary
from requests_app.status.clocks import Clocks
from tests import factories

pytestmark = pytest.mark.django_db

MANY = 800
OF_CUSTOMER, OF_AGENT = (Section.CUSTOMER_TERMS, Section.AUTHORIZATION), (Section.AUTHORIZATION, Section.SUBMITTAL)


@pytest.fixture
def people():
    """A customer, an agent, somebody who is both, a stranger."""
    company = factories.CompanyFactory()
    both = factories.member_of(company)
    return [factories.UserFactory(), factories.member_of(company), both, factories.UserFactory()]


@pytest.fixture
def made(people) -> list[MSARequest]:
    """Requests of every make: with and without owner, agent, authority, agreement and signatures, in every status."""
    draw = Random(26)
    alice, bob, both, _stranger = people
    companies = [None, bob.companies.get(), factories.CompanyFactory()]
    authorities = [None, None, *_authorities(companies[1:])]
    rows = [
        MSARequest(
            reference=f"MSA-0000-{number:06d}",
            status=draw.choice(Status.values),
            request_type=draw.choice(RequestType.values),
            created_by=alice,
            owner=draw.choice([None, alice, both]),
            agent_company=draw.choice(companies),
            agent_revoked_at=draw.choice([None, None, timezone.now()]),
            authority=draw.choice(authorities),
        )
        for number in range(MANY)
    ]
    MSARequest.objects.bulk_create(rows)
    wording = factories.AgreementWordingFactory()
    for row in rows:
        for version, state in enumerate(draw.choice([[], ["signing"], ["superseded", "signing"], ["rendering"]]), 1):
            with_agents = draw.random() < 0.7
            agreement = Agreement.objects.create(
                msa_request=row,
                version=version,
                wording=wording,
                facts={},
                sections=[*dict.fromkeys([*OF_CUSTOMER[:1], *(OF_AGENT if with_agents else ())])],
                state=state,
            )
            _sign(agreement, draw)
    return list(MSARequest.objects.order_by("pk"))


def _authorities(companies) -> list[AgentAuthority]:
    """Of each company: one until today, one that ran out, one that goes on, one that was ended."""
    today, now = local_day(timezone.now()), timezone.now()
    ends = [(0, None), (-1, None), (1, None), (1, now)]
    return [
        AgentAuthority.objects.create(
            customer_email=f"customer{place}@example.com",
            account_number="8000000000",
            company=company,
            given_at=now,
            expires_on=today + timedelta(days=days),
            ended_at=ended_at,
            ended_because="revoked" if ended_at else "",
        )
        for company in companies
        for place, (days, ended_at) in enumerate(ends)
    ]


def _sign(agreement: Agreement, draw: Random) -> None:
    for party in Party:
        sections = [section for section in agreement.sections_of(party) if draw.random() < 0.7]
        if sections:
            signature = Signature.objects.create(
                agreement=agreement,
                party=party,
                sections=sections,
                name="Alice",
                email="alice@example.org",
                email_proof="account",
                consent_text="",
                document_sha256="",
                signed_at=timezone.now(),
            )
            for section in sections:
                SignedSection.objects.create(signature=signature, agreement=agreement, party=party, section=section)


def _found(condition) -> set[int]:
    return set(MSARequest.objects.filter(condition).values_list("pk", flat=True))


def _waits_for(user, row: MSARequest) -> bool:
    who = history.waiting_on(row)
    if who == Holder.CUSTOMER:
        return row.owner_id == user.pk
    return who == Holder.AGENT and row.agent_company_id in user.company_ids


def test_rules_say_the_same_in_python_and_in_the_database(made, people):
    rules = {"has an agent": ({row.pk for row in made if has_agent(row)}, _found(with_agent()))}
    for user in people:
        rules[f"{user} acts"] = ({row.pk for row in made if acts_for(user, row)}, _found(acted_for_by(user)))
        rules[f"waits for {user}"] = (
            {row.pk for row in made if _waits_for(user, row)},
            _found(history.waits_for(user)),
        )
    for name, (in_python, in_database) in rules.items():
        assert in_python == in_database, name
    assert sum(bool(in_python) for in_python, _ in rules.values()) == len(rules) - 2  # a stranger has none
    assert len({frozenset(in_python) for in_python, _ in rules.values()}) == len(rules) - 1


def test_rules_say_the_same_of_requests_loaded_together_and_of_each_alone(made):
    alone = [history.waiting_on(row) for row in made]
    with CaptureQueriesContext(connection) as queries:
        together = [history.waiting_on(row) for row in MSARequest.objects.with_case().order_by("pk")]
    assert (together, len(queries)) == (alone, 2)


STATIONS = [
    lambda: factories.complete_request(panel_rating_amps=None),
    lambda: factories.complete_request(service_amps=400, panel_rating_amps=400),
    factories.complete_request,
    lambda: factories.prepared(factories.complete_request()).msa_request,
    lambda: factories.executed(factories.complete_request()),
    lambda: factories.executed(factories.complete_request(clear_meter_access=False)),
    factories.submitted,
    factories.corrections_required,
    factories.valid,
    factories.ordered,
    factories.failed,
    factories.completed,
]


def _said(row: MSARequest, clocks: Clocks) -> list[object]:
    refused = policies.refusal(policies.check_payable, row)
    person = factories.actor_of(row)
    return [
        refused and refused.code,
        readiness.check(row).items,
        next_steps.next_step(row, person),
        next_steps.actions(row, person),
        status_summary.outlook(row, clocks),
        status_summary.holder_words(row),
    ]


def test_what_a_page_says_is_the_same_for_one_request_and_for_a_page_of_them():
    rows = sorted((make() for make in STATIONS), key=lambda row: row.pk)
    clocks = Clocks.load(today=local_day(timezone.now()))
    alone = [_said(factories.refreshed(row), clocks) for row in rows]
    loaded = MSARequest.objects.filter(pk__in=[row.pk for row in rows]).with_case().order_by("pk")
    assert [_said(row, clocks) for row in loaded] == alone
    assert {said[0] for said in alone} == {
        "incomplete",
        "not_eligible",
        "agreement_not_executed",
        "fix_first",
        None,
        "nothing_due",
    }


def test_a_kept_case_goes_when_its_request_is_read_again():
    msa_request = MSARequest.objects.with_case().get(pk=factories.complete_request().pk)
    assert msa_request.case.agreement is None
    agreement = factories.prepared(msa_request)
    msa_request.refresh_from_db()
    assert msa_request.case.agreement == agreement


def test_settings_read_in_one_query_are_those_read_one_by_one():
    ProgramSettings.current()
    ClosureDay.objects.create(on="2031-01-02", name="Inventory")
    IncompatiblePanel.objects.create(model="Made-Up 12-B")
    device = factories.ProductFactory()
    PanelRestriction.objects.create(panel_model="Other 9", device=device, explanation='Two\nlines, "quoted"')
    with CaptureQueriesContext(connection) as queries:
        read = program.load()
        together = (read.figures.visit_days, read.calendar, read.panels)
    one_by_one = program.Program()
    assert together == (one_by_one.figures.visit_days, one_by_one.calendar, one_by_one.panels)
    assert len(queries) == 1
    assert "MADEUP12B" in read.panels.incompatible
