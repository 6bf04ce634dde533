"""One request through the services, from its start to Installation Complete, and its rows alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import connection
from django.utils import timezone

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from requests_app.agreements import versions
from requests_app.application import steps
from requests_app.enums import CheckCode, DecisionKind, Party, Settlement, Status, VisitOutcome
from requests_app.lifecycle import drafts, seen, settlement, staff_decisions
from requests_app.models import MSARequest, Product
from requests_app.screening import desk
from requests_app.signing import esign_consent, signatures
from requests_app.signing.invitations import Proof
from tests import factories
from tests.benchmarks.measure import Case, Statements, rolled_back

INSERTS = "bare_inserts"
ALL_YES = {code.value: ("yes", "") for code in CheckCode}


@dataclass
class People:
    """Who takes part, made before anything is timed."""

    owner: User
    staff: User
    dispatcher: User
    technician: Technician
    device: Product
    on: date

    @classmethod
    def ready(cls) -> People:
        factories.AgreementWordingFactory()
        factories.ServiceAccountFactory()
        return cls(
            owner=factories.UserFactory(name="Alice Sample"),
            staff=factories.staff(),
            dispatcher=factories.dispatcher(),
            technician=Technician.objects.create(user=factories.technician(), employee_number="T-1"),
            device=factories.ProductFactory(),
            on=calendar.load().add(calendar.local_day(timezone.now()), 1),
        )


def cases() -> list[Case]:
    people = People.ready()

    def live() -> None:
        whole_life(people)

    inserts = inserts_of(lambda: check_completed(whole_life(people)))
    written = rows_of(live)
    return [
        Case(
            INSERTS, "Bare inserts of a lifecycle's rows", replay(inserts), against=INSERTS, writes=True, rows=written
        ),
        Case("lifecycle", "Whole lifecycle through the services", live, against=INSERTS, writes=True, rows=written),
    ]


def whole_life(people: People) -> MSARequest:
    """Everything but the rendering of PDFs and the talk with the payment provider."""
    msa_request = filled_in(people)
    signed(msa_request, people)
    to_pay = settlement.open_fee_form(msa_request, by=people.owner)
    settlement.settle(to_pay, how=Settlement.PAID, by=people.owner)
    desk.answer_checks(msa_request, ALL_YES, by=people.staff)
    for kind in (DecisionKind.VALID, DecisionKind.ORDER):
        staff_decisions.decide(msa_request, kind, {}, by=people.staff, seen=seen.of(msa_request))
    visit = SiteVisit.objects.select_related("order__round").get(order__round__msa_request=msa_request)
    orders.schedule(visit, by=people.dispatcher, technician=people.technician, on=people.on, window="morning")
    closeouts.go_on_site(visit, by=people.technician.user)
    report = closeouts.Report(id=uuid4(), outcome=VisitOutcome.COMPLETE)
    closeouts.close_out(visit, report, by=people.technician.user)
    return msa_request


def check_completed(msa_request: MSARequest) -> None:
    if MSARequest.objects.get(pk=msa_request.pk).status != Status.INSTALLATION_COMPLETE:
        raise RuntimeError("the lifecycle did not come to its end")


def signed(msa_request: MSARequest, people: People) -> None:
    """By its owner, on the screen. The PDF is a stand-in."""
    agreement = versions.prepare(msa_request, by=people.owner)
    factories.open_with_a_stand_in(agreement)
    owner, party = people.owner, Party.CUSTOMER
    proof = Proof(user=owner, invitation=None, email=owner.email, ip_address="127.0.0.1", user_agent="tests")
    esign_consent.open_document(agreement, party, proof)
    esign_consent.give(agreement, party, proof)
    signatures.sign(agreement, party=party, name=owner.name, document_sha256=agreement.document.sha256, proof=proof)


def filled_in(people: People) -> MSARequest:
    """Saved once a step, as the form does at the least."""
    msa_request = drafts.start(by=people.owner)
    facts = factories.COMPLETE_FACTS | {"device": people.device, "account_number": f"7{msa_request.pk:011d}"}
    for step in steps.STEPS:
        changes = {field.name: facts[field.name] for field in step.fields if field.name in facts}
        msa_request = drafts.save_facts(msa_request, changes, by=people.owner, version=msa_request.version)
    return msa_request


def rows_of(action: Callable[[], None]) -> int:
    """How many rows are there more after `action`, over all tables: one statement may insert several."""
    counted: list[int] = []

    def counting() -> None:
        before = _rows()
        action()
        counted.append(_rows() - before)

    rolled_back(counting)
    return counted[0]


def _rows() -> int:
    return sum(model._base_manager.count() for model in apps.get_models(include_auto_created=True))


def inserts_of(action: Callable[[], None]) -> list[tuple[str, Any]]:
    """The inserts that `action` makes, with their values."""
    statements = Statements()
    rolled_back(partial(statements.recorded, action))
    return [(sql, params) for sql, params in statements.seen if sql.startswith("INSERT")]


def replay(inserts: list[tuple[str, Any]]) -> Callable[[], None]:
    """The same rows again. Foreign keys are looked at on commit, which never comes."""

    def insert() -> None:
        with connection.cursor() as cursor:
            for sql, params in inserts:
                cursor.execute(sql, params)
                if cursor.description:
                    cursor.fetchall()

    return insert
