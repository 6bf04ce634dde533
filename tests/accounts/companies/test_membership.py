"""Leaving a company: what follows at once for the person, their requests and the email that waits for them (fault 71)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.accounts import services
from msa_portal.accounts.companies import details, membership
from msa_portal.accounts.models import Company, Membership, User
from msa_portal.accounts.roles import Role
from msa_portal.notices.models import NoticeMessage
from requests_app import history
from requests_app.enums import AuthorityEnd, EventKind, WithdrawalReason
from requests_app.lifecycle import drafts, transitions
from requests_app.models import AgentAuthority, MSARequest, RequestEvent
from requests_app.notices import notify
from requests_app.receivers import tell_of_infected
from requests_app.signing import authority
from requests_app.signing.notices import SignatureReminder
from tests import factories
from tests.accounts.companies.conftest import DETAILS, proven
from tests.accounts.companies.test_details import refused
from tests.accounts.companies.test_invitations import client_of
from tests.accounts.conftest import mail_to
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def leaver(company: Company) -> User:
    return UserFactory(company=company, email="lena@example.com", name="Lena Leaver")


@pytest.fixture
def msa_request(company: Company, leaver: User) -> MSARequest:
    """A draft of the leaver's, with its customer's address."""
    begun = drafts.start(by=leaver, company=company)
    return drafts.save_facts(begun, {"customer_email": "customer@example.com"}, by=leaver, version=begun.version)


def place_of(user: User) -> Membership:
    return user.memberships.get()


def test_confirmation_page_says_what_happens_and_a_get_changes_nothing(company, manager, leaver, msa_request):
    page = client_of(manager).get(f"/accounts/company/members/{place_of(leaver).pk}/remove/")
    assert "1 open request needs a new agent of record" in page.content.decode()
    assert company.memberships.count() == 2


def test_removed_colleague_sees_nothing_from_the_next_request_on(company, manager, leaver, msa_request):
    browser = client_of(leaver)
    page = f"/requests/{msa_request.reference}/"
    assert browser.get(page).status_code == 200
    response = client_of(manager).post(f"/accounts/company/members/{place_of(leaver).pk}/remove/", {"to": manager.pk})
    assert response.url == "/accounts/company/"
    assert browser.get(page).status_code == 404
    assert browser.post(f"{page}form/where/", {"city": "X", "autosave": ""}).status_code == 404
    assert msa_request.reference not in browser.get("/requests/").content.decode()
    msa_request.refresh_from_db()
    assert msa_request.agent == manager
    event = RequestEvent.objects.get(msa_request=msa_request, kind=EventKind.AGENT_NAMED)
    assert (event.codes, event.actor) == ({"agent": manager.pk}, manager)
    assert list(history.broken_links(msa_request)) == []


def test_email_that_waits_goes_to_the_person_who_takes_over(company, manager, leaver, msa_request):
    with transaction.atomic():
        notify(SignatureReminder, msa_request, key="1", people=[person(leaver)], to_page="agreement", by_link=False)
        notify(SignatureReminder, msa_request, key="3", people=[person(leaver)], to_page="agreement", by_link=False)
        notify(SignatureReminder, msa_request, key="2", people=[person(leaver)], to_page="agreement", by_link=False)
    at_it = NoticeMessage.objects.filter(unique_key__contains=":3:")
    at_it.update(state="sending", claim=uuid4(), lease_until=timezone.now())
    NoticeMessage.objects.filter(unique_key__contains=":2:").update(state="sent", sent_at="2026-01-01T00:00Z")
    membership.remove_member(place_of(leaver), by=manager, to=manager)
    waiting = NoticeMessage.objects.get(unique_key__contains="signature_reminder:1:")
    assert (waiting.to_email, waiting.recipient) == (manager.email, manager)
    assert "Hello Mona Manager," in waiting.text
    assert "Hello Mona Manager," in waiting.html
    assert "Lena" not in waiting.text.split("--")[0].splitlines()[2]
    assert at_it.values_list("to_email", "state", "claim").get() == (manager.email, "queued", None)
    assert NoticeMessage.objects.get(unique_key__contains="signature_reminder:2:").to_email == leaver.email


def test_email_about_the_leavers_own_former_request_stays_theirs(company, manager, leaver):
    """They were the company's customer before they worked there: what they paid is no colleague's business."""
    own = factories.withdrawn(factories.complete_request(owner=leaver))
    MSARequest.objects.filter(pk=own.pk).update(agent_company=company, agent=manager)
    with transaction.atomic():
        notify(SignatureReminder, own, key="1", people=[person(leaver)], to_page="agreement", by_link=False)
    membership.remove_member(place_of(leaver), by=manager, to=manager)
    assert NoticeMessage.objects.get(unique_key__contains="signature_reminder:1:").recipient == leaver


def person(user: User):
    from requests_app.notices import Person  # noqa: PLC0415

    return Person(user.email, user.name, user)


def test_codes_of_the_persons_own_account_stay_theirs(company, manager, leaver, msa_request, client):
    client.post("/accounts/login/code/", {"email": leaver.email})
    [code] = NoticeMessage.objects.filter(kind="account/login_code")
    membership.remove_member(place_of(leaver), by=manager, to=manager)
    code.refresh_from_db()
    assert code.to_email == leaver.email


def test_no_email_about_the_companys_requests_afterward(company, manager, leaver, msa_request):
    """Neither about open ones nor about those that are over, nor about files that they sent."""
    done = drafts.start(by=leaver, company=company)
    transitions.withdraw(done, by=leaver, reason=WithdrawalReason.OTHER, note="x")
    membership.remove_member(place_of(leaver), by=manager, to=manager)
    done.refresh_from_db()
    assert done.agent == manager
    with transaction.atomic():
        transitions.withdraw(msa_request, by=manager, reason=WithdrawalReason.OTHER, note="x")
        row = type("Sent", (), {"pk": 1, "name": "photo.jpg", "created_by": User.objects.get(pk=leaver.pk)})()
        tell_of_infected(None, row, MSARequest.objects.get(pk=msa_request.pk))
    assert mail_to(leaver.email) == []
    assert {mail.kind for mail in mail_to(manager.email)} >= {"withdrawn", "upload_removed"}


def test_nothing_is_started_for_or_handed_to_somebody_who_is_just_leaving(company, manager, leaver, msa_request):
    """Both looked at the membership before the removal, and act after it."""
    assert leaver.company_ids == {company.pk}
    other = factories.draft(company=company)
    membership.remove_member(place_of(leaver), by=manager, to=manager)
    assert refused(lambda: drafts.start(by=leaver, company=company)) == "not_allowed"
    assert refused(lambda: authority.hand_over(other, to=leaver, by=manager)) == "no_member"


def test_one_message_tells_of_all_that_was_taken_over(company, manager, leaver, msa_request):
    eve = UserFactory(company=company, email="eve@example.com")
    drafts.start(by=leaver, company=company)
    membership.remove_member(place_of(leaver), by=manager, to=eve)
    [mail] = mail_to(eve.email)
    assert (mail.kind, mail.subject) == ("work_handed_over", "2 requests are yours now")
    assert str(msa_request.reference) in mail.text


def test_person_leaves_and_names_who_takes_over(company, manager, leaver, msa_request):
    browser = client_of(leaver)
    page = f"/accounts/company/members/{place_of(leaver).pk}/remove/"
    assert browser.post(page).status_code == 422
    assert browser.post(page, {"to": UserFactory().pk}).status_code == 422
    assert browser.post(page, {"to": manager.pk}).status_code == 302
    assert list(company.memberships.values_list("user", flat=True)) == [manager.pk]
    assert LogEntry.objects.filter(user=leaver, change_message="removed").exists()


@pytest.mark.parametrize("heir", ["nobody", "stranger", "leaver"])
def test_open_requests_need_a_colleague(company, manager, leaver, msa_request, heir):
    to = {"nobody": None, "stranger": UserFactory(), "leaver": leaver}[heir]
    assert refused(lambda: membership.remove_member(place_of(leaver), by=manager, to=to)) == "no_heir"
    msa_request.refresh_from_db()
    assert (msa_request.agent, company.memberships.count()) == (leaver, 2)


def test_member_removes_nobody_else(company, manager, leaver):
    place = place_of(manager)
    assert client_of(leaver).post(f"/accounts/company/members/{place.pk}/remove/").status_code == 404
    assert refused(lambda: membership.remove_member(place, by=leaver)) == "not_manager"


def test_only_manager_hands_over_first(company, manager, leaver):
    place = place_of(manager)
    assert refused(lambda: membership.remove_member(place, by=manager)) == "last_manager"
    assert (
        "A company needs a manager"
        in client_of(manager).get(f"/accounts/company/members/{place.pk}/remove/").content.decode()
    )
    membership.make_manager(place_of(leaver), by=manager)
    membership.remove_member(place, by=manager)
    assert list(company.memberships.values_list("user", flat=True)) == [leaver.pk]


def test_only_person_closes_the_company_instead(company, manager):
    assert refused(lambda: membership.remove_member(place_of(manager), by=manager)) == "last_member"


@pytest.mark.parametrize("act", ["remove", "manager"])
def test_stranger_sees_404_and_changes_nothing(company, leaver, act):
    stranger = UserFactory()
    details.register_company(by=stranger, **DETAILS | {"name": "Other"})
    place = place_of(leaver)
    assert client_of(stranger).post(f"/accounts/company/members/{place.pk}/{act}/").status_code == 404
    assert not Membership.objects.get(pk=place.pk).is_manager


def test_company_page_asks_the_database_as_often_for_many_members(client, company, manager, django_assert_num_queries):
    client.force_login(manager)
    client.get("/accounts/company/")
    with CaptureQueriesContext(connection) as with_one:
        client.get("/accounts/company/")
    for _colleague in range(5):
        UserFactory(company=company)
    with django_assert_num_queries(len(with_one)):
        client.get("/accounts/company/")


@pytest.mark.parametrize(("person", "status"), [(factories.supervisor, 302), (factories.staff, 403)])
def test_supervisor_makes_a_manager_where_none_can_be_reached(company, leaver, person, status):
    page = f"/admin/accounts/company/{company.pk}/managers/{place_of(leaver).pk}/"
    assert client_of(person()).post(page).status_code == status
    assert place_of(leaver).is_manager == (status == 302)


def test_staff_add_and_remove_nobody_on_the_desk(company, leaver):
    """People join by accepting and leave on the company's page: one door each."""
    new = UserFactory()
    added = {"memberships-0-user": new.pk, "memberships-0-company": company.pk, "memberships-0-id": ""}
    counts = {"memberships-TOTAL_FORMS": 1, "memberships-INITIAL_FORMS": 0}
    client_of(factories.supervisor()).post(
        f"/admin/accounts/company/{company.pk}/change/", DETAILS | counts | added | {"_save": ""}
    )
    assert company.memberships.count() == 2


