"""The services behind the admin's actions refuse whoever comes by another way."""

from __future__ import annotations

from datetime import date

import pytest

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused
from requests_app.models import AgreementWording, Product
from requests_app.rule_changes import wordings
from requests_app.rule_changes.products import end_approval

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> User:
    user = User.objects.create_user("pat@example.com", name="Pat")
    user.grant(Role.PROGRAM_STAFF)
    return user


def test_wording_is_proposed_by_supervisors_alone(staff: User):
    wording = AgreementWording.objects.create(
        version="2027-1",
        customer_terms="a",
        authorization="b",
        submittal="c",
        consent="d",
        effective_on=date(2099, 1, 1),
    )
    with pytest.raises(Refused) as refusal:
        wordings.propose(wording, by=staff)
    assert refusal.value.code == "not_allowed"
    wording.refresh_from_db()
    assert wording.published_at is None


def test_approval_is_ended_by_a_supervisor_alone(staff: User):
    product = Product.objects.create(manufacturer="Acme", model="C", isolating=True, approved_from=date(2025, 6, 12))
    with pytest.raises(Refused) as refusal:
        end_approval(product, on=date(2026, 11, 23), by=staff)
    assert refusal.value.code == "not_allowed"
    product.refresh_from_db()
    assert product.approved_until is None
