"""What a browser keeps of a signed-in page, and under which names our cookies go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.utils import timezone

from msa_portal.accounts.roles import Role
from tests.accounts.conftest import is_signed_in, sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NAMES = [
    "SESSION_COOKIE_NAME",
    "CSRF_COOKIE_NAME",
    "MESSAGES_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
]


@pytest.mark.parametrize("path", ["/", "/products/", "/accounts/details/", "/requests/", "/nothing-here/", "/field/"])
def test_no_page_of_a_signed_in_person_is_kept(client, alice, path):
    client.force_login(alice)
    assert "no-store" in client.get(path)["Cache-Control"]


def test_staff_desk_and_api_are_not_kept(client):
    client.force_login(UserFactory(roles=[Role.SUPERVISOR]))
    for path in ("/admin/", "/admin/accounts/user/", "/api/v1/products/"):
        assert "no-store" in client.get(path)["Cache-Control"]


def test_public_pages_may_be_kept(client):
    assert "no-store" not in client.get("/products/").headers.get("Cache-Control", "")


def test_answer_to_the_sign_in_is_not_kept(client, alice):
    assert "no-store" in sign_in(client, alice.email)["Cache-Control"]


def test_signing_out_clears_the_cache_alone(client, alice):
    sign_in(client, alice.email)
    assert "Clear-Site-Data" not in client.get("/accounts/details/")
    response = client.post("/accounts/logout/")
    assert response["Clear-Site-Data"] == '"cache"'
    assert "no-store" in response["Cache-Control"]
    assert not is_signed_in(client)
    assert "Clear-Site-Data" not in client.get("/")


def test_every_way_out_clears_the_cache_alone(client):
    """Cookies and storage hold a phone's unsent reports; tests/browser/test_field_app.py loses one with "storage"."""
    user = UserFactory(roles=[Role.SUPERVISOR])
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    sign_in(client, user.email)
    client.get("/accounts/sessions/")
    this = UserSession.objects.get(user=user)
    assert client.post(f"/accounts/devices/{this.pk}/sign-out/")["Clear-Site-Data"] == '"cache"'
    sign_in(client, user.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert client.get("/accounts/details/")["Clear-Site-Data"] == '"cache"'


def test_abilities_that_no_page_uses_are_off(client):
    policy = client.get("/")["Permissions-Policy"].split(", ")
    assert {"camera=(self)", "publickey-credentials-get=(self)", "geolocation=()", "microphone=()"} <= set(policy)


@pytest.mark.parametrize(
    ("address", "prefix", "secure"),
    [("https://msa.example.org", "__Host-", True), ("http://localhost:8000", "", False)],
)
def test_cookies_belong_to_this_host_where_it_is_https(address, prefix, secure):
    code = (
        "import json; from django.conf import settings; from msa_portal.accounts.messages_storage import MessageStorage;"
        f"print(json.dumps([[getattr(settings, name) for name in {NAMES}], MessageStorage.storage_classes[0].cookie_name,"
        "settings.SESSION_COOKIE_DOMAIN, settings.SESSION_COOKIE_PATH, settings.CSRF_COOKIE_PATH]))"
    )
    environment = os.environ | {"PUBLIC_URL": address, "DJANGO_SETTINGS_MODULE": "msa_portal.settings"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    cookies = [f"{prefix}sessionid", f"{prefix}csrftoken", f"{prefix}messages", secure, secure]
    assert json.loads(done.stdout) == [cookies, f"{prefix}messages", None, "/", "/"]
