"""A product's rules as data: what a change means for open requests is seen before it counts."""

from __future__ import annotations

from copy import copy
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from requests_app.application import completeness
from requests_app.enums import EventKind
from requests_app.lifecycle import readiness_statements, settlement
from requests_app.models import MSARequest, Product
from requests_app.readiness import readiness
from requests_app.rule_changes import products
from requests_app.status.timeline import timeline
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    return factories.ProductFactory()


def changed(product: Product, **values: Any) -> Product:
    new = copy(product)
    for name, value in values.items():
        setattr(new, name, value)
    return new


def affected(product: Product, **values: Any) -> list[tuple[int, list[str], list[str]]]:
    """Per request, the rules that appear and those that disappear."""
    return [
        (impact.msa_request.pk, [point.rule for point in impact.appears], [point.rule for point in impact.disappears])
        for impact in products.impacts(product, changed(product, **values))
    ]


def today() -> date:
    return timezone.localdate()


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ({"max_service_amps": 150}, ["E7"]),
        ({"request_types": ["replacement"]}, ["E6"]),
        ({"request_types": ["install", "replacement"]}, None),
        ({"required_documents": ["Wiring diagram"]}, ["R5"]),
        ({"required_companions": ["storage", "transfer_switch"]}, ["C3"]),
        ({"isolating": False}, None),
        ({"approved_from": date(2099, 1, 1)}, ["E6"]),
        ({"notes": "New words", "verified": True}, None),
    ],
)
def test_open_request_is_listed_with_what_changes_for_it(
    product: Product, change: dict[str, Any], rules: list[str] | None
) -> None:
    msa_request = factories.complete_request(device=product)
    assert affected(product, **change) == ([(msa_request.pk, rules, [])] if rules else [])


def test_what_disappears_is_listed_too() -> None:
    product = factories.ProductFactory(required_companions=["storage"])
    msa_request = factories.complete_request(device=product, has_storage=False)
    assert affected(product, required_companions=[]) == [(msa_request.pk, [], ["E18"])]


def test_gma_beside_an_isolating_device_is_judged_with_the_change() -> None:
    product = factories.ProductFactory(isolating=False)
    msa_request = factories.complete_request(device=product, existing_adapter="gma")
    assert affected(product, isolating=True) == [(msa_request.pk, ["E16"], [])]


def test_closed_requests_other_devices_and_removals_are_not_listed(product: Product) -> None:
    factories.withdrawn(device=product)
    factories.completed(device=product)
    factories.complete_request(device=factories.ProductFactory())
    removal = factories.complete_request(request_type="removal", existing_adapter="msa")
    MSARequest.objects.filter(pk=removal.pk).update(device=product)
    assert affected(product, max_service_amps=100) == []


def test_request_whose_day_is_frozen_is_judged_on_that_day_alone(product: Product) -> None:
    """D15: the approval may end after the fee form was opened."""
    draft, frozen = factories.complete_request(device=product), factories.submitted(device=product)
    assert (draft.judged_on, frozen.judged_on) == (None, today())
    with time_machine.travel(timezone.now() + timedelta(days=5)):
        listed = affected(product, approved_until=today() - timedelta(days=1))
    assert [pk for pk, _new, _gone in listed] == [draft.pk]
    # What is not a matter of the day changes for it as well.
    assert [pk for pk, _new, _gone in affected(product, max_service_amps=100)] == [draft.pk, frozen.pk]


def test_approval_that_ends_later_is_listed_from_that_day(product: Product) -> None:
    factories.complete_request(device=product)
    (impact,) = products.impacts(product, changed(product, approved_until=today()))
    assert (impact.from_on, [point.rule for point in impact.appears]) == (today() + timedelta(days=1), ["E6"])


def queries(product: Product) -> int:
    with CaptureQueriesContext(connection) as seen:
        products.impacts(product, changed(product, max_service_amps=100, required_documents=["Plan"]))
    return len(seen)


