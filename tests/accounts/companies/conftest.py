from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress

from msa_portal.accounts.companies import details, invitations
from msa_portal.accounts.models import Company, MembershipInvitation, User
from tests.factories import UserFactory

DETAILS: dict[str, Any] = {
    "name": "Sunny Roof",
    "license_number": "1000042",
    "license_classification": "C-10",
    "phone": "626-555-0142",
}


def proven(email: str, **fields: Any) -> User:
    """A person who has proven that address."""
    user = UserFactory(email=email, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


@pytest.fixture
def manager(db: None) -> User:
    return proven("mona@example.com", name="Mona Manager")


@pytest.fixture
def company(manager: User) -> Company:
    return details.register_company(by=manager, **DETAILS)


@pytest.fixture
def invitation(company: Company, manager: User) -> MembershipInvitation:
    return invitations.invite(company, by=manager, email="ben@example.com")
