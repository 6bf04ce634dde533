"""A colleague joins by accepting an invitation; the inviter learns nothing of the address (D21, fault 43)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from msa_portal.accounts.companies import invitations, membership
from msa_portal.accounts.models import MembershipInvitation, User
from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused
from tests import factories
from tests.accounts.companies.conftest import proven
from tests.accounts.conftest import code_in, mail_to
from tests.factories import UserFactory, member_of

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_invited_colleague_makes_an_account_and_joins(company, manager):
    client_of(manager).post("/accounts/company/invitations/", {"email": "Ben@example.com"})
    [mail] = mail_to("Ben@example.com")
    assert "/accounts/invitations/" in mail.text
    assert not User.objects.filter(email__iexact="ben@example.com").exists()

    browser = Client()
    browser.post("/accounts/signup/?next=/accounts/invitations/", {"name": "Ben Builder", "email": "ben@example.com"})
    confirmed = browser.post("/accounts/confirm-email/", {"code": code_in(mail_to("ben@example.com")[-1])})
    assert confirmed.url == "/accounts/invitations/"
    page = browser.get("/accounts/invitations/").content.decode()
    assert "Sunny Roof" in page
    assert not company.memberships.filter(user__email="ben@example.com").exists()
    invitation = MembershipInvitation.objects.get()
    assert browser.post(f"/accounts/invitations/{invitation.pk}/accept/").url == "/accounts/company/"
    ben = User.objects.get(email="ben@example.com")
    assert ben.company_ids == {company.pk}
    invitation.refresh_from_db()
    assert invitation.accepted_by == ben


def test_company_page_says_the_same_whether_or_not_there_is_an_account(company, manager):
    """An account, none, one of the utility's people: same words, and no name."""
    proven("known@example.com", name="Zelda Known")
    proven("staff@example.com", name="Zelda Staff", roles=[Role.PROGRAM_STAFF])
    browser, pages = client_of(manager), []
    for name in ("known", "fresh", "staff"):
        email = f"{name}@example.com"
        response = browser.post("/accounts/company/invitations/", {"email": email}, follow=True)
        invitation = MembershipInvitation.objects.get(email=email)
        page = response.content.decode().split("<h1>")[1].split("<form method", 1)
        pages.append("".join(page).replace(email, "…").replace(f"/invitations/{invitation.pk}/", "/invitations/…/"))
        MembershipInvitation.objects.all().delete()
    pages = [page.split("csrfmiddlewaretoken")[0] for page in pages]
    assert pages[0] == pages[1] == pages[2]
    assert "Zelda" not in "".join(pages)


def test_only_the_holder_of_the_address_accepts(invitation):
    unproven = UserFactory(email="ben@example.com")
    EmailAddress.objects.create(user=unproven, email=unproven.email, verified=False, primary=True)
    for other in (proven("carl@example.com"), unproven):
        assert client_of(other).post(f"/accounts/invitations/{invitation.pk}/accept/").status_code == 404
        with pytest.raises(Refused) as refusal:
            invitations.accept(invitation, by=other)
        assert refusal.value.code == "not_open"
    assert invitation.company.memberships.count() == 1


def test_other_persons_invitation_is_not_shown(invitation):
    assert "Sunny Roof" not in client_of(proven("carl@example.com")).get("/accounts/invitations/").content.decode()


def test_expired_invitation_opens_nothing_and_can_be_sent_again(invitation, manager):
    ben = proven("ben@example.com")
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        assert client_of(ben).post(f"/accounts/invitations/{invitation.pk}/accept/").status_code == 404
        page = client_of(manager)
        assert "Expired" in page.get("/accounts/company/").content.decode()
        page.post(f"/accounts/company/invitations/{invitation.pk}/again/")
        newer = MembershipInvitation.objects.get(ended_at=None)
        assert (newer.pk != invitation.pk, newer.email, len(mail_to("ben@example.com"))) == (
            True,
            "ben@example.com",
            2,
        )
        assert client_of(ben).post(f"/accounts/invitations/{newer.pk}/accept/").status_code == 302
    assert ben.memberships.count() == 1


def test_withdrawn_invitation_opens_nothing(invitation, manager):
    client_of(manager).post(f"/accounts/company/invitations/{invitation.pk}/withdraw/")
    ben = proven("ben@example.com")
    assert client_of(ben).post(f"/accounts/invitations/{invitation.pk}/accept/").status_code == 404
    assert ben.memberships.count() == 0


def test_declined_invitation_is_over(invitation):
    ben = client_of(proven("ben@example.com"))
    ben.post(f"/accounts/invitations/{invitation.pk}/decline/")
    assert ben.post(f"/accounts/invitations/{invitation.pk}/accept/").status_code == 404


@pytest.mark.parametrize("role", list(Role))
def test_the_utilitys_people_cannot_join(invitation, role):
    ben = proven("ben@example.com", roles=[role])
    response = client_of(ben).post(f"/accounts/invitations/{invitation.pk}/accept/")
    assert (response.url, ben.memberships.count()) == ("/accounts/invitations/", 0)
    with pytest.raises(Refused) as refusal:
        invitations.accept(invitation, by=ben)
    assert refusal.value.code == "staff"


def test_customer_of_the_company_cannot_join_while_it_acts_for_them(invitation, company):
    """Nor can the company keep a customer from taking over by inviting them (A2, D10)."""
    ben = proven("ben@example.com")
    msa_request = factories.draft(company=company)
    msa_request.owner = ben
    msa_request.save()
    with pytest.raises(Refused) as refusal:
        invitations.accept(invitation, by=ben)
    assert refusal.value.code == "customer"


def test_colleague_is_not_invited_again(company, manager):
    response = client_of(manager).post("/accounts/company/invitations/", {"email": "MONA@example.com"})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["email"])


def test_member_cannot_invite_withdraw_or_send(company, invitation):
    member = UserFactory(company=company)
    page = client_of(member)
    for path in ("", f"{invitation.pk}/withdraw/", f"{invitation.pk}/again/"):
        response = page.post(f"/accounts/company/invitations/{path}", {"email": "x@example.com"})
        assert response.status_code == 404
    acts = (
        lambda: invitations.invite(company, by=member, email="x@example.com"),
        lambda: invitations.withdraw(invitation, by=member),
    )
    for act in acts:
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "not_manager"


def test_invitation_of_another_company_is_404(invitation):
    stranger = UserFactory()
    client_of(stranger).post("/accounts/company/", {"name": "Other"})
    for act in ("withdraw", "again"):
        response = client_of(stranger).post(f"/accounts/company/invitations/{invitation.pk}/{act}/")
        assert response.status_code == 404
    invitation.refresh_from_db()
    assert invitation.ended_at is None


def test_invitations_of_somebody_who_was_removed_end_with_them(company, manager):
    """Else a manager who is to go invites a second address of theirs first, and is back within the hour."""
    rogue = member_of(company, name="Rogue")
    membership.make_manager(rogue.memberships.get(), by=manager)
    second = proven("rogue.again@example.com")
    invitations.invite(company, by=rogue, email=second.email)
    own = invitations.invite(company, by=manager, email="ben@example.com")
    membership.remove_member(rogue.memberships.get(), by=manager, to=manager)
    assert not invitations.invitations_to(second).exists()
    assert list(invitations.open_invitations(company)) == [own]
