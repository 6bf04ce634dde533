"""People, reference data, and requests at every station, made through the services.

`complete_request` → `executed` → `paid` (submits) → `valid` → `ordered` → `failed` or `completed`.
Each takes the request and gives it back as it is then; `submitted`, `corrections_required` and the
later ones also make one where none is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.roles import Role
from requests_app.agreements import versions
from requests_app.enums import (
    FINAL,
    AgreementState,
    CheckAnswer,
    CheckCode,
    DecisionKind,
    DocumentKind,
    Party,
    Responsible,
    Settlement,
    WithdrawalReason,
)
from requests_app.lifecycle import decision_acts, drafts, settlement, staff_decisions, transitions
from requests_app.lifecycle import seen as seen_states
from requests_app.models import (
    Agreement,
    AgreementWording,
    CorrectionReason,
    Document,
    MSARequest,
    OutcomeReason,
    Product,
    ScreeningAnswer,
    ServiceAccount,
    StaffDecision,
)
from requests_app.screening import corrections
from requests_app.signing import esign_consent, invitations, signatures
from tests.stations import station

PASSWORD = "correct horse battery staple"


class UserFactory(DjangoModelFactory[User]):
    """`roles=[Role.SUPERVISOR]` grants them; the password is `PASSWORD`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Alice Sample {n}")
    email = factory.Sequence(lambda n: f"alice{n}@example.com")
    phone = "626-555-0100"

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        kwargs.setdefault("password", PASSWORD)
        return model_class.objects.create_user(*args, **kwargs)

    @factory.post_generation
    def roles(self: User, create: bool, extracted: Iterable[Role] | None, **_kwargs: Any) -> None:
        for role in extracted or ():
            self.grant(role)

    @factory.post_generation
    def company(self: User, create: bool, extracted: Company | None, **_kwargs: Any) -> None:
        if extracted:
            Membership.objects.create(user=self, company=extracted)


def staff() -> User:
    return UserFactory(name="Sam Staff", roles=[Role.PROGRAM_STAFF])


def supervisor() -> User:
    return UserFactory(name="Sue Supervisor", roles=[Role.SUPERVISOR])


def dispatcher() -> User:
    return UserFactory(name="Dan Dispatcher", roles=[Role.DISPATCHER])


def technician() -> User:
    """A person with the technician's role; field work's own row is made by its tests."""
    return UserFactory(name="Tess Technician", roles=[Role.TECHNICIAN])


class CompanyFactory(DjangoModelFactory[Company]):
    class Meta:
        model = Company

    name = factory.Sequence(lambda n: f"Bright Installers {n}")
    license_number = "1000001"
    license_classification = "C-10"
    phone = "626-555-0199"
    email = "office@bright.example"
    address = "1 Main Street, Monrovia, CA 91016"


def member_of(company: Company, **fields: Any) -> User:
    return UserFactory(**{"name": "Bob Builder", "company": company} | fields)


class ProductFactory(DjangoModelFactory[Product]):
    """Isolating and approved since long ago; the figures of an ordinary 200 A adapter."""

    class Meta:
        model = Product

    manufacturer = "Acme"
    model = factory.Sequence(lambda n: f"Adapter {n}")
    isolating = True
    required_companions = factory.LazyFunction(lambda: ["storage"])
    max_service_amps = 200
    approved_from = date(2023, 4, 1)


class ServiceAccountFactory(DjangoModelFactory[ServiceAccount]):
    """By default the record that matches `COMPLETE_FACTS`."""

    class Meta:
        model = ServiceAccount
        django_get_or_create = ("account_number",)

    account_number = "700123456789"
    name = "Alice Sample"
    street = "12 Oak Avenue"
    city = "Monrovia"
    zip_code = "91016"
    meter_number = "223010-123456"
    service_class = "residential"
    meter_kind = "self_contained"


class OutcomeReasonFactory(DjangoModelFactory[OutcomeReason]):
    class Meta:
        model = OutcomeReason
        django_get_or_create = ("code",)

    code = "package_missing"
    title = "The package with the MSA was not at the meter"
    rule = "E13"
    responsible = Responsible.CUSTOMER


class CorrectionReasonFactory(DjangoModelFactory[CorrectionReason]):
    class Meta:
        model = CorrectionReason
        django_get_or_create = ("code",)

    code = "account_number_differs"
    title = "The account number is not the one on the utility's record"
    field = "account_number"
    check_code = CheckCode.C5


