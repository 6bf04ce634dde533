from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from tests.accounts.conftest import mail_to, sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def group(role: Role) -> int:
    return Group.objects.get(name=role.value).pk


def save(client, user, **changes):
    data = {"name": user.name, "phone": user.phone, "is_active": "on"} | changes
    return client.post(f"/admin/accounts/user/{user.pk}/change/", data)


def test_supervisor_proposes_a_role_and_takes_one_back_at_once(client, alice):
    client.force_login(UserFactory(roles=[Role.SUPERVISOR]))
    assert save(client, alice, groups=[group(Role.PROGRAM_STAFF)]).status_code == 302
    alice.refresh_from_db()
    assert (alice.is_staff, list(alice.groups.all())) == (False, [])
    approvals.approve(Proposal.objects.get(), by=UserFactory(roles=[Role.SUPERVISOR]))
    alice.refresh_from_db()
    assert alice.is_staff
    save(client, alice)
    alice.refresh_from_db()
    assert not alice.is_staff


def test_superuser_gives_no_rights_alone(client, root, alice):
    staff = UserFactory(roles=[Role.PROGRAM_STAFF], is_active=False)
    save(client, alice, email=alice.email, is_superuser="on", groups=[group(Role.SUPERVISOR)])
    save(client, staff, email=staff.email, groups=[group(Role.PROGRAM_STAFF)])
    for user in (alice, staff):
        user.refresh_from_db()
    assert (alice.is_superuser, alice.is_staff, alice.groups.count(), staff.is_active) == (False, False, 0, False)
    powers = sorted(proposal.payload["power"] for proposal in Proposal.objects.all())
    assert powers == ["sign_in", "superuser", "supervisor"]


