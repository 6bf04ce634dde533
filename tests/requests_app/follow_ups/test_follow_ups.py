"""After a failed visit: reschedule, modification, withdrawal, by the forms of R7."""

from __future__ import annotations

import pytest
from django.urls import reverse

from msa_portal.errors import Refused
from payments.models import Fee
from requests_app.enums import Status
from requests_app.follow_ups import cures, follow_ups
from requests_app.lifecycle import policies, transitions
from tests import factories

pytestmark = pytest.mark.django_db

CURED = {"package_missing": "It is there now."}


def address(name, msa_request):
    return reverse(f"requests:{name}", args=[msa_request.reference])


def cure(msa_request):
    """Each reason by a statement, through the service."""
    for reason in policies.failed_round(msa_request).reasons.exclude(responsible="utility"):
        cures.submit_cure(msa_request, reason, by=factories.actor_of(msa_request), statement="It is there now.")


@pytest.fixture
def failed(client):
    msa_request = factories.failed()
    client.force_login(msa_request.owner)
    return msa_request


def test_reschedule_says_that_a_second_fee_is_due_and_why(client, failed):
    page = client.get(address("reschedule", failed)).content.decode()
    for words in (
        "A second fee is due",
        "on the customer&#x27;s side",
        "The package with the MSA was not at the meter",
    ):
        assert words in page


def test_reschedule_after_the_utilitys_reasons_costs_nothing(client):
    msa_request = factories.failed(reasons=[factories.utility_reason()])
    client.force_login(msa_request.owner)
    page = client.get(address("reschedule", msa_request)).content.decode()
    assert "The next visit costs nothing" in page
    client.post(address("reschedule", msa_request))
    visit = msa_request.rounds.get(number=2)
    assert factories.refreshed(msa_request).status == Status.RESCHEDULE_REQUESTED
    assert (visit.fee_due, visit.settlement) == (False, "not_due")


def test_one_reason_on_the_customers_side_is_enough(client):
    msa_request = factories.failed(reasons=[factories.utility_reason(), factories.OutcomeReasonFactory()])
    assert follow_ups.second_fee_due(policies.failed_round(msa_request))


def test_reschedule_waits_for_its_fee(client, failed):
    cure(failed)
    answer = client.post(address("reschedule", failed))
    assert answer.url == reverse("payments:fee", args=[failed.reference])
    assert factories.refreshed(failed).status == Status.SITE_VISIT_UNSUCCESSFUL
    assert factories.paid(failed).status == Status.RESCHEDULE_REQUESTED


def test_every_reason_must_be_put_right(client, failed):
    page = client.post(address("reschedule", failed), {}, follow=True).content.decode()
    assert "Show for each reason that it is put right" in page
    with pytest.raises(Refused, match="The package with the MSA"):
        follow_ups.save_reschedule(failed, by=failed.owner)
    assert failed.rounds.count() == 1


def test_rescheduled_twice_is_one_visit_and_one_fee(client, failed):
    """Fault 21."""
    cure(failed)
    for _ in range(2):
        client.post(address("reschedule", failed))
    assert (failed.rounds.count(), failed.follow_ups.count()) == (2, 1)
    assert failed.events.filter(kind="follow_up_saved").count() == 1
    assert Fee.objects.filter(round__msa_request=failed, round__number=2).count() == 1
    with pytest.raises(Refused, match="saved already"):
        follow_ups.save_reschedule(failed, by=failed.owner, statements=CURED)


def test_saved_form_can_be_taken_back_until_it_is_paid(client, failed):
    follow_ups.save_reschedule(failed, by=failed.owner, statements=CURED)
    assert address("cancel_follow_up", failed) in client.get(address("reschedule", failed)).content.decode()
    assert client.get(address("cancel_follow_up", failed)).status_code == 405
    client.post(address("cancel_follow_up", failed))
    assert failed.rounds.get(number=2).outcome == "canceled"
    follow_ups.save_reschedule(failed, by=failed.owner, statements=CURED)
    assert failed.rounds.filter(closed_at=None).count() == 1
    factories.paid(failed)
    with pytest.raises(Refused, match="nothing to take back"):
        follow_ups.cancel(failed, by=failed.owner)