class AgreementWordingFactory(DjangoModelFactory[AgreementWording]):
    class Meta:
        model = AgreementWording
        django_get_or_create = ("version",)

    version = "test-1"
    customer_terms = "You own the adapter. The utility's technician puts it in."
    authorization = "You let the agent act for you."
    submittal = "The agent says that the answers are right."
    consent = "I agree to sign electronically."
    published_at = factory.LazyFunction(timezone.now)
    effective_on = date(2025, 6, 12)


COMPLETE_FACTS: dict[str, Any] = {
    "request_type": "install",
    "customer_name": "Alice Sample",
    "customer_phone": "626-555-0100",
    "account_number": "700123456789",
    "street": "12 Oak Avenue",
    "city": "Monrovia",
    "zip_code": "91016",
    "service_class": "residential",
    "meter_kind": "self_contained",
    "service": "single_phase_3_wire_120_240",
    "service_entrance": "overhead",
    "service_amps": 200,
    "panel_rating_amps": 200,
    "panel_model": "QO-200",
    "double_sided_clips": False,
    "service_requirement_violation": False,
    "existing_adapter": "none",
    "has_solar": True,
    "has_storage": True,
    "backfeed_amps": 60,
    "device_purchased": True,
    "manufacturer_requirements_met": True,
    "liquid_tight_on_communication_cable": False,
    "energized_conductors_in_liquid_tight": "none",
    "communication_conduit_obstructs": False,
    "device_in_waterproof_package": True,
    "device_clean_dry_undamaged": True,
    "clear_meter_access": True,
}


def draft(*, owner: User | None = None, company: Company | None = None) -> MSARequest:
    """A new request: the owner's, or one that a member of the company makes for a customer."""
    if company is not None:
        return drafts.start(by=company.members.first() or member_of(company), company=company)
    return drafts.start(by=owner or UserFactory())


def complete_request(*, owner: User | None = None, company: Company | None = None, **facts: Any) -> MSARequest:
    """A draft whose form is filled in, as an eligible installation unless `facts` say otherwise."""
    msa_request = draft(owner=owner, company=company)
    if company is not None:
        facts.setdefault("customer_email", f"customer{msa_request.pk}@example.com")
    answers = COMPLETE_FACTS | _account(msa_request) | facts
    if answers["request_type"] in {"install", "replacement"} and "device" not in facts:
        answers["device"] = ProductFactory()
    return drafts.save_facts(msa_request, answers, by=actor_of(msa_request), version=msa_request.version)


def _account(msa_request: MSARequest) -> dict[str, str]:
    """The account that has a record is the first request's; each later one has its own (D27)."""
    known = MSARequest.objects.filter(account_number=COMPLETE_FACTS["account_number"]).exclude(status__in=FINAL)
    return {"account_number": f"7{msa_request.pk:011d}"} if known.exists() else {}


def actor_of(msa_request: MSARequest) -> User:
    """Who acts on it: the agent where there is one, else the owner."""
    person = msa_request.agent if msa_request.has_agent else msa_request.owner
    assert person is not None
    return person


def open_with_a_stand_in(agreement: Agreement) -> None:
    """Ready to sign, with a few bytes in place of the PDF, stored as its worker stores it."""
    body = b"%PDF-1.7 " + agreement.number.encode()
    agreement.document = Document.objects.create(
        msa_request=agreement.msa_request,
        kind=DocumentKind.AGREEMENT,
        name=f"{agreement.number}.pdf",
        file=ContentFile(body, name="agreement.pdf"),
        content_type="application/pdf",
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
    )
    agreement.state = AgreementState.SIGNING
    agreement.save(update_fields=["document", "state"])


def prepared(msa_request: MSARequest) -> Agreement:
    """The agreement, open for signatures, with a stand-in for the rendered PDF."""
    if not AgreementWording.objects.filter(published_at__isnull=False).exists():
        AgreementWordingFactory()
    agreement = versions.prepare(msa_request, by=actor_of(msa_request))
    if agreement.state == AgreementState.RENDERING:
        open_with_a_stand_in(agreement)
    return agreement


def sign(agreement: Agreement, party: Party) -> None:
    """That party signs: the agent and the owner signed in, the customer of an agent by a link."""
    msa_request = agreement.msa_request
    person, invitation = actor_of(msa_request), None
    if party == Party.CUSTOMER and msa_request.owner:
        person = msa_request.owner
    elif party == Party.CUSTOMER:
        invitation = invitations.invite_customer(agreement, by=person)
    proof = invitations.Proof(
        user=None if invitation else person,
        invitation=invitation,
        email=msa_request.customer_email if invitation else person.email,
        ip_address="127.0.0.1",
        user_agent="tests",
    )
    name = msa_request.customer_name if party == Party.CUSTOMER else person.name
    assert agreement.document is not None
    esign_consent.open_document(agreement, party, proof)
    esign_consent.give(agreement, party, proof)
    signatures.sign(agreement, party=party, name=name, document_sha256=agreement.document.sha256, proof=proof)