def test_customer_who_was_disabled_signs_in_again_at_once(client, root, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    save(client, alice, email=alice.email)
    alice.refresh_from_db()
    assert alice.is_active


def test_supervisor_makes_no_superuser(client, alice):
    client.force_login(UserFactory(roles=[Role.SUPERVISOR]))
    save(client, alice, is_superuser="on", email="stolen@example.com", user_permissions=["1"])
    alice.refresh_from_db()
    assert (alice.is_superuser, alice.email, alice.user_permissions.count()) == (False, "alice@example.com", 0)


def test_supervisor_changes_no_superuser_and_nobodys_password(client, alice):
    root = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(UserFactory(roles=[Role.SUPERVISOR]))
    assert save(client, root, name="Changed").status_code == 403
    assert client.get(f"/admin/accounts/user/{alice.pk}/password/").status_code == 403


@pytest.mark.parametrize("role", [Role.PROGRAM_STAFF, Role.DISPATCHER])
def test_other_roles_see_no_people(client, role, alice):
    client.force_login(UserFactory(roles=[role]))
    assert client.get("/admin/accounts/user/").status_code == 403


def test_line_break_in_a_name_is_refused(client, alice):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    response = save(client, alice, email=alice.email, name="A\r\nBcc: x@example.com")
    assert list(response.context["adminform"].form.errors) == ["name"]
    alice.refresh_from_db()
    assert alice.name == "Alice Sample"


@pytest.fixture
def root(client) -> User:
    """A superuser who has just signed in."""
    root = UserFactory(is_staff=True, is_superuser=True)
    EmailAddress.objects.create(user=root, email=root.email, verified=True, primary=True)
    sign_in(client, root.email)
    return root


def test_other_address_is_told_to_both_and_has_to_be_proven(client, root, alice):
    assert save(client, alice, email="renamed@example.com").status_code == 302
    for email in ("alice@example.com", "renamed@example.com"):
        assert "is now renamed@example.com, not alice@example.com" in mail_to(email)[-1].text
    assert list(EmailAddress.objects.filter(user=alice).values_list("email", "verified")) == [
        ("renamed@example.com", False)
    ]


def test_account_of_a_supervisor_gives_no_power_at_an_address_that_one_person_gave_it(client, root):
    """Else one superuser is two people: the new address gets a sign-in code, and its proof ends the second factor."""
    sue = UserFactory(roles=[Role.SUPERVISOR])
    other = UserFactory(is_staff=True, is_superuser=True)
    save(client, sue, email="mine@example.com", groups=[group(Role.SUPERVISOR)])
    save(client, other, email="mine.too@example.com", is_superuser="on")
    for user in (sue, other):
        user.refresh_from_db()
    assert (sue.email, sue.groups.count(), sue.is_staff) == ("mine@example.com", 0, False)
    assert (other.email, other.is_superuser, other.is_staff) == ("mine.too@example.com", False, False)
    assert sorted(proposal.payload["power"] for proposal in Proposal.objects.all()) == ["superuser", "supervisor"]


def test_superuser_keeps_all_rights_at_another_address_of_their_own(client, root):
    save(client, root, email="renamed@example.com", is_superuser="on")
    root.refresh_from_db()
    assert (root.email, root.is_superuser) == ("renamed@example.com", True)


def test_nobody_sets_the_password_of_somebody_with_a_role(client, root):
    sue = UserFactory(roles=[Role.SUPERVISOR])
    new = {"password1": "another long pass phrase", "password2": "another long pass phrase", "usable_password": "true"}
    client.post(f"/admin/accounts/user/{sue.pk}/password/", new)
    assert User.objects.get(pk=sue.pk).password == sue.password


def test_password_that_a_superuser_sets_is_told(client, root, alice):
    new = {"password1": "another long pass phrase", "password2": "another long pass phrase", "usable_password": "true"}
    client.post(f"/admin/accounts/user/{alice.pk}/password/", new)
    assert "Your password was changed." in mail_to(alice.email)[-1].text


@pytest.mark.parametrize("part", ["password/", "change/"])
def test_superuser_answers_first(client, alice, part):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    new = {"password1": "another long pass phrase", "password2": "another long pass phrase"}
    data = new | {"email": "renamed@example.com", "name": "A", "phone": "", "is_active": "on"}
    response = client.post(f"/admin/accounts/user/{alice.pk}/{part}", data)
    assert response.url.startswith("/accounts/reauthenticate/")
    fresh = User.objects.get(pk=alice.pk)
    assert (fresh.password, fresh.email) == (alice.password, alice.email)
    assert part == "change/" or new["password1"] not in str(dict(client.session))


def test_password_page_of_the_staff_desk_is_the_accounts_own(client, root):
    response = client.get("/admin/password_change/")
    assert (response.status_code, response.url) == (302, "/accounts/password/change/")


@pytest.mark.parametrize(
    "door",
    ["account/emailaddress/add/", "usersessions/usersession/", "mfa/authenticator/add/"],
)
def test_superuser_gives_an_account_no_address_no_session_and_no_second_factor(client, root, door):
    """Each signs them in as a second person: a proven address by code, a session's key without more."""
    assert client.get(f"/admin/{door}").status_code in {403, 404}


def test_superuser_removes_a_second_factor_that_is_lost_and_reads_and_changes_none(client, root):
    sue = UserFactory(roles=[Role.SUPERVISOR])
    EmailAddress.objects.create(user=sue, email=sue.email, verified=True, primary=True)
    app = Authenticator.objects.create(user=sue, type="totp", data={"secret": "the-secret"})
    page = f"/admin/mfa/authenticator/{app.pk}/"
    shown = client.get(f"{page}change/")
    assert (shown.status_code, "the-secret" in shown.text) == (200, False)
    assert client.post(f"{page}change/", {"user": root.pk, "type": "totp", "data": "{}"}).status_code == 403
    assert client.post(f"{page}delete/", {"post": "yes"}).status_code == 302
    assert not sue.authenticator_set.exists()
    assert "The authenticator app was removed" in mail_to(sue.email)[-1].text
