"""A company, its manager and its members; "your details"."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from msa_portal.accounts import services
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused
from tests.accounts.conftest import code_in, is_signed_in, mail_to
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DETAILS = {"name": "Sunny Roof", "license_number": "C10-1", "phone": "626-555-0142"}


@pytest.fixture
def manager(db) -> User:
    return UserFactory(name="Mona Manager")


@pytest.fixture
def company(manager) -> Company:
    return services.register_company(by=manager, **DETAILS)


def test_person_registers_a_company_and_manages_it(client, manager):
    client.force_login(manager)
    response = client.post("/accounts/company/", DETAILS)
    assert (response.status_code, response.url) == (302, "/accounts/company/")
    membership = Membership.objects.get(user=manager)
    assert (membership.company.name, membership.is_manager) == ("Sunny Roof", True)
    assert LogEntry.objects.get().user == manager


def test_taken_name_is_refused_at_the_field_and_keeps_what_was_typed(client, company):
    client.force_login(UserFactory())
    response = client.post("/accounts/company/", DETAILS | {"name": "sunny ROOF"})
    assert list(response.context["form"].errors) == ["name"]
    assert "sunny ROOF" in response.content.decode()
    assert Company.objects.count() == 1


@pytest.mark.parametrize("role", [Role.PROGRAM_STAFF, Role.TECHNICIAN])
def test_the_utilitys_people_register_none(role):
    with pytest.raises(Refused) as refused:
        services.register_company(by=UserFactory(roles=[role]), **DETAILS)
    assert refused.value.code == "staff"


def test_second_company_is_refused(company, manager):
    with pytest.raises(Refused) as refused:
        services.register_company(by=manager, **DETAILS | {"name": "Other"})
    assert refused.value.code == "has_company"


def test_manager_adds_a_colleague_who_signs_in_by_code(client, company, manager):
    client.force_login(manager)
    client.post("/accounts/company/members/", {"name": "Ben Builder", "email": "Ben@example.com"})
    ben = User.objects.get(email="ben@example.com")
    assert (ben.name, ben.has_usable_password(), ben.company_ids) == ("Ben Builder", False, {company.pk})
    [invitation] = mail_to("ben@example.com")
    assert invitation.kind == "account/company_invitation"

    browser = Client()
    browser.post("/accounts/login/code/", {"email": "ben@example.com"})
    browser.post("/accounts/login/code/confirm/", {"code": code_in(mail_to("ben@example.com")[-1])})
    assert is_signed_in(browser)


def test_adding_says_the_same_whether_or_not_there_is_an_account(client, company, manager):
    known = UserFactory(email="known@example.com")
    client.force_login(manager)
    said = []
    for email in (known.email, "fresh@example.com"):
        response = client.post("/accounts/company/members/", {"name": "X", "email": email}, follow=True)
        said.append([str(message).replace(email, "…") for message in response.context["messages"]])
    assert said[0] == said[1]


def test_member_cannot_add(client, company):
    client.force_login(UserFactory(company=company))
    response = client.post("/accounts/company/members/", {"name": "X", "email": "x@example.com"})
    assert response.status_code == 404
    assert company.memberships.count() == 2


def test_add_by_a_member_is_refused_by_the_service(company):
    with pytest.raises(Refused) as refused:
        services.add_member(company, by=UserFactory(company=company), email="x@example.com", name="X")
    assert refused.value.code == "not_manager"


def test_manager_removes_a_colleague(client, company, manager):
    member = UserFactory(company=company).memberships.get()
    client.force_login(manager)
    client.post(f"/accounts/company/members/{member.pk}/remove/")
    assert list(company.memberships.values_list("user", flat=True)) == [manager.pk]


def test_member_cannot_remove_another_but_leaves(client, company, manager):
    member = UserFactory(company=company)
    client.force_login(member)
    client.post(f"/accounts/company/members/{manager.memberships.get().pk}/remove/")
    assert company.memberships.count() == 2
    client.post(f"/accounts/company/members/{member.memberships.get().pk}/remove/")
    assert list(company.memberships.values_list("user", flat=True)) == [manager.pk]


def test_last_manager_stays_while_there_are_members(company, manager):
    UserFactory(company=company)
    with pytest.raises(Refused) as refused:
        services.remove_member(manager.memberships.get(), by=manager)
    assert refused.value.code == "last_manager"


@pytest.mark.parametrize("act", ["remove", "manager"])
def test_stranger_sees_404_and_changes_nothing(client, company, manager, act):
    stranger = UserFactory()
    services.register_company(by=stranger, **DETAILS | {"name": "Other"})
    member = UserFactory(company=company).memberships.get()
    client.force_login(stranger)
    assert client.post(f"/accounts/company/members/{member.pk}/{act}/").status_code == 404
    assert not Membership.objects.get(pk=member.pk).is_manager


def test_a_get_changes_no_membership(client, company, manager):
    member = UserFactory(company=company).memberships.get()
    client.force_login(manager)
    for act in ("remove", "manager"):
        assert client.get(f"/accounts/company/members/{member.pk}/{act}/").status_code == 405


def test_company_page_asks_the_database_as_often_for_many_members(client, company, manager, django_assert_num_queries):
    client.force_login(manager)
    client.get("/accounts/company/")
    with CaptureQueriesContext(connection) as with_one:
        client.get("/accounts/company/")
    for _colleague in range(5):
        UserFactory(company=company)
    with django_assert_num_queries(len(with_one)):
        client.get("/accounts/company/")


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
    alice.refresh_from_db()
    assert alice.name == "Alice Sample"
