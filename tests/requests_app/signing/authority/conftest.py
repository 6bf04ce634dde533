from __future__ import annotations

import pytest

from msa_portal.accounts.models import User
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest
from tests import factories


@pytest.fixture
def company(db):
    return factories.CompanyFactory()


@pytest.fixture
def alice(db) -> User:
    return factories.UserFactory(name="Alice Sample")


def authorized(company, customer: User, **facts: object) -> MSARequest:
    """Signed by both, the customer by a link to their own address; they follow it from an account."""
    facts.setdefault("customer_email", customer.email)
    facts.setdefault("account_number", factories.COMPLETE_FACTS["account_number"])
    msa_request = factories.executed(factories.complete_request(company=company, **facts))
    drafts.claim(msa_request, by=customer)
    msa_request.refresh_from_db()
    return msa_request
