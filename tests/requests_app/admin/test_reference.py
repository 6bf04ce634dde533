"""Reference data in the admin: who may change it, what is refused, and that it is on the record."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from msa_portal.business_days.calendar import local_day
from msa_portal.business_days.models import ClosureDay
from payments.models import FeeSchedule
from requests_app.models import (
    AgreementWording,
    CorrectionReason,
    IncompatiblePanel,
    MSARequest,
    OutcomeReason,
    Product,
    ProgramSettings,
    ServiceAccount,
)

pytestmark = pytest.mark.django_db

SECTIONS = [
    "requests_app/product",
    "requests_app/incompatiblepanel",
    "requests_app/correctionreason",
    "requests_app/outcomereason",
    "requests_app/serviceaccount",
    "requests_app/programsettings",
    "requests_app/agreementwording",
    "payments/feeschedule",
    "business_days/closureday",
]


def person(role: Role, name: str) -> User:
    user = User.objects.create_user(f"{name.lower()}@example.com", name=name)
    user.grant(role)
    return user


@pytest.fixture
def supervisor() -> User:
    return person(Role.SUPERVISOR, "Sue")


@pytest.fixture
def desk(client: Client, supervisor: User) -> Client:
    client.force_login(supervisor)
    return client


@pytest.fixture
def staff_desk() -> Client:
    client = Client()
    client.force_login(person(Role.PROGRAM_STAFF, "Pat"))
    return client


def approve_proposal() -> None:
    approvals.approve(Proposal.objects.get(), by=person(Role.SUPERVISOR, "Sol"))


def errors_of(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


PRODUCT = {"manufacturer": "Acme", "model": "Collar", "approved_from": "2026-01-01", "approved_until": ""}


@pytest.mark.parametrize("section", SECTIONS)
def test_supervisor_opens_lists_and_forms(desk: Client, section: str):
    ServiceAccount.objects.create(account_number="7001", name="A", street="1 Oak", city="Monrovia", zip_code="91016")
    AgreementWording.objects.create(version="t", customer_terms="a", authorization="b", submittal="c", consent="d")
    listed = desk.get(f"/admin/{section}/")
    first = listed.context["cl"].result_list[0]
    assert desk.get(f"/admin/{section}/{first.pk}/change/").status_code == 200
    assert desk.get(f"/admin/{section}/{first.pk}/history/").status_code == 200


@pytest.mark.parametrize("section", SECTIONS)
def test_program_staff_read_and_change_nothing(staff_desk: Client, section: str):
    assert staff_desk.get(f"/admin/{section}/").status_code == 200
    assert staff_desk.get(f"/admin/{section}/add/").status_code == 403
    assert staff_desk.post(f"/admin/{section}/add/", PRODUCT).status_code == 403


def test_lists_take_as_many_queries_with_many_rows_as_with_one(desk: Client):
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            desk.get("/admin/requests_app/product/")
        return len(queries)

    Product.objects.exclude(manufacturer="Tesla").delete()
    with_one = count()
    for n in range(10):
        Product.objects.create(manufacturer="Acme", model=f"M{n}", isolating=False)
    assert count() == with_one


def test_change_is_on_the_record_with_who(desk: Client, supervisor: User):
    product = Product.objects.create(manufacturer="Acme", model="Collar", isolating=True)
    desk.post(
        f"/admin/requests_app/product/{product.pk}/change/", PRODUCT | {"isolating": "on", "notes": "Now listed"}
    )
    newest = product.history.first()
    assert (newest.approved_from, newest.notes, newest.history_user) == (date(2026, 1, 1), "Now listed", supervisor)


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        (
            {"approved_until": "2025-12-31"},
            "approved_until",
            "The last day is before the first. Enter a later one, or leave it empty.",
        ),
        (
            {"approved_from": "", "approved_until": "2026-12-31"},
            "approved_from",
            "An approval that ends has to begin: enter its first day.",
        ),
        (
            {"manufacturer": "Tesla", "model": "Backup Switch", "part_number": "1624171-xx-y"},
            "__all__",
            "Approved product with this Manufacturer, Model and Part number already exists.",
        ),
    ],
)
def test_product_that_cannot_be_is_refused_at_its_field(desk: Client, changes: dict[str, str], field: str, error: str):
    response = desk.post("/admin/requests_app/product/add/", PRODUCT | changes)
    assert errors_of(response)[field] == [error]
    assert not Product.objects.filter(manufacturer="Acme").exists()


@pytest.fixture
def superuser_desk() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", name="Root"))
    return client


def test_product_in_use_is_not_deleted(superuser_desk: Client, supervisor: User):
    product = Product.objects.create(manufacturer="Acme", model="Collar", isolating=True)
    MSARequest.objects.create(created_by=supervisor, owner=supervisor, device=product)
    page = superuser_desk.get(f"/admin/requests_app/product/{product.pk}/change/")
    assert "Requests name this product, so it can&#x27;t be deleted." in page.text
    assert superuser_desk.post(f"/admin/requests_app/product/{product.pk}/delete/", {"post": "yes"}).status_code == 403
    superuser_desk.post(
        "/admin/requests_app/product/",
        {"action": "delete_selected", "_selected_action": [product.pk], "post": "yes"},
    )
    assert Product.objects.filter(pk=product.pk).exists()


def test_product_that_nobody_named_can_be_deleted(superuser_desk: Client):
    product = Product.objects.create(manufacturer="Acme", model="Collar", isolating=True)
    superuser_desk.post(f"/admin/requests_app/product/{product.pk}/delete/", {"post": "yes"})
    assert not Product.objects.filter(pk=product.pk).exists()


def test_approval_ends_with_the_utilitys_day(desk: Client):
    product = Product.objects.create(
        manufacturer="Acme", model="Collar", isolating=True, approved_from=date(2025, 6, 12)
    )
    action = {"action": "end_approval_today", "_selected_action": [product.pk]}
    with time_machine.travel("2026-11-24T07:30:00Z", tick=False):  # still the 23rd there
        desk.post("/admin/requests_app/product/", action)
    product.refresh_from_db()
    assert product.approved_until == date(2026, 11, 23)
    with time_machine.travel("2026-11-25T12:00:00Z", tick=False):
        again = desk.post("/admin/requests_app/product/", action, follow=True)
    assert "is not approved today, so there is nothing to end." in again.text
    product.refresh_from_db()
    assert product.approved_until == date(2026, 11, 23)


def test_panel_model_is_normalized_and_matches_at_once(desk: Client):
    desk.post("/admin/requests_app/incompatiblepanel/add/", {"model": "br 816-B200"})
    assert IncompatiblePanel.objects.filter(normalized="BR816B200").exists()


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("M-B E", "Enter at least 5 letters and digits: every model that begins with them is refused."),
        ("mbe1836-b125bs/2", "“MBE1836B125BS” is on the list and covers this model already."),
    ],
)
def test_panel_model_that_says_too_little_or_nothing_new_is_refused(desk: Client, model: str, error: str):
    response = desk.post("/admin/requests_app/incompatiblepanel/add/", {"model": model})
    assert errors_of(response) == {"model": [error]}


def test_code_of_a_reason_stays(desk: Client):
    reason = OutcomeReason.objects.get(code="weather")
    desk.post(
        f"/admin/requests_app/outcomereason/{reason.pk}/change/",
        {"code": "sunshine", "title": "Bad weather", "responsible": "utility", "proof": "photo", "position": 1}
        | {"effective_on": local_day(timezone.now())},
    )
    approve_proposal()
    reason.refresh_from_db()
    assert (reason.code, reason.title, reason.at_site, reason.is_active) == ("weather", "Bad weather", False, False)
    assert reason.proof == "photo"


def test_correction_names_a_field_of_the_form(desk: Client):
    today = local_day(timezone.now())
    reason = {"code": "new", "title": "New", "kind": "fix", "position": 1, "field": "owner", "effective_on": today}
    response = desk.post("/admin/requests_app/correctionreason/add/", reason)
    assert list(errors_of(response)) == ["field"]
    cannot = reason | {"kind": "cannot_be_served", "field": ""}
    assert list(errors_of(desk.post("/admin/requests_app/correctionreason/add/", cannot))) == ["field"]
    desk.post("/admin/requests_app/correctionreason/add/", cannot | {"field": "service_amps"})
    approve_proposal()
    assert CorrectionReason.objects.get(code="new").field == "service_amps"


SETTINGS = {
    "draft_life_days": 90,
    "first_reminder_days": 14,
    "last_reminder_days": 3,
    "nudge_days": 3,
    "quote_days": 14,
    "service_order_from_days": 5,
    "service_order_to_days": 10,
    "visit_days": 30,
    "visit_minutes": 60,
    "plan_days": 5,
    "day_change_notice_days": 2,
    "propose_rule_after": 3,
    "authority_days": 365,
    "refund_alone_up_to_cents": 5000,
    "refund_arrives_days": 10,
    "second_fee_when_customer_responsible": "on",
    "auto_issue_days": "",
    "signing_link_days": 14,
    "signature_reminder_days": 2,
    "signature_second_reminder_days": 5,
    "signature_last_reminder_days": 10,
}


def test_settings_are_one_row_that_is_changed_and_never_added_or_deleted(superuser_desk: Client):
    assert superuser_desk.get("/admin/requests_app/programsettings/add/").status_code == 403
    assert superuser_desk.post("/admin/requests_app/programsettings/1/delete/", {"post": "yes"}).status_code == 403
    superuser_desk.post("/admin/requests_app/programsettings/1/change/", SETTINGS | {"visit_days": 25})
    assert ProgramSettings.current().visit_days == 25


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_reminder_days": 20}, "last_reminder_days"),
        ({"first_reminder_days": 91}, "first_reminder_days"),
        ({"service_order_from_days": 11}, "service_order_from_days"),
        ({"draft_life_days": 0}, "draft_life_days"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(desk: Client, changes: dict[str, int], field: str):
    response = desk.post("/admin/requests_app/programsettings/1/change/", SETTINGS | changes)
    assert field in errors_of(response)


FEE = {"request_type": "install", "amount_cents": 30000, "effective_from": "2099-01-01"}


def test_fee_schedule_follows_the_one_before_it(desk: Client):
    desk.post("/admin/payments/feeschedule/add/", FEE)
    approve_proposal()
    before, new = (FeeSchedule.objects.in_force("install", day) for day in (date(2098, 12, 31), date(2099, 1, 1)))
    assert before is not None
    assert new is not None
    assert (before.amount_cents, new.amount_cents) == (27922, 30000)


def test_closure_day_on_a_weekend_is_refused(desk: Client):
    response = desk.post(
        "/admin/business_days/closureday/add/", {"on": "2026-11-28", "name": "Storm", "kind": "utility"}
    )
    assert list(errors_of(response)) == ["on"]
    desk.post("/admin/business_days/closureday/add/", {"on": "2026-11-30", "name": "Storm", "kind": "utility"})
    assert ClosureDay.objects.filter(on=date(2026, 11, 30)).exists()


class TestWording:
    OTHER: ClassVar[dict[str, str]] = dict.fromkeys(
        ["version", "title", "customer_terms", "authorization", "submittal", "consent"], "other"
    )

    def test_draft_is_edited(self, desk: Client, draft: AgreementWording):
        desk.post(f"/admin/requests_app/agreementwording/{draft.pk}/change/", self.OTHER)
        draft.refresh_from_db()
        assert draft.customer_terms == "other"

    @pytest.fixture
    def draft(self) -> AgreementWording:
        return AgreementWording.objects.create(
            version="2027-1",
            customer_terms="a",
            authorization="b",
            submittal="c",
            consent="d",
            is_sample=False,
            effective_on=local_day(timezone.now()),
        )

    def publish(self, client: Client, *wordings: AgreementWording) -> Any:
        return client.post(
            "/admin/requests_app/agreementwording/",
            {"action": "propose_publishing", "_selected_action": [wording.pk for wording in wordings]},
            follow=True,
        )

    def test_two_supervisors_publish_once(self, desk: Client, draft: AgreementWording):
        assert "Another supervisor approves it" in self.publish(desk, draft).text
        desk.post(f"/admin/requests_app/agreementwording/{draft.pk}/change/", self.OTHER)
        approve_proposal()
        draft.refresh_from_db()
        published_at = draft.published_at
        assert (draft.published_by.name, draft.customer_terms) == ("Sol", "a")
        assert "Sol published this wording already. Nothing has changed." in self.publish(desk, draft).text
        draft.refresh_from_db()
        assert draft.published_at == published_at

    def test_program_staff_do_not_propose(self, staff_desk: Client, draft: AgreementWording):
        self.publish(staff_desk, draft)
        assert not Proposal.objects.exists()

    def test_one_at_a_time(self, desk: Client, draft: AgreementWording):
        other = AgreementWording.objects.create(
            version="2027-2", customer_terms="a", authorization="b", submittal="c", consent="d"
        )
        assert "Choose one wording" in self.publish(desk, draft, other).text

    def test_published_text_stays_as_it_was_signed(self, desk: Client, draft: AgreementWording):
        self.publish(desk, draft)
        approve_proposal()
        desk.post(f"/admin/requests_app/agreementwording/{draft.pk}/change/", self.OTHER)
        draft.refresh_from_db()
        assert draft.customer_terms == "a"

    def test_older_version_is_read_and_never_put_back(self, desk: Client, draft: AgreementWording):
        self.publish(desk, draft)
        approve_proposal()
        first = draft.history.last()
        page = f"/admin/requests_app/agreementwording/{draft.pk}/history/{first.pk}/"
        assert desk.get(page).status_code == 200
        assert desk.post(page, self.OTHER).status_code == 405
        draft.refresh_from_db()
        assert (draft.customer_terms, draft.published_at is None) == ("a", False)

    def test_who_may_only_look_cannot_write_through_the_history(self, staff_desk: Client, draft: AgreementWording):
        page = f"/admin/requests_app/agreementwording/{draft.pk}/history/{draft.history.last().pk}/"
        staff_desk.post(page, self.OTHER)
        draft.refresh_from_db()
        assert draft.customer_terms == "a"
