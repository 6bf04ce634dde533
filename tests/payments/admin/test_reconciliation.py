"""The comparison on the staff desk: who sees it, who resolves a difference."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from payments.models import ReconciledDay, ReconciliationItem
from payments.services import reconciliation
from payments.services.reconciliation import lease
from tests import factories
from tests.payments import many
from tests.payments.admin.test_payments import signed_in
from tests.payments.conftest import state_of
from tests.payments.provider_books import ProviderBooks
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]

DAYS, ITEMS = "/admin/payments/reconciledday/", "/admin/payments/reconciliationitem/"


@pytest.fixture
def books(provider_sandbox: SandboxControl, schedule: Any) -> ProviderBooks:
    return ProviderBooks(provider_sandbox)


@pytest.fixture
def day() -> date:
    return reconciliation.today() - timedelta(days=3)


@pytest.fixture
def item(day: date, books: ProviderBooks) -> ReconciliationItem:
    """Another amount than the payment's."""
    many.paid_on(day, 1, books)
    books.set_field("amount", many.FEE + 1)
    reconciliation.run([day])
    return ReconciliationItem.objects.get()


def test_lists_show_figures_and_lead_to_the_payment(item: ReconciliationItem) -> None:
    client = signed_in(factories.staff())
    days, items = (client.get(address).content.decode() for address in (DAYS, f"{ITEMS}?state__exact=open"))
    assert "$279.23" in days
    assert "$279.22" in days
    assert f'href="/admin/payments/payment/{item.payment_id}/change/"' in items
    page = client.get(f"{DAYS}{item.day_id}/change/").content.decode()
    assert f"{ITEMS}{item.pk}/change/" in page


def test_supervisor_resolves_with_a_note(item: ReconciliationItem) -> None:
    supervisor = factories.supervisor()
    client, address = signed_in(supervisor), f"{ITEMS}{item.pk}/resolve/"
    assert address in client.get(f"{ITEMS}{item.pk}/change/").content.decode()
    assert (client.get(address).status_code, state_of(item)) == (200, "open")
    assert (client.post(address, {"note": " "}).status_code, state_of(item)) == (200, "open")
    assert (client.post(address, {"note": "The bank rounded."}).status_code, state_of(item)) == (302, "resolved")
    assert (item.resolved_by, item.note) == (supervisor, "The bank rounded.")
    assert "resolved already: The bank rounded." in client.post(address, {"note": "Again"}).content.decode()


def test_program_staff_look_and_resolve_nothing(item: ReconciliationItem) -> None:
    client, address = signed_in(factories.staff()), f"{ITEMS}{item.pk}/resolve/"
    assert address not in client.get(f"{ITEMS}{item.pk}/change/").content.decode()
    assert (client.post(address, {"note": "Mine"}).status_code, state_of(item)) == (404, "open")


def test_staff_compare_a_day_now(item: ReconciliationItem, books: ProviderBooks) -> None:
    books.set_field("amount", many.FEE)
    client, address = signed_in(factories.staff()), f"{DAYS}{item.day_id}/compare/"
    assert (client.get(address).status_code, state_of(item)) == (200, "open")
    assert (client.post(address).status_code, state_of(item)) == (302, "resolved")
    assert ReconciledDay.objects.get().state == "clean"
    with lease.held():
        assert "under way already" in client.post(address).content.decode()


@pytest.mark.parametrize("address", [DAYS, ITEMS])
def test_nobody_adds_changes_or_deletes(item: ReconciliationItem, address: str) -> None:
    client = signed_in(factories.supervisor())
    row = item.day_id if address == DAYS else item.pk
    assert client.get(f"{address}add/").status_code == 403
    assert client.post(f"{address}{row}/change/", {"state": "clean"}).status_code == 403
    assert client.post(f"{address}{row}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("address", [DAYS, ITEMS])
def test_list_takes_as_many_queries_for_many_rows(
    item: ReconciliationItem, address: str, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(factories.staff())
    with django_assert_max_num_queries(100) as one:
        client.get(address)
    others = [
        ReconciledDay(day=item.day.day - timedelta(days=n), state="open", checked_at=item.day.checked_at)
        for n in range(1, 20)
    ]
    for other in ReconciledDay.objects.bulk_create(others):
        other.items.create(
            kind="differs", category="charge", provider_id="pi", payment=item.payment, ours_cents=1, theirs_cents=2
        )
    with django_assert_max_num_queries(len(one)):
        client.get(address)