def test_listing_takes_three_queries_with_one_request_and_with_many(product: Product) -> None:
    factories.complete_request(device=product)
    with_one = queries(product)
    for _n in range(8):
        factories.complete_request(company=factories.CompanyFactory(), device=product)
    assert queries(product) == with_one == 3


# --- Saved -------------------------------------------------------------------------------
def save(product: Product, **values: Any) -> None:
    products.save(changed(product, **values), by=factories.supervisor())


def test_change_is_put_on_the_record_and_the_customer_is_told_when_ruled_out(product: Product) -> None:
    msa_request = factories.complete_request(device=product)
    save(product, max_service_amps=150)
    event = msa_request.events.get(kind=EventKind.PRODUCT_RULES_CHANGED)
    assert event.codes == {"product": product.pk, "appears": ["E7"], "disappears": [], "from": ""}
    row = NoticeMessage.objects.get(kind="device_ruled_out")
    assert row.to_email == msa_request.owner.email
    assert "This device is made for 150 A at most. The panel is rated for 200 A." in row.text
    assert f"/requests/{msa_request.reference}/form/adapter/" in row.text
    assert ("New finding: E7",) in [entry.details for entry in timeline(msa_request, msa_request.owner)]


def test_customer_of_a_sent_request_gets_no_mail_and_staff_see_it(product: Product, client: Client) -> None:
    msa_request = factories.submitted(device=product)
    save(product, max_service_amps=150)
    assert not NoticeMessage.objects.filter(kind="device_ruled_out").exists()
    client.force_login(factories.staff())
    page = client.get(f"/admin/requests_app/msarequest/{msa_request.pk}/change/").text
    assert "This device is made for 150 A at most." in page
    assert "The rules of the chosen device changed" in page


def test_what_can_be_put_right_brings_no_mail(product: Product) -> None:
    factories.complete_request(device=product)
    save(product, required_documents=["Wiring diagram"])
    assert not NoticeMessage.objects.filter(kind="device_ruled_out").exists()


def test_statement_that_does_not_cover_the_new_finding_stands_no_more(product: Product) -> None:
    msa_request = factories.complete_request(device=product, clear_meter_access=False)
    readiness_statements.state_findings(msa_request, by=msa_request.owner, covers={"E17:clear_meter_access"})
    save(product, required_documents=["Wiring diagram"])
    assert readiness.statement_of(msa_request) is None


def test_frozen_day_holds_through_the_change(product: Product) -> None:
    msa_request = factories.executed(factories.complete_request(device=product))
    settlement.open_fee_form(msa_request, by=msa_request.owner)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        save(product, approved_until=today() - timedelta(days=1))
        msa_request.refresh_from_db()
        completeness.check_form_complete(msa_request)
    assert not msa_request.events.filter(kind=EventKind.PRODUCT_RULES_CHANGED).exists()


def test_request_that_the_product_is_not_for_cannot_be_paid(product: Product) -> None:
    msa_request = factories.executed(factories.complete_request(device=product))
    save(product, request_types=["replacement"])
    msa_request = factories.refreshed(msa_request)
    with pytest.raises(Refused) as refused:
        settlement.open_fee_form(msa_request, by=msa_request.owner)
    assert refused.value.code == "not_eligible"


# --- At the desk -------------------------------------------------------------------------
@pytest.fixture
def desk(client: Client) -> Client:
    client.force_login(factories.supervisor())
    return client


def typed(product: Product, **changes: Any) -> dict[str, Any]:
    return {
        "manufacturer": product.manufacturer,
        "model": product.model,
        "part_number": "",
        "isolating": "on",
        "required_companions": ["storage"],
        "max_service_amps": "200",
        "approved_from": "2023-04-01",
        "approved_until": "",
    } | changes


def url(product: Product) -> str:
    return f"/admin/requests_app/product/{product.pk}/change/"