# --- Who works for the utility ------------------------------------------------------------
@pytest.mark.parametrize("role", list(Role))
def test_role_at_the_utility_ends_the_membership_and_hands_on(company, manager, leaver, msa_request, role):
    sue = factories.supervisor()
    leaver.grant(role)
    assert User.objects.get(pk=leaver.pk).company_ids == frozenset()
    services.follow_roles(leaver, by=sue)
    msa_request.refresh_from_db()
    assert (leaver.memberships.count(), msa_request.agent) == (0, manager)


def test_role_for_the_only_manager_makes_another_one(company, manager, leaver):
    manager.grant(Role.TECHNICIAN)
    services.follow_roles(manager, by=factories.supervisor())
    assert place_of(leaver).is_manager


def test_role_for_the_only_person_waits_for_the_open_requests(company, manager):
    factories.draft(company=company)
    sue = factories.supervisor()
    group = client_group()
    browser, page = client_of(sue), f"/admin/accounts/user/{manager.pk}/change/"
    response = browser.post(page, {"name": manager.name, "email": manager.email, "is_active": "on", "groups": [group]})
    assert response.status_code == 200
    assert "only person in Sunny Roof" in response.content.decode()
    manager.refresh_from_db()
    assert (manager.groups.count(), manager.memberships.count()) == (0, 1)


