"""`manage.py seed_demo`."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from demo import accounts
from fieldwork.models import SiteVisit
from msa_portal.accounts.models import User
from requests_app import history
from requests_app.enums import RecordCheck, Status
from requests_app.lifecycle import drafts
from requests_app.models import MSARequest, Product
from requests_app.utility_records import comparison

pytestmark = pytest.mark.django_db


def printed() -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


@pytest.mark.slow
def test_seeding_fills_every_status_once(client: Client):
    assert accounts.PASSWORD in printed()
    made = MSARequest.objects.count()
    assert set(MSARequest.objects.values_list("status", flat=True)) == set(Status.values)
    assert list(history.broken_links()) == []
    assert not Product.objects.filter(approved_from=None).exists()
    assert not Product.objects.filter(verified=True).exists()
    assert SiteVisit.objects.filter(state="scheduled", technician__user__email=accounts.TECHNICIAN.email).count() == 2
    for account in accounts.ACCOUNTS:
        assert account.email in printed()
        client.post("/accounts/login/", {"login": account.email, "password": accounts.PASSWORD})
        assert client.get(account.start).status_code == 200, account
        client.post("/accounts/logout/")
    assert MSARequest.objects.count() == made
    for account in (accounts.CUSTOMER, accounts.MANAGER, accounts.COLLEAGUE):
        checks_as_many_accounts_as_anybody(User.objects.get(email=account.email))


def checks_as_many_accounts_as_anybody(user: User) -> None:
    msa_request = drafts.start(by=user, company=user.companies.first())
    for number in range(comparison.CHECKS_AN_HOUR_BY_USER):
        facts = {"customer_name": "Somebody New", "zip_code": "91016", "account_number": f"70012345600{number}"}
        msa_request = drafts.save_facts(msa_request, facts, by=user, version=msa_request.version)
        assert comparison.check(msa_request, by=user) == RecordCheck.DIFFERS


def test_seeding_again_is_quick(django_assert_num_queries):
    User.objects.create_user(accounts.CUSTOMER.email, "x", name="Maya Ortiz")
    with django_assert_num_queries(1):
        assert accounts.CUSTOMER.email in printed()


def test_no_known_password_outside_demo(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="no demo"):
        printed()
    assert not User.objects.exists()
