from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from msa_portal.accounts.roles import Role
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def group(role: Role) -> int:
    return Group.objects.get(name=role.value).pk


def save(client, user, **changes):
    data = {"name": user.name, "phone": user.phone, "is_active": "on"} | changes
    return client.post(f"/admin/accounts/user/{user.pk}/change/", data)


def test_supervisor_gives_a_role_and_the_admin_opens(client, alice):
    client.force_login(UserFactory(roles=[Role.SUPERVISOR]))
    assert save(client, alice, groups=[group(Role.PROGRAM_STAFF)]).status_code == 302
    alice.refresh_from_db()
    assert alice.is_staff
    save(client, alice)
    alice.refresh_from_db()
    assert not alice.is_staff


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