def client_group() -> int:
    from django.contrib.auth.models import Group  # noqa: PLC0415

    return Group.objects.get(name=Role.TECHNICIAN).pk


# --- Closing ------------------------------------------------------------------------------
def test_company_with_a_customer_who_has_no_account_stays_open(company, manager, msa_request):
    browser = client_of(manager)
    assert str(msa_request.reference) in browser.get("/accounts/company/close/").content.decode()
    browser.post("/accounts/company/close/")
    assert refused(lambda: details.close_company(company, by=manager)) == "open_requests"
    company.refresh_from_db()
    assert (company.closed_at, company.memberships.count()) == (None, 2)


def test_closed_company_gives_requests_back_to_customers_with_an_account(company, manager, leaver, msa_request):
    kim = proven("customer@example.com", name="Kim Customer")
    drafts.claim(msa_request, by=kim)
    agent_authority = AgentAuthority.objects.create(
        account_number="700", company=company, given_at="2026-01-01T00:00Z", expires_on="2030-01-01"
    )
    assert client_of(manager).post("/accounts/company/close/").status_code == 302
    company.refresh_from_db()
    msa_request.refresh_from_db()
    agent_authority.refresh_from_db()
    assert (company.closed_at is not None, company.memberships.count()) == (True, 0)
    assert (msa_request.has_agent, agent_authority.ended_because, agent_authority.ended_by) == (
        False,
        AuthorityEnd.CLOSED,
        manager,
    )
    assert [mail.kind for mail in mail_to(kim.email)][-1] == "agent_stepped_down"
    assert [mail.kind for mail in mail_to(leaver.email)] == ["request_claimed", "account/company_closed"]
    for gone in (manager, leaver):
        assert client_of(gone).get(f"/requests/{msa_request.reference}/").status_code == 404
    assert client_of(kim).get(f"/requests/{msa_request.reference}/").status_code == 200


