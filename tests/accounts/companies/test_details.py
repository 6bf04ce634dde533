"""A company's facts: registered, edited by managers, verified by staff, expired, closed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from msa_portal.accounts.companies import details, reminders
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.roles import Role
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from tests import factories
from tests.accounts.companies.conftest import DETAILS
from tests.accounts.conftest import mail_to
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def in_days(days: int):
    return local_day(timezone.now()) + timedelta(days=days)


def refused(act) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def test_person_registers_a_company_and_manages_it(client):
    person = UserFactory()
    client.force_login(person)
    response = client.post("/accounts/company/", DETAILS)
    assert (response.status_code, response.url) == (302, "/accounts/company/")
    membership = Membership.objects.get(user=person)
    assert (membership.company.name, membership.is_manager) == ("Sunny Roof", True)
    assert LogEntry.objects.get().user == person


def test_taken_name_is_refused_at_the_field_and_keeps_what_was_typed(client, company):
    client.force_login(UserFactory())
    response = client.post("/accounts/company/", DETAILS | {"name": "sunny ROOF"})
    assert list(response.context["form"].errors) == ["name"]
    assert "sunny ROOF" in response.content.decode()
    assert Company.objects.count() == 1


@pytest.mark.parametrize("role", [Role.PROGRAM_STAFF, Role.TECHNICIAN])
def test_the_utilitys_people_register_none(role):
    assert refused(lambda: details.register_company(by=UserFactory(roles=[role]), **DETAILS)) == "staff"


def test_second_company_is_refused(company, manager):
    assert refused(lambda: details.register_company(by=manager, **DETAILS | {"name": "Other"})) == "has_company"


def test_manager_edits_the_details(client, company, manager):
    client.force_login(manager)
    new = {"name": "Sunnier Roof", "license_number": "CSLB # 1000-043", "license_classification": "c46 and B"}
    response = client.post(
        "/accounts/company/edit/", new | {"email": "office@example.com", "phone": "", "address": "1 A"}
    )
    assert response.status_code == 302
    company.refresh_from_db()
    assert (company.name, company.license_number, company.license_classification, company.email, company.address) == (
        "Sunnier Roof",
        "1000043",
        "C-46, B",
        "office@example.com",
        "1 A",
    )


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("license_number", "123456789"),
        ("license_number", "C10-42"),
        ("license_number", "١٢٣"),
        ("license_classification", "C-100"),
        ("license_classification", "10"),
        ("license_classification", "Electrician"),
    ],
)
def test_license_of_another_shape_is_refused_at_its_field(client, company, manager, field, typed):
    client.force_login(manager)
    response = client.post("/accounts/company/edit/", DETAILS | {field: typed})
    assert (response.status_code, list(response.context["form"].errors)) == (422, [field])


def test_member_edits_nothing(client, company):
    member = UserFactory(company=company)
    client.force_login(member)
    assert client.post("/accounts/company/edit/", DETAILS | {"phone": ""}).status_code == 404
    assert refused(lambda: details.update_company(company, by=member, phone="")) == "not_manager"


# --- Verified by staff --------------------------------------------------------------------
def looked_up(client: Client, company: Company) -> dict[str, Any]:
    """What staff send from the page as it is drawn now."""
    form = client.get(f"/admin/accounts/company/{company.pk}/verify/").context["form"]
    return {"license_expires_on": in_days(90), "seen": form["seen"].value()}


def test_staff_verify_and_take_back_on_the_record(client, company):
    sam = factories.staff()
    client.force_login(sam)
    page = f"/admin/accounts/company/{company.pk}/"
    assert client.post(f"{page}verify/", looked_up(client, company)).status_code == 302
    company.refresh_from_db()
    assert (company.is_verified, company.verified_by, company.license_expires_on) == (True, sam, in_days(90))
    assert client.get(f"{page}change/").status_code == 200
    client.post(f"{page}take-back/")
    company.refresh_from_db()
    assert (company.is_verified, company.verified_by, company.license_expires_on) == (False, None, in_days(90))
    said = LogEntry.objects.filter(user=sam).order_by("pk").values_list("change_message", flat=True)
    assert list(said) == [f"verified, license until {in_days(90)}", "verification taken back"]


def test_company_that_changed_while_staff_looked_it_up_is_not_verified(client, company, manager):
    """Else a manager takes the utility's name in the minutes between the page and its button."""
    client.force_login(factories.staff())
    data = looked_up(client, company)
    details.update_company(company, by=manager, name="Southern California Edison refunds")
    answer = client.post(f"/admin/accounts/company/{company.pk}/verify/", data)
    company.refresh_from_db()
    assert (answer.status_code, company.is_verified) == (422, False)
    assert "Southern California Edison refunds" in answer.text


