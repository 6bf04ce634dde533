"""Every address × every role (fault 37). An address that `ADDRESSES` does not name fails."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse
from django.urls.resolvers import RegexPattern
from django.utils import timezone
from PIL import Image

from fieldwork.models import SiteVisit, Technician
from fieldwork.visits import closeouts, orders
from msa_portal.accounts.models import User
from msa_portal.business_days import calendar
from msa_portal.guards import Guard, guard_of
from payments.models import Allocation, Fee, FeeSchedule, Payment
from requests_app.enums import DocumentKind, VisitOutcome
from requests_app.files import storage
from requests_app.models import Document, MSARequest, RequestEvent
from tests import factories

PUBLIC, ACCOUNT, REQUEST, VISIT, PHOTO, WEBHOOK, SIGNER, STAFF, PAYMENT, COMPANY = range(10)

ADDRESSES = {
    PUBLIC: {
        "landing", "help", "help_topic", "healthz", "readyz", "too_large", "api-eligibility", "api-products", "api-fees", "api-schema",
        "api-docs", "requests:eligibility", "requests:after_visit", "requests:eligibility_start", "requests:products", "requests:verify", "payments:fees",
        "demo:mailbox", "demo:mail", "demo:mail_attachment", "demo:mail_html",
        "account_login", "account_logout", "account_inactive", "account_signup", "account_email_verification_sent",
        "account_reset_password", "account_confirm_login_code", "account_reset_password_from_key_done",
        "account_reset_password_from_key", "account_reset_password_done", "account_request_login_code",
        "mfa_authenticate", "mfa_login_webauthn",
        "fieldwork:app", "fieldwork:service_worker", "fieldwork:manifest",
    },
    ACCOUNT: {
        "accounts:home", "accounts:signed_in_again", "accounts:form_token", "accounts:profile", "accounts:company", "accounts:remove_member", "accounts:edit_company",
        "accounts:close_company", "accounts:switch_company", "accounts:invite_member", "accounts:withdraw_invitation",
        "accounts:send_invitation_again", "accounts:invitations", "accounts:accept_invitation",
        "accounts:decline_invitation", "accounts:make_manager", "accounts:reauthenticate_by_code", "accounts:end_session", "account_reauthenticate", "account_email", "account_change_password",
        "account_set_password", "mfa_index", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp",
        "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn",
        "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn",
        "usersessions_list", "requests:agents", "requests:end_authority", "requests:list", "requests:new",
        "payments:several", "payments:pay_several",
        "fieldwork:calendar",
        "payments:statements", "payments:statement", "payments:statement_pdf", "payments:statement_csv",
    },
    REQUEST: {
        "requests:detail", "requests:form", "requests:revoke_agent", "requests:hand_over", "requests:device_documents", "requests:modify", "requests:reschedule",
        "requests:cancel_follow_up", "requests:withdraw", "requests:corrections", "requests:agreement",
        "requests:photos", "requests:photo", "requests:readiness", "requests:document", "requests:agreement_invite", "requests:agreement_address", "requests:agreement_cancel", "requests:agreement_sign", "requests:agreement_consent", "requests:agreement_open", "requests:agreement_withdraw_consent", "requests:paper", "payments:fee", "payments:cancel", "payments:canceled", "payments:pay",
        "payments:returned", "payments:submit", "payments:receipt", "payments:money", "payments:ask_refund", "payments:refund_note",
        "payments:invite", "payments:uninvite",
        "fieldwork:visit_file", "fieldwork:unsuitable_days", "fieldwork:another_day", "fieldwork:none_suits", "fieldwork:today",
    },
    PAYMENT: {"payments:joint_returned", "payments:cancel_joint"},
    VISIT: {"fieldwork:visit", "fieldwork:on_site", "fieldwork:off_site", "fieldwork:close_out", "fieldwork:flyer", "fieldwork:site_photo", "fieldwork:day", "fieldwork:put_back", "fieldwork:agreement",
            "fieldwork:api_who", "fieldwork:api_day", "fieldwork:api_on_my_way", "fieldwork:api_on_site", "fieldwork:api_give_back", "fieldwork:api_off_site", "fieldwork:api_report",
            "fieldwork:api_photos", "fieldwork:api_photo"},
    PHOTO: {"fieldwork:photo", "fieldwork:photo_small", "fieldwork:photo_marked"},
    WEBHOOK: {"payments:webhook"},
    COMPANY: {"payments:company_statement", "payments:company_statement_pdf", "payments:company_statement_csv"},
    SIGNER: {"fieldwork:feed", "requests:sign", "requests:sign_paper", "requests:sign_consent", "requests:sign_open", "requests:sign_withdraw_consent", "requests:sign_claim", "requests:sign_document", "requests:sign_claim_resume", "requests:held", "requests:confirm_address",
             "payments:link", "payments:link_pay", "payments:link_receipt", "payments:link_returned"},
}  # fmt: skip
KIND_OF = {name: kind for kind, names in ADDRESSES.items() for name in names}


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "navy").save(out, "JPEG")
    return out.getvalue()


def routes(
    patterns: list[Any] | None = None, prefix: str = "", outer: frozenset[str] = frozenset()
) -> Iterator[tuple[str, frozenset[str]]]:
    """Every named address of the project with its namespace, and the names of what stands in it.

    What has no name there is counted: "0", "1", …
    """
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        names = outer | set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
        if isinstance(pattern.pattern, RegexPattern) and not pattern.pattern.regex.groupindex:
            names |= {str(place) for place in range(pattern.pattern.regex.groups)}
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from routes(pattern.url_patterns, inner, names)
        elif pattern.name:
            yield f"{prefix}{pattern.name}", names


ALL_ROUTES = dict(routes())


def kind_of(name: str) -> int | None:
    return STAFF if name.startswith("admin:") else KIND_OF.get(name)


def test_every_address_is_classified() -> None:
    assert [name for name in ALL_ROUTES if kind_of(name) is None] == []


def test_every_classified_address_exists() -> None:
    assert set(KIND_OF) - set(ALL_ROUTES) == set()


# Views that we did not write: who may open them is the classification above, and the test of each kind holds it.
THIRD_PARTY = ("allauth.", "django.contrib.admin.", "drf_spectacular.", "django.contrib.auth.", "django.views.i18n")
ACCEPTED = {
    PUBLIC: {Guard.PUBLIC},
    WEBHOOK: {Guard.SIGNED_MESSAGE},
    SIGNER: {Guard.SECRET_LINK},
    VISIT: {Guard.TECHNICIAN},
} | {kind: {Guard.SIGNED_IN} for kind in (ACCOUNT, REQUEST, PHOTO, PAYMENT, COMPANY)}


def views(patterns: list[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every view of the project with its name, but for the admin, which guards its own."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
                yield from views(pattern.url_patterns, inner)
        else:
            yield f"{prefix}{pattern.name}", pattern.callback


def test_every_view_is_marked_with_the_guard_of_its_class() -> None:
    wrong = {
        name: guard_of(view)
        for name, view in views()
        if not view.__module__.startswith(THIRD_PARTY)
        and guard_of(view) not in ACCEPTED.get(KIND_OF.get(name, -1), ())
    }
    assert wrong == {}


def test_view_without_a_mark_is_found() -> None:
    assert guard_of(lambda request: None) is None


@dataclass
class World:
    msa_request: MSARequest
    visit: SiteVisit
    people: dict[str, Any]
    values: dict[str, Any]

    def address(self, name: str) -> str:
        special: dict[str, Any] = {}
        if kind_of(name) == PAYMENT:
            special["pk"] = self.values["payment"]
        if name.startswith("fieldwork:"):
            special["pk"] = self.values["photo"] if kind_of(name) == PHOTO else self.visit.pk
        if name == "requests:document":
            special = dict.fromkeys(ALL_ROUTES[name] - {"reference"}, self.values["document"])
        if name.startswith("admin:"):
            special = {"object_id": str(self.msa_request.pk), "app_label": "requests_app", "url": "nothing"}
        if "0" in ALL_ROUTES[name]:
            return reverse(name, args=["1"] * len(ALL_ROUTES[name]))
        return reverse(name, kwargs={key: special.get(key, self.values.get(key, 1)) for key in ALL_ROUTES[name]})

    def client(self, role: str) -> Client:
        client = Client()
        if self.people[role] is not None:
            client.force_login(self.people[role], backend="django.contrib.auth.backends.ModelBackend")
        return client


def joint_payment(msa_request: MSARequest, payer: User) -> Payment:
    """A payment by the agent for that request and another one, both of the company."""
    other = factories.complete_request(company=msa_request.agent_company)
    schedule = FeeSchedule.objects.filter(request_type="install").earliest("effective_from")
    day = timezone.localdate()
    payment = Payment.objects.create(
        amount_cents=2, payer=payer, payer_name=payer.name, payer_email=payer.email, company=msa_request.agent_company,
        session_expires_at=timezone.now(), state=Payment.State.EXPIRED,
    )  # fmt: skip
    for charged in (msa_request, other):
        fee = Fee.objects.create(
            round=charged.rounds.get(), schedule=schedule, amount_cents=1, quoted_on=day, quote_holds_until=day,
            state=Fee.State.CANCELED,
        )  # fmt: skip
        Allocation.objects.create(payment=payment, fee=fee, amount_cents=1)
    return payment


@pytest.fixture
def world(db: None, module_world: World) -> World:
    return deepcopy(module_world)


@pytest.fixture(scope="module")
def module_world(module_rows: None) -> World:
    """Alice's request, made by Bob's company, visited by Tess; the others are strangers."""
    company = factories.CompanyFactory()
    bob = factories.member_of(company)
    msa_request = factories.complete_request(company=company)
    alice = factories.UserFactory(email=msa_request.customer_email)
    msa_request.owner = alice
    msa_request.save(update_fields=["owner"])
    msa_request = factories.ordered(factories.valid(factories.submitted(msa_request)))
    visit = SiteVisit.objects.get(order__round__msa_request=msa_request)
    tess, stranger = factories.technician(), factories.technician()
    technician = Technician.objects.create(user=tess, employee_number="T-1")
    Technician.objects.create(user=stranger, employee_number="T-2")
    day = calendar.load().add(timezone.localdate(), 1)
    orders.schedule(visit, by=factories.dispatcher(), technician=technician, on=day, window="morning")
    report = closeouts.Report(
        id=uuid.uuid4(),
        outcome=VisitOutcome.UNSUCCESSFUL,
        reasons=[factories.OutcomeReasonFactory()],
        photos=[closeouts.Photo(jpeg(), "0" * 64, annotated=jpeg())],
    )
    kept = closeouts.close_out(visit, report, by=tess)
    people = {
        "anonymous": None,
        "owner": alice,
        "agent": bob,
        "other customer": factories.UserFactory(),
        "other agent": factories.member_of(factories.CompanyFactory()),
        "technician": tess,
        "other technician": stranger,
        "staff": factories.staff(),
    }
    document = Document.objects.filter(msa_request=msa_request).first()
    assert document is not None
    site_photo = storage.store(
        msa_request,
        DocumentKind.SITE_PHOTO,
        name="a.jpg",
        body=jpeg(),
        by=bob,
        content_type="image/jpeg",
        topic="conduit",
    )
    values = {
        "payment": joint_payment(msa_request, bob).pk,
        "reference": msa_request.reference,
        "step": "where",
        "slug": "panels",
        "pk": 1,
        "payment_id": 1,
        "document_id": document.pk,
        "document": document.pk,
        "token": "no-token",
        "uidb36": "1",
        "key": "no-key",
        "photo": kept.photos.get().pk,
        "held": uuid.uuid4(),
        "site_photo": site_photo.pk,
        "report": kept.pk,
        "sha256": "0" * 64,
        "claim": 1,
        "month": timezone.localdate().replace(day=1),
        "company_id": company.pk,
    }
    msa_request.refresh_from_db()
    return World(msa_request, visit, people, values)


def drain(answer: Any) -> None:
    """Read a file to its end, which closes it."""
    if answer.streaming:
        list(answer.streaming_content)


def is_sign_in(answer: Any) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith(("/accounts/login/", "/accounts/reauth"))


def fingerprint() -> tuple[Any, ...]:
    """What a write would change."""
    rows = MSARequest.objects.order_by("pk").values_list("pk", "status", "version", "owner", "agent_revoked_at")
    return (RequestEvent.objects.count(), *rows)


def names_of(*kinds: int) -> list[str]:
    return sorted(name for name in ALL_ROUTES if kind_of(name) in kinds)


def wrong_answers(world: World, role: str, names: list[str], accepted: Callable[[str, Any], bool]) -> dict[str, str]:
    """Every address asked by GET and by POST as that role: those whose answer is not accepted."""
    client, wrong = world.client(role), {}
    for name in names:
        for ask in (client.get, client.post):
            answer = ask(world.address(name))
            drain(answer)
            if not accepted(name, answer):
                wrong[f"{ask.__name__} {name}"] = f"{answer.status_code} {answer.get('Location', '')}"
    return wrong


def test_anonymous_is_sent_to_sign_in(world: World) -> None:
    before = fingerprint()
    names = names_of(ACCOUNT, REQUEST, VISIT, PHOTO, PAYMENT, COMPANY)
    # The field app's own addresses say 401: it asks for the sign-in itself.
    accepted = {401, 404, 405}
    closed = wrong_answers(world, "anonymous", names, lambda _name, it: is_sign_in(it) or it.status_code in accepted)
    assert (closed, fingerprint()) == ({}, before)


STRANGERS = {
    REQUEST: ("other customer", "other agent", "technician", "other technician"),
    VISIT: ("owner", "agent", "other customer", "other technician", "staff"),
    PHOTO: ("other customer", "other agent", "other technician"),
    PAYMENT: ("owner", "other customer", "other agent", "technician", "other technician", "staff"),
    COMPANY: ("owner", "other customer", "other agent", "technician", "other technician"),
}


EVERY_TECHNICIANS_OWN = {"fieldwork:day", "fieldwork:api_day", "fieldwork:api_who"}


@pytest.mark.parametrize(("kind", "role"), [(kind, role) for kind, roles in STRANGERS.items() for role in roles])
def test_stranger_finds_nothing_and_writes_nothing(world: World, kind: int, role: str) -> None:
    before = fingerprint()
    names = [name for name in names_of(kind) if role != "other technician" or name not in EVERY_TECHNICIANS_OWN]
    # A photo names its visit in a JSON body; tests/fieldwork/phone asks with one.
    nothing = {"fieldwork:api_photos": {404, 405, 415}}
    wrong = wrong_answers(world, role, names, lambda name, it: it.status_code in nothing.get(name, {404, 405}))
    assert (wrong, fingerprint()) == ({}, before)


INSIDERS = {
    REQUEST: ("owner", "agent", "staff"),
    VISIT: ("technician",),
    PHOTO: ("owner", "agent", "technician", "staff"),
    PAYMENT: ("agent",),
    COMPANY: ("agent", "staff"),
}
# What only some insiders may open, or what this world lacks; each page's own tests reach it.
NOT_EVERYBODY = {
    "fieldwork:agreement",
    "payments:receipt",
    "payments:refund_note",
    "payments:ask_refund",
    "payments:returned",
    "requests:revoke_agent",
    "fieldwork:api_photo",
}
# Staff have the screening page for these.
AGENTS_ALONE = {"requests:hand_over"}
OWNERS_ALONE = {
    "fieldwork:another_day",
    "fieldwork:none_suits",
    "fieldwork:unsuitable_days",
    "requests:form",
    "requests:corrections",
    "requests:device_documents",
    "requests:modify",
    "requests:paper",
    "requests:photos",
    "requests:reschedule",
    "requests:withdraw",
}


@pytest.mark.parametrize(("kind", "role"), [(kind, role) for kind, roles in INSIDERS.items() for role in roles])
def test_insider_reaches_the_pages_and_reading_changes_nothing(world: World, kind: int, role: str) -> None:
    before = fingerprint()
    client, wrong = world.client(role), {}
    hidden = NOT_EVERYBODY | (OWNERS_ALONE if role == "staff" else set())
    hidden |= set() if role == "agent" else AGENTS_ALONE
    for name in set(names_of(kind)) - hidden:
        answer = client.get(world.address(name))
        drain(answer)
        if answer.status_code not in {200, 302, 403, 405} or is_sign_in(answer):
            wrong[name] = answer.status_code
    assert (wrong, fingerprint()) == ({}, before)


@pytest.mark.parametrize("role", ["anonymous", "owner", "agent", "technician"])
def test_admin_is_closed_to_all_but_staff(world: World, role: str) -> None:
    def shut(_name: str, answer: Any) -> bool:
        away = answer.get("Location", "").startswith(("/accounts/", "/admin/login/"))
        return (answer.status_code == 302 and away) or answer.status_code in {404, 405}

    before = fingerprint()
    names = [name for name in names_of(STAFF) if name not in {"admin:logout", "admin:jsi18n"}]
    opened = wrong_answers(world, role, names, shut)
    assert (opened, fingerprint()) == ({}, before)


def test_webhook_without_a_signature_writes_nothing(world: World) -> None:
    before = fingerprint()
    assert Client().post(reverse("payments:webhook"), b"{}", content_type="application/json").status_code == 400
    assert Client().get(reverse("payments:webhook")).status_code == 405
    assert fingerprint() == before


def test_signing_pages_need_their_token(world: World) -> None:
    before = fingerprint()
    opened = wrong_answers(
        world, "anonymous", names_of(SIGNER), lambda _name, it: it.status_code in {302, 404, 405, 410}
    )
    assert (opened, fingerprint()) == ({}, before)


def test_posting_without_a_csrf_token_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["owner"], backend="django.contrib.auth.backends.ModelBackend")
    before = fingerprint()
    assert {name: client.post(world.address(name)).status_code for name in names_of(REQUEST)} == dict.fromkeys(
        names_of(REQUEST), 403
    )
    assert fingerprint() == before


def test_agent_revoked_in_the_middle_finds_nothing(world: World) -> None:
    MSARequest.objects.filter(pk=world.msa_request.pk).update(agent_revoked_at=timezone.now())
    wrong = wrong_answers(world, "agent", names_of(REQUEST), lambda _name, it: it.status_code in {404, 405})
    assert wrong == {}
