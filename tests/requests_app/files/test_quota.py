"""What a person and a company keep here in all has a limit, which normal use never reaches."""

from __future__ import annotations

import pytest

from msa_portal.accounts.models import Membership
from msa_portal.errors import Refused
from requests_app.enums import DocumentKind, ScanState
from requests_app.files import uploads
from requests_app.models import Document
from tests import factories
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def send(msa_request, by, size: int = 60) -> None:
    checked = uploads.Checked("photo.jpg", "image/jpeg", bytes(size), "0" * 64, ScanState.NOT_SCANNED)
    uploads.keep(msa_request, checked, kind=DocumentKind.SITE_PHOTO, by=by)


def is_refused(act) -> bool:
    try:
        act()
    except Refused as refusal:
        return refusal.code == "quota" and "all your files together" in str(refusal)
    return False


@pytest.fixture(autouse=True)
def small(settings) -> None:
    settings.QUOTAS = settings.QUOTAS | {"bytes_of_person": 100, "bytes_of_company": 100}


def test_persons_files_of_all_their_requests_count():
    alice = UserFactory()
    send(factories.draft(owner=alice), alice)
    another = factories.draft(owner=alice)
    assert is_refused(lambda: send(another, alice))
    assert Document.objects.count() == 1
    send(another, alice, 40)


def test_companys_files_of_all_its_people_count():
    company = factories.CompanyFactory()
    bob, eve = factories.member_of(company), factories.member_of(company)
    first, second = factories.draft(company=company), factories.draft(company=company)
    send(first, bob)
    assert is_refused(lambda: send(second, eve))
    assert not is_refused(lambda: send(factories.draft(owner=eve), eve))


def test_one_companys_files_do_not_count_for_another():
    one, other = factories.CompanyFactory(), factories.CompanyFactory()
    bob = factories.member_of(one)
    Membership.objects.create(user=bob, company=other)
    send(factories.draft(company=one), bob)
    bob = type(bob).objects.get(pk=bob.pk)
    assert not is_refused(lambda: send(factories.draft(company=other), bob))


def test_infected_files_were_deleted_and_do_not_count():
    alice = UserFactory()
    msa_request = factories.draft(owner=alice)
    send(msa_request, alice)
    Document.objects.update(scan=ScanState.INFECTED)
    assert not is_refused(lambda: send(msa_request, alice))
