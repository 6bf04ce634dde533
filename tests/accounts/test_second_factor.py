"""Staff and technicians need a second step outside demo, and keep it."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator

from msa_portal.accounts.roles import Role
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def required(settings):
    settings.SECOND_FACTOR_REQUIRED = True


def give(user, kind=Authenticator.Type.TOTP):
    return Authenticator.objects.create(user=user, type=kind, data={"secret": "x", "credential": {}})


def reauthenticate(client):
    """allauth asks for the password again before a second step changes."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_role_without_second_step_reaches_its_security_page_alone(client, role):
    client.force_login(UserFactory(roles=[role]))
    for path in ("/admin/", "/help/", "/api/v1/schema/"):
        response = client.get(path)
        assert (response.status_code, response.url) == (302, "/accounts/2fa/")
    assert client.get("/accounts/2fa/").status_code == 200


def test_role_with_second_step_goes_on(client):
    user = UserFactory(roles=[Role.SUPERVISOR])
    give(user)
    client.force_login(user)
    assert client.get("/admin/").status_code == 200


def test_recovery_codes_alone_are_no_second_step(client):
    user = UserFactory(roles=[Role.SUPERVISOR])
    give(user, Authenticator.Type.RECOVERY_CODES)
    client.force_login(user)
    assert client.get("/admin/").status_code == 302


def test_customer_needs_none(client):
    client.force_login(UserFactory())
    assert client.get("/help/").status_code == 200


def test_demo_needs_none(client, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    client.force_login(UserFactory(roles=[Role.SUPERVISOR]))
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.PROGRAM_STAFF])
def test_last_authenticator_app_stays(client, role):
    user = UserFactory(roles=[role])
    give(user)
    client.force_login(user)
    reauthenticate(client)
    response = client.post("/accounts/2fa/totp/deactivate/")
    assert "Your role needs a second step" in response.content.decode()
    assert Authenticator.objects.filter(user=user).count() == 1


def test_last_key_stays(client):
    user = UserFactory(roles=[Role.TECHNICIAN])
    key = give(user, Authenticator.Type.WEBAUTHN)
    client.force_login(user)
    reauthenticate(client)
    response = client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert (response.status_code, response.url) == (302, "/accounts/2fa/webauthn/")
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_one_of_two_goes(client):
    user = UserFactory(roles=[Role.TECHNICIAN])
    give(user)
    key = give(user, Authenticator.Type.WEBAUTHN)
    client.force_login(user)
    reauthenticate(client)
    client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert [left.type for left in Authenticator.objects.filter(user=user)] == [Authenticator.Type.TOTP]


def test_customer_switches_it_off(client):
    user = UserFactory()
    give(user)
    client.force_login(user)
    reauthenticate(client)
    client.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user=user).exists()