@pytest.mark.parametrize("person", [factories.technician, factories.dispatcher, UserFactory])
def test_only_program_staff_verify(client, company, person):
    client.force_login(person())
    client.post(f"/admin/accounts/company/{company.pk}/verify/", {"license_expires_on": in_days(90)})
    assert refused(lambda: details.verify(company, by=person(), license_expires_on=in_days(90))) == "not_allowed"
    company.refresh_from_db()
    assert not company.is_verified


def test_company_without_a_license_or_with_a_lapsed_one_is_not_verified(company, manager):
    sam = factories.staff()
    assert refused(lambda: details.verify(company, by=sam, license_expires_on=in_days(-1))) == "lapsed"
    details.update_company(company, by=manager, license_number="")
    assert refused(lambda: details.verify(company, by=sam, license_expires_on=in_days(9))) == "no_license"


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"name": "Southern California Edison refunds"}, False),
        ({"license_number": "7"}, False),
        ({"license_classification": "B"}, False),
        ({"phone": "626-555-0199"}, True),
        ({"name": DETAILS["name"]}, True),
    ],
)
def test_editing_what_was_verified_ends_the_verification(company, manager, change, stays):
    details.verify(company, by=factories.staff(), license_expires_on=in_days(90))
    saved = details.update_company(company, by=manager, **change)
    assert (saved.is_verified, saved.verified_by is not None) == (stays, stays)
    assert saved.license_expires_on == in_days(90)


def test_supervisor_edits_by_the_same_door(client, company):
    details.verify(company, by=factories.staff(), license_expires_on=in_days(90))
    client.force_login(factories.supervisor())
    page = f"/admin/accounts/company/{company.pk}/change/"
    inline = {f"memberships-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL")}
    assert client.post(page, DETAILS | inline | {"name": "Other Roof"}).status_code == 302
    company.refresh_from_db()
    assert (company.name, company.is_verified) == ("Other Roof", False)


# --- The license's last day ---------------------------------------------------------------
def lapsing(company: Company, days: int) -> Company:
    details.verify(company, by=factories.staff(), license_expires_on=in_days(max(days, 0)))
    Company.objects.filter(pk=company.pk).update(license_expires_on=in_days(days))
    company.refresh_from_db()
    return company


def test_lapse_refuses_new_requests_alone(client, company, manager):
    begun = factories.draft(company=company)
    lapsing(company, -1)
    client.force_login(manager)
    response = client.post("/requests/new/", {"whom": str(company.pk)})
    assert response.status_code == 422
    assert "expired on" in response.content.decode()
    assert client.get(f"/requests/{begun.reference}/").status_code == 200
    assert client.post("/requests/new/", {"whom": "myself"}).status_code == 302
    assert company.msa_requests.count() == 1


def test_on_its_last_day_a_license_still_holds(company):
    lapsing(company, 0)
    assert factories.draft(company=company).agent_company == company


def test_edited_number_does_not_undo_a_lapse(company, manager):
    lapsing(company, -1)
    details.update_company(company, by=manager, license_number="7")
    assert refused(lambda: factories.draft(company=company)) == "license_lapsed"


def test_managers_are_told_30_and_7_days_before_once_each(company, manager):
    UserFactory(company=company, email="member@example.com")
    lapsing(company, 31)
    start = timezone.now()
    told = []
    for days in (0, 1, 1, 5, 24, 25, 31, 40):
        with time_machine.travel(start + timedelta(days=days), tick=False):
            reminders.run_due()
        told.append(len(mail_to(manager.email)))
    assert told == [0, 1, 1, 1, 2, 2, 2, 2]
    assert mail_to("member@example.com") == []


def test_page_to_start_a_request_warns_in_advance(client, company, manager):
    lapsing(company, 20)
    client.force_login(manager)
    assert "usa-alert--warning" in client.get("/requests/new/").content.decode()


# --- Your details -------------------------------------------------------------------------
def test_person_edits_their_details_and_nothing_else(client, alice):
    client.force_login(alice)
    data = {"name": "Alice B. Sample", "phone": "626-555-0199", "is_staff": "on", "email": "x@example.com"}
    assert client.post("/accounts/details/", data).status_code == 302
    alice.refresh_from_db()
    assert (alice.name, alice.phone) == ("Alice B. Sample", "626-555-0199")
    assert (alice.is_staff, alice.email) == (False, "alice@example.com")


def test_line_break_in_a_name_is_refused_at_the_field(client, alice):
    client.force_login(alice)
    response = client.post("/accounts/details/", {"name": "A\r\nBcc: x@example.com", "phone": "1"})
    assert sorted(response.context["form"].errors) == ["name", "phone"]
    alice = User.objects.get(pk=alice.pk)
    assert alice.name == "Alice Sample"
