"""A company of agents that has fees to pay, and Bob, who works there."""

from __future__ import annotations

import pytest

from msa_portal.accounts.models import Company, User
from payments.models import FeeSchedule
from tests import factories


@pytest.fixture
def company(schedule: FeeSchedule) -> Company:
    return factories.CompanyFactory()


@pytest.fixture
def bob(company: Company) -> User:
    return factories.member_of(company)