def test_name_of_a_closed_company_is_free(company, manager):
    details.close_company(company, by=manager)
    again = details.register_company(by=manager, **DETAILS)
    assert (again.name, Company.objects.count()) == (company.name, 2)


def test_member_closes_nothing(company, leaver):
    assert client_of(leaver).post("/accounts/company/close/").status_code == 404
    assert refused(lambda: details.close_company(company, by=leaver)) == "not_manager"


# --- Several companies --------------------------------------------------------------------
@pytest.fixture
def both(company: Company, leaver: User) -> dict[str, MSARequest]:
    """One request of each of two companies that the person works for."""
    other = factories.CompanyFactory(name="Other Roof")
    Membership.objects.create(user=leaver, company=other)
    leaver = User.objects.get(pk=leaver.pk)
    return {"first": drafts.start(by=leaver, company=company), "other": drafts.start(by=leaver, company=other)}


def seen(browser: Client, both: dict[str, MSARequest], page: str = "/requests/") -> set[str]:
    body = browser.get(page).content.decode()
    return {name for name, msa_request in both.items() if str(msa_request.reference) in body}


def test_lists_and_new_requests_follow_the_company_chosen(leaver, both):
    browser, other = client_of(leaver), both["other"].agent_company
    assert seen(browser, both) == {"first"}
    assert browser.post("/requests/new/", {"whom": str(other.pk)}).status_code == 422
    assert "Working for <strong>Sunny Roof</strong>" in browser.get("/help/").content.decode()
    assert browser.post("/accounts/company/switch/", {"company": other.pk}).url == "/requests/"
    assert seen(browser, both) == {"other"}
    assert "Sunny Roof" not in browser.get("/accounts/company/").content.decode()
    browser.post("/requests/new/", {"whom": str(both["first"].agent_company_id)})
    assert MSARequest.objects.count() == 2
    browser.post("/requests/new/", {"whom": str(other.pk)})
    assert MSARequest.objects.latest("pk").agent_company == other


def test_statements_follow_the_company_chosen(leaver, both):
    body = client_of(leaver).get("/statements/").content.decode()
    assert "Other Roof" not in body
    assert "Sunny Roof" in body


def test_page_of_the_other_company_asks_to_switch_and_comes_back(leaver, both):
    browser, page = client_of(leaver), f"/requests/{both['other'].reference}/"
    response = browser.get(page)
    assert response.url.startswith("/accounts/company/switch/?company=")
    asked = browser.get(response.url).content.decode()
    assert f'value="{page}"' in asked
    data = {"company": both["other"].agent_company_id, "next": page}
    assert browser.post("/accounts/company/switch/", data).url == page
    assert browser.get(page).status_code == 200


def test_what_was_typed_for_the_other_company_in_an_older_tab_is_saved(leaver, both):
    form = f"/requests/{both['other'].reference}/form/where/"
    response = client_of(leaver).post(form, {"city": "Monrovia", "version": both["other"].version, "autosave": "1"})
    assert response.status_code == 200


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_switch_leads_nowhere_else(leaver, both, next_page):
    data = {"company": both["other"].agent_company_id, "next": next_page}
    assert client_of(leaver).post("/accounts/company/switch/", data).url == "/requests/"


def test_nobody_switches_to_a_company_that_they_do_not_work_for(leaver, both):
    browser, strange = client_of(leaver), factories.CompanyFactory()
    assert browser.post("/accounts/company/switch/", {"company": strange.pk}).status_code == 422
    session = browser.session
    session["company"] = strange.pk
    session.save()
    assert seen(browser, both) == {"first"}


def test_choice_ends_with_the_membership(leaver, both, manager):
    browser = client_of(leaver)
    browser.post("/accounts/company/switch/", {"company": both["other"].agent_company_id})
    Membership.objects.filter(user=leaver, company=both["other"].agent_company).delete()
    assert seen(browser, both) == {"first"}