def test_supervisor_sees_those_affected_before_it_is_saved(desk: Client, product: Product) -> None:
    msa_request = factories.complete_request(device=product)
    page = desk.post(url(product), typed(product, max_service_amps="150"))
    assert "Nothing is saved yet. 1 open request would be told something else:" in page.text
    assert msa_request.reference in page.text
    assert "This device is made for 150 A at most. The panel is rated for 200 A." in page.text
    product.refresh_from_db()
    assert (product.max_service_amps, msa_request.events.filter(kind=EventKind.PRODUCT_RULES_CHANGED).count()) == (
        200,
        0,
    )

    again = dict(page.context["typed"]) | {"_confirmed": page.context["seen"]}
    saved = desk.post(url(product), again, follow=True)
    product.refresh_from_db()
    assert product.max_service_amps == 150
    assert product.required_companions == ["storage"]
    assert "One open request is affected. It is noted there." in saved.text


def test_list_that_changed_meanwhile_is_shown_again(desk: Client, product: Product) -> None:
    factories.complete_request(device=product)
    seen = desk.post(url(product), typed(product, max_service_amps="150")).context["seen"]
    factories.complete_request(device=product)
    page = desk.post(url(product), typed(product, max_service_amps="150") | {"_confirmed": seen})
    assert "The list changed since you saw it." in page.text
    product.refresh_from_db()
    assert product.max_service_amps == 200


def test_change_that_touches_nobody_is_saved_at_once(desk: Client, product: Product) -> None:
    desk.post(
        url(product),
        typed(
            product,
            request_types=["install"],
            required_companions=["storage", "load_controller"],
            required_documents="Wiring diagram\r\n\r\n  Warranty  card \r\nWiring diagram",
        ),
    )
    product.refresh_from_db()
    assert (product.request_types, product.required_companions) == (["install"], ["storage", "load_controller"])
    assert product.required_documents == ["Wiring diagram", "Warranty card"]
    assert [row.required_documents for row in product.history.all()][:1] == [["Wiring diagram", "Warranty card"]]


def test_long_list_is_cut_and_counted(desk: Client, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("requests_app.admin.confirm_rule_change.MOST_LISTED", 2)
    for _n in range(5):
        factories.complete_request(device=product)
    page = desk.post(url(product), typed(product, max_service_amps="150"))
    assert (len(page.context["impacts"]), "And 3 more requests." in page.text) == (2, True)


def test_page_takes_as_many_queries_with_many_as_with_one(desk: Client, product: Product) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            desk.post(url(product), typed(product, max_service_amps="150"))
        return len(seen)

    factories.complete_request(device=product)
    with_one = count()
    for _n in range(6):
        factories.complete_request(device=product)
    assert count() == with_one


def test_end_of_approval_from_the_list_asks_too(desk: Client, product: Product) -> None:
    factories.complete_request(device=product)
    action = {"action": "end_approval_today", "_selected_action": [product.pk]}
    page = desk.post("/admin/requests_app/product/", action)
    assert "End the approval after today?" in page.text
    product.refresh_from_db()
    assert product.approved_until is None
    desk.post("/admin/requests_app/product/", action | {"_confirmed": page.context["seen"]})
    product.refresh_from_db()
    assert product.approved_until == today()
    assert NoticeMessage.objects.filter(kind="device_ruled_out").count() == 1


def test_staff_without_the_right_see_no_list(client: Client, product: Product) -> None:
    factories.complete_request(device=product)
    client.force_login(factories.staff())
    assert client.post(url(product), typed(product, max_service_amps="150")).status_code == 403


@pytest.mark.parametrize("titles", ["x" * 81, "\n".join(f"Document {n}" for n in range(11))])
def test_too_long_a_list_of_documents_is_refused(desk: Client, product: Product, titles: str) -> None:
    page = desk.post(url(product), typed(product, required_documents=titles))
    assert "required_documents" in page.context["adminform"].form.errors
