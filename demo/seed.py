"""The demo's data: people, reference rows, and a request in every status.

Every request is made through the services, by the person whose step it is, so that each state
here can be reached. All of it stands or none does: it is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.translation import gettext as _

from demo import accounts
from demo import field as field_data
from demo.accounts import ACCOUNTS, PASSWORD, Account
from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from msa_portal.accounts.companies import details
from msa_portal.accounts.companies import invitations as company_invitations
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.approvals import services as approvals
from msa_portal.business_days import calendar
from payments.models import Fee
from payments.services import waivers
from requests_app import eligibility
from requests_app.agreements import versions
from requests_app.enums import DecisionKind, DocumentKind, Party, VisitOutcome, WithdrawalReason
from requests_app.files import storage
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import decision_acts, drafts, seen, staff_decisions, transitions
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import (
    Agreement,
    CorrectionReason,
    MSARequest,
    OutcomeReason,
    Product,
    ServiceAccount,
)
from requests_app.screening import desk
from requests_app.signing import esign_consent, invitations, rendering, signatures
from requests_app.utility_records import comparison

COMPANY = "Bright Roof Solar"
_LICENSE_HOLDS = timedelta(days=600)


def seed() -> None:
    with storage.atomic():
        people = _make_people()
        field_data.make_places()
        field_data.equip_technicians(calendar.local_day(timezone.now()))
        _approve_products()
        _make_service_accounts()
        _Story(people).tell()


# People


def _make_people() -> dict[Account, User]:
    hashed = make_password(PASSWORD)
    company = Company.objects.create(
        name=COMPANY,
        license_number="1000042",
        license_classification="C-10, C-46",
        phone="626-555-0142",
        email="office@example.com",
        address="42 Foothill Boulevard, Monrovia, CA 91016",
    )
    people = {account: _make_person(account, hashed, company) for account in ACCOUNTS}
    details.verify(
        company, by=people[accounts.STAFF], license_expires_on=calendar.local_day(timezone.now()) + _LICENSE_HOLDS
    )
    company_invitations.invite(company, by=people[accounts.MANAGER], email="invited@example.com")
    return people


def _make_person(account: Account, hashed: str, company: Company) -> User:
    user = User.objects.create(email=account.email, name=account.name, phone="626-555-0100", password=hashed)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if account.role:
        user.grant(account.role)
    if account.employee_number:
        Technician.objects.create(user=user, employee_number=account.employee_number)
    if account.is_agent:
        Membership.objects.create(user=user, company=company, is_manager=account.is_manager)
    return user


# Reference data


def _approve_products() -> None:
    """Approved so that the demo has something to choose; not verified, and no figure is added (D20)."""
    for product in Product.objects.filter(approved_from__isnull=True):
        product.approved_from = date(2026, 1, 1)
        product.verified = False
        product.save()


@dataclass(frozen=True)
class Home:
    """An invented customer and their service account."""

    account_number: str
    name: str
    street: str
    city: str
    zip_code: str
    meter_number: str
    access_notes: str = ""
    # Where the utility's record says something else than the request (C5).
    record: Mapping[str, str] = field(default_factory=dict)


_MAYA = accounts.CUSTOMER.name
HOMES = {
    "draft": Home("700100000001", _MAYA, "18 Alder Court", "Monrovia", "91016", "223010-100001"),
    "to_sign": Home("700100000002", _MAYA, "27 Birch Lane", "Monrovia", "91016", "223010-100002"),
    "fee_due": Home("700100000003", _MAYA, "305 Cedar Avenue", "Duarte", "91010", "223010-100003"),
    "visit": Home(
        "700100000004",
        _MAYA,
        "46 Dogwood Drive",
        "Arcadia",
        "91006",
        "223010-100004",
        access_notes="Meter on the left side of the house. The gate is not locked. The dog is friendly.",
    ),
    "failed": Home("700100000005", _MAYA, "511 Elm Street", "Arcadia", "91007", "223010-100005"),
    "complete": Home("700100000006", _MAYA, "62 Fir Place", "Monrovia", "91016", "223010-100006"),
    "invited": Home("700100000007", "Noah Kim", "73 Grape Street", "Azusa", "91702", "223010-100007"),
    "submitted": Home("700100000008", "Olga Ruiz", "84 Hazel Way", "Azusa", "91702", "223010-100008"),
    "differs": Home(
        "700100000009",
        "Paul Stone",
        "95 Ivy Road",
        "Glendora",
        "91740",
        "223010-100009",
        record={"street": "59 Ivy Road"},
    ),
    "waiting": Home("700100000010", "Rita Vance", "106 Juniper Terrace", "Glendora", "91741", "223010-100010"),
    "corrections": Home(
        "700100000011",
        "Seth Young",
        "117 Laurel Circle",
        "Covina",
        "91722",
        "223010-100011",
        record={"name": "Seth Jung"},
    ),
    "pending": Home("700100000012", "Tara Abbot", "128 Maple Street", "Covina", "91723", "223010-100012"),
    "second_visit": Home(
        "700100000013",
        "Uma Blake",
        "139 Nutmeg Lane",
        "West Covina",
        "91790",
        "223010-100013",
        access_notes="Please ring first: the meter is behind the side gate.",
    ),
    "unscheduled": Home("700100000014", "Vic Chen", "140 Olive Avenue", "West Covina", "91791", "223010-100014"),
    "rescheduled": Home("700100000015", "Wes Drake", "151 Pepper Drive", "San Dimas", "91773", "223010-100015"),
    "withdrawn": Home("700100000016", "Xenia Ford", "162 Quince Court", "La Verne", "91750", "223010-100016"),
    "fee_1": Home("700100000018", "Yara Gibson", "184 Sage Court", "San Dimas", "91773", "223010-100018"),
    "fee_2": Home("700100000019", "Zane Hall", "195 Tulip Way", "La Verne", "91750", "223010-100019"),
    "fee_3": Home("700100000020", "Ada Irwin", "206 Umber Lane", "Azusa", "91702", "223010-100020"),
    "plan_1": Home("700100000021", "Bea Jones", "217 Violet Drive", "Arcadia", "91006", "223010-100021"),
    "plan_2": Home("700100000022", "Cal King", "228 Willow Street", "Duarte", "91010", "223010-100022"),
    "plan_3": Home("700100000023", "Dee Lopez", "239 Yucca Road", "Azusa", "91702", "223010-100023"),
    "plan_4": Home("700100000024", "Eli Moore", "250 Zinnia Court", "Glendora", "91740", "223010-100024"),
    "plan_5": Home("700100000025", "Fay Nolan", "261 Aspen Way", "Covina", "91722", "223010-100025"),
    "plan_6": Home("700100000026", "Gus Owens", "272 Beech Lane", "West Covina", "91790", "223010-100026"),
    "try_it": Home("700100000017", _MAYA, "173 Redwood Way", "Monrovia", "91016", "223010-100017"),
}


def _make_service_accounts() -> None:
    for home in HOMES.values():
        defaults = {
            "name": home.name,
            "street": home.street,
            "city": home.city,
            "zip_code": home.zip_code,
            "meter_number": home.meter_number,
            "service_class": "residential",
            "meter_kind": "self_contained",
            **field_data.position_of(home.zip_code, int(home.account_number[-4:])),
            **home.record,
        }
        ServiceAccount.objects.get_or_create(account_number=home.account_number, defaults=defaults)


_SITE: dict[str, Any] = {
    "request_type": "install",
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
    "energized_conductors_in_liquid_tight": "yes",
    "communication_conduit_obstructs": False,
    "device_in_waterproof_package": True,
    "device_clean_dry_undamaged": True,
    "clear_meter_access": True,
}


# Requests


@dataclass
class _Story:
    """What happened to each request, told step by step."""

    people: dict[Account, User]
    today: date = field(default_factory=lambda: calendar.local_day(timezone.now()))

    def tell(self) -> None:
        customer, manager, colleague = (
            self.people[account] for account in (accounts.CUSTOMER, accounts.MANAGER, accounts.COLLEAGUE)
        )
        self._start("draft", customer, request_type="install", service_class="residential", has_solar=True)
        self._ready_to_sign("to_sign", customer)
        self._executed("fee_due", customer)
        self._ready_to_sign("invited", manager)
        for home in ("fee_1", "fee_2", "fee_3"):
            self._executed(home, manager)

        self._submitted("submitted", manager)
        self._submitted("differs", colleague)
        self._submitted("waiting", colleague)
        self._require_corrections(self._submitted("corrections", manager))
        self._valid("pending", colleague)
        self._ordered("unscheduled", colleague)
        for number in range(1, 7):
            self._ordered(f"plan_{number}", colleague)
        self._scheduled("second_visit", manager, window=SiteVisit.Window.AFTERNOON)
        self._scheduled("visit", customer, window=SiteVisit.Window.MORNING)

        self._close_out(self._scheduled("complete", customer))
        self._close_out(self._scheduled("failed", customer), "package-missing")
        self._reschedule("rescheduled", manager)
        withdrawn = self._submitted("withdrawn", manager)
        transitions.withdraw(withdrawn, by=manager, reason=WithdrawalReason.CHANGED_PLANS)

    def _start(self, home: str, by: User, **facts: Any) -> MSARequest:
        """Started by that person, for themselves or as an agent, with where it is and those facts."""
        place, company = HOMES[home], by.companies.first()
        msa_request = drafts.start(by=by, company=company)
        if company:
            facts["customer_email"] = f"{place.name.split()[0].lower()}@example.com"
        known = ("account_number", "street", "city", "zip_code", "meter_number", "access_notes")
        facts |= {name: getattr(place, name) for name in known}
        facts |= {"customer_name": place.name, "customer_phone": "626-555-0100"}
        msa_request = drafts.save_facts(msa_request, facts, by=by, version=msa_request.version)
        comparison.check_now(msa_request, by=None)  # the people of the demo keep their own tries
        return msa_request

    def _ready_to_sign(self, home: str, by: User) -> MSARequest:
        msa_request = self._start(home, by, device=self._device(), **_SITE)
        rendering.render(versions.prepare(msa_request, by=by).pk)
        return msa_request

    @staticmethod
    def _device() -> Product:
        return Product.objects.order_by("-isolating", "-max_service_amps")[0]

    def _executed(self, home: str, by: User) -> MSARequest:
        msa_request = self._ready_to_sign(home, by)
        agreement = Agreement.objects.current().get(msa_request=msa_request)
        document = msa_request.documents.get(kind=DocumentKind.AGREEMENT)
        for party, name, proof in self._signers(agreement, by):
            esign_consent.open_document(agreement, party, proof)
            esign_consent.give(agreement, party, proof)
            signatures.sign(agreement, party=party, name=name, document_sha256=document.sha256, proof=proof)
        msa_request.refresh_from_db()
        return msa_request

    @staticmethod
    def _signers(agreement: Agreement, by: User) -> Iterator[tuple[Party, str, invitations.Proof]]:
        msa_request = agreement.msa_request
        own = invitations.Proof(by, None, by.email, "127.0.0.1", "demo data")
        if not msa_request.has_agent:
            yield Party.CUSTOMER, by.name, own
            return
        yield Party.AGENT, by.name, own
        invitation = invitations.invite_customer(agreement, by=by)
        linked = invitations.Proof(None, invitation, invitation.email, "127.0.0.1", "demo data")
        yield Party.CUSTOMER, msa_request.customer_name, linked

    def _submitted(self, home: str, by: User) -> MSARequest:
        """The fee is waived, since nobody paid anything for demo data."""
        msa_request = self._executed(home, by)
        fee = Fee.objects.get(round__msa_request=msa_request, state=Fee.State.OPEN)
        proposal = waivers.waive(fee, by=self.people[accounts.SUPERVISOR], reason=_("Demo data"))
        if proposal is not None:
            approvals.approve(proposal, by=self.people[accounts.SECOND_SUPERVISOR])
        msa_request.refresh_from_db()
        return msa_request

    def _require_corrections(self, msa_request: MSARequest) -> None:
        note = _("The name on the utility's account is spelled another way. Please check your bill.")
        item = RequiredCorrection(CorrectionReason.objects.get(code="name-differs"), note=note)
        self._decide(msa_request, DecisionKind.SEND_BACK, items=decision_acts.items_as_content([item]))

    def _valid(self, home: str, by: User) -> MSARequest:
        msa_request, staff = self._submitted(home, by), self.people[accounts.STAFF]
        answers = {
            str(code.value): (str(suggestion.answer.value), "")
            for code, suggestion in desk.suggestions(msa_request).items()
        }
        desk.answer_checks(msa_request, answers, by=staff)
        self._decide(msa_request, DecisionKind.VALID)
        return msa_request

    def _ordered(self, home: str, by: User) -> MSARequest:
        msa_request = self._valid(home, by)
        self._decide(msa_request, DecisionKind.ORDER)
        return msa_request

    def _decide(self, msa_request: MSARequest, kind: DecisionKind, **content: Any) -> None:
        """Sent at once: the demo's people don't wait."""
        staff = self.people[accounts.STAFF]
        staff_decisions.decide(msa_request, kind, content, by=staff, seen=seen.of(msa_request), at_once=True)

    def _scheduled(self, home: str, by: User, window: SiteVisit.Window = SiteVisit.Window.MORNING) -> SiteVisit:
        """For today, or the next business day."""
        msa_request = self._ordered(home, by)
        days = calendar.load()
        on = self.today if days.is_business_day(self.today) else days.add(self.today, 1)
        return orders.schedule(
            SiteVisit.objects.get(order__round__msa_request=msa_request),
            by=self.people[accounts.DISPATCHER],
            technician=self.people[accounts.TECHNICIAN].technician,
            on=on,
            window=window,
        )

    def _close_out(self, visit: SiteVisit, *reasons: str) -> None:
        by = self.people[accounts.TECHNICIAN]
        rules = [rule for rule in eligibility.rules_for(visit.order.round.msa_request.request_type) if rule.checklist]
        failed = {reason.rule for reason in OutcomeReason.objects.filter(code__in=reasons)}
        closeouts.go_on_site(visit, by=by)
        closeouts.close_out(
            visit,
            closeouts.Report(
                id=uuid4(),
                outcome=VisitOutcome.UNSUCCESSFUL if reasons else VisitOutcome.COMPLETE,
                reasons=list(OutcomeReason.objects.filter(code__in=reasons)),
                checklist={rule.number: "not_ok" if rule.number in failed else "ok" for rule in rules},
                serial_number="" if reasons else "BS-2026-004711",
            ),
            by=by,
        )

    def _reschedule(self, home: str, by: User) -> None:
        """The utility's own mistake: the next visit costs nothing (D3)."""
        visit = self._scheduled(home, by)
        self._close_out(visit, "meter-or-record-error")
        msa_request = MSARequest.objects.get(pk=visit.order.round.msa_request_id)
        follow_ups.save_reschedule(
            msa_request, by=by, statements={"meter-or-record-error": _("On the utility's side")}
        )