def executed(msa_request: MSARequest) -> MSARequest:
    """The agreement is signed by everyone."""
    agreement = prepared(msa_request)
    for party in reversed(agreement.parties):
        if not agreement.signatures.filter(party=party).exists():
            sign(agreement, party)
    return refreshed(msa_request)


def seen(msa_request: MSARequest) -> dict[str, str]:
    """What the forms of the desk's pages carry: the request as it is now."""
    return {"seen": seen_states.of(refreshed(msa_request)).token}


def decide(
    msa_request: MSARequest, kind: DecisionKind, *, by: User, at_once: bool = False, **content: Any
) -> StaffDecision:
    """By staff who look at the request as it is now."""
    now = seen_states.of(refreshed(msa_request))
    return staff_decisions.decide(msa_request, kind, content, by=by, seen=now, at_once=at_once)


def paid(msa_request: MSARequest, *, how: Settlement = Settlement.PAID) -> MSARequest:
    """The fee of the open visit is settled, which submits (or completes what waited for it)."""
    visit = msa_request.rounds.get(closed_at__isnull=True)
    settlement.open_fee_form(msa_request, by=actor_of(msa_request))
    settlement.settle(visit, how=how, by=actor_of(msa_request))
    return refreshed(msa_request)


@station
def submitted(msa_request: MSARequest | None = None, **facts: Any) -> MSARequest:
    return paid(executed(msa_request or complete_request(**facts)))


@station
def corrections_required(msa_request: MSARequest | None = None, *, note: str = "", **facts: Any) -> MSARequest:
    msa_request = msa_request or submitted(**facts)
    item = transitions.RequiredCorrection(CorrectionReasonFactory(), note=note)
    items = decision_acts.items_as_content([item])
    decide(msa_request, DecisionKind.SEND_BACK, by=staff(), at_once=True, items=items)
    return refreshed(msa_request)


@station
def valid(msa_request: MSARequest | None = None, **facts: Any) -> MSARequest:
    """Screened, every check answered, and found valid."""
    msa_request = msa_request or submitted(**facts)
    person = staff()
    screening = msa_request.screenings.get(decided_at__isnull=True)
    for item in msa_request.corrections.to_judge():
        corrections.accept(item, by=person)
    for code in CheckCode:
        ScreeningAnswer.objects.update_or_create(
            screening=screening, check_code=code, defaults={"answer": CheckAnswer.YES, "answered_by": person}
        )
    decide(msa_request, DecisionKind.VALID, by=person, at_once=True)
    return refreshed(msa_request)


@station
def ordered(msa_request: MSARequest | None = None, **facts: Any) -> MSARequest:
    """The service order is issued."""
    msa_request = msa_request or valid(**facts)
    decide(msa_request, DecisionKind.ORDER, by=staff(), at_once=True)
    return refreshed(msa_request)


@station
def completed(msa_request: MSARequest | None = None, **facts: Any) -> MSARequest:
    msa_request = msa_request or ordered(**facts)
    transitions.complete(msa_request, by=technician())
    return refreshed(msa_request)


@station
def failed(
    msa_request: MSARequest | None = None, *, reasons: Iterable[OutcomeReason] | None = None, **facts: Any
) -> MSARequest:
    """The visit did not succeed; by default the package was missing, which costs a second fee (D3)."""
    msa_request = msa_request or ordered(**facts)
    chosen = [OutcomeReasonFactory()] if reasons is None else list(reasons)
    transitions.fail(msa_request, by=technician(), reasons=chosen)
    return refreshed(msa_request)


def utility_reason() -> OutcomeReason:
    """A reason on the utility's side, with somebody at the site."""
    return OutcomeReasonFactory(
        code="meter_or_record_error",
        title="The meter or the utility's record was wrong",
        rule="",
        responsible=Responsible.UTILITY,
    )


@station
def withdrawn(msa_request: MSARequest | None = None, **facts: Any) -> MSARequest:
    msa_request = msa_request or submitted(**facts)
    transitions.withdraw(msa_request, by=actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
    return refreshed(msa_request)


def refreshed(msa_request: MSARequest) -> MSARequest:
    """Read anew, with nothing remembered of its people and device."""
    return MSARequest.objects.select_related("owner", "agent", "agent_company", "device").get(pk=msa_request.pk)
