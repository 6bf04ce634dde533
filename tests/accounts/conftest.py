from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from msa_portal.accounts.models import User
from msa_portal.notices.models import NoticeMessage
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db) -> User:
    """Has an account with a confirmed address."""
    user = UserFactory(email="alice@example.com", name="Alice Sample")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def sign_in(client: Client, email: str, password: str = PASSWORD, **extra):
    return client.post("/accounts/login/", {"login": email, "password": password}, **extra)


def is_signed_in(client: Client) -> bool:
    return client.get("/accounts/details/").status_code == 200


def mail_to(email: str) -> list[NoticeMessage]:
    return list(NoticeMessage.objects.filter(to_email=email).order_by("pk"))


def code_in(message: NoticeMessage) -> str:
    """The code stands in a line of its own."""
    return re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{3,})\s*$", message.text, re.MULTILINE).group(1)