def test_modification_goes_back_to_screening_when_signed_and_paid(client, failed):
    old, other = failed.device, factories.ProductFactory()
    answer = client.post(address("modify", failed), {"device": other.pk})
    assert answer.url == reverse("requests:agreement", args=[failed.reference])
    msa_request = factories.refreshed(failed)
    assert (msa_request.status, msa_request.device) == (Status.SITE_VISIT_UNSUCCESSFUL, other)
    msa_request = factories.paid(factories.executed(msa_request))
    assert msa_request.status == Status.REQUEST_SUBMITTED
    assert msa_request.events.get(kind="modify").codes == {"round": 2, "old_device": old.pk, "device": other.pk}
    assert msa_request.screenings.filter(decided_at=None).count() == 1


def test_modification_without_a_fee_moves_with_the_last_signature(client):
    msa_request = factories.failed(reasons=[factories.utility_reason()])
    follow_ups.save_modification(msa_request, by=msa_request.owner, device=factories.ProductFactory())
    msa_request = factories.executed(msa_request)
    assert msa_request.status == Status.REQUEST_SUBMITTED
    assert msa_request.judged_on is not None


def test_modification_taken_back_has_the_old_device_again(client, failed):
    old = failed.device
    follow_ups.save_modification(failed, by=failed.owner, device=factories.ProductFactory())
    follow_ups.cancel(failed, by=failed.owner)
    assert factories.refreshed(failed).device == old


@pytest.mark.parametrize("kind", ["same", "not approved", "expired"])
def test_modification_to_a_device_that_cannot_be_is_refused(client, failed, kind):
    products = {
        "same": lambda: failed.device,
        "not approved": lambda: factories.ProductFactory(approved_from=None),
        "expired": lambda: factories.ProductFactory(approved_until="2024-01-01"),
    }
    device = products[kind]()
    device.refresh_from_db()
    with pytest.raises(Refused):
        follow_ups.save_modification(failed, by=failed.owner, device=device)
    assert client.post(address("modify", failed), {"device": device.pk}).status_code == 200
    assert failed.rounds.count() == 1


def test_removal_has_no_device_to_change():
    msa_request = factories.failed(request_type="removal", existing_adapter="msa")
    with pytest.raises(Refused, match="puts no MSA in"):
        follow_ups.save_modification(msa_request, by=msa_request.owner, device=factories.ProductFactory())


@pytest.mark.parametrize("name", ["reschedule", "modify"])
def test_form_is_closed_where_no_visit_failed(client, name):
    msa_request = factories.ordered()
    client.force_login(msa_request.owner)
    assert client.get(address(name, msa_request)).url == msa_request.get_absolute_url()
    assert client.post(address(name, msa_request), {}).url == msa_request.get_absolute_url()


@pytest.mark.parametrize("name", ["reschedule", "modify", "withdraw", "cancel_follow_up"])
def test_stranger_and_staff_change_nothing(client, failed, name):
    cure(failed)
    data = {"device": factories.ProductFactory().pk, "reason": "moved", "sure": "on"}
    before = failed.events.count()
    for user in (factories.UserFactory(), factories.technician(), factories.dispatcher()):
        client.force_login(user)
        client.post(address(name, failed), data)
    assert failed.events.count() == before


@pytest.mark.parametrize("station", [factories.complete_request, factories.submitted, factories.failed])
def test_withdrawal_by_its_form(client, station):
    msa_request = station()
    client.force_login(msa_request.owner)
    assert client.get(address("withdraw", msa_request)).status_code == 200
    unsure = client.post(address("withdraw", msa_request), {"reason": "moved"}).content.decode()
    assert "Tick this to withdraw" in unsure
    client.post(address("withdraw", msa_request), {"reason": "moved", "note": "sold", "sure": "on"})
    msa_request = factories.refreshed(msa_request)
    assert (msa_request.status, msa_request.withdrawal.reason, msa_request.withdrawal.note) == (
        "withdrawn",
        "moved",
        "sold",
    )


def test_withdrawal_while_on_site_says_why_not(client):
    msa_request = factories.ordered()
    msa_request.rounds.update(on_site_at=msa_request.created_at)
    client.force_login(msa_request.owner)
    page = client.post(address("withdraw", msa_request), {"reason": "moved", "sure": "on"}).content.decode()
    assert "The meter technician is at the site now" in page
    assert factories.refreshed(msa_request).status == Status.SERVICE_ORDER_ISSUED


@pytest.mark.parametrize("station", [factories.completed, factories.withdrawn])
def test_withdrawal_of_what_is_closed_is_refused(client, station):
    msa_request = station()
    client.force_login(msa_request.owner)
    page = client.get(address("withdraw", msa_request)).content.decode()
    assert "so there is nothing to withdraw" in page
    with pytest.raises(Refused):
        transitions.withdraw(msa_request, by=msa_request.owner, reason="other")
