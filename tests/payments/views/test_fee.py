"""Submit Meter Socket Adapter Fee (R7) through its pages."""

from __future__ import annotations

import pytest
from django.test import Client

from msa_portal.accounts.models import User
from payments.models import Fee, FeeSchedule, Payment
from payments.services import settle
from requests_app.enums import WithdrawalReason
from requests_app.follow_ups import follow_ups
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from tests import factories
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.sandbox.harness import SandboxControl

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def owner(payable: MSARequest) -> Client:
    return signed_in(factories.actor_of(payable))


def address(msa_request: MSARequest, name: str = "") -> str:
    return f"/requests/{msa_request.reference}/fee/{name}"


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_fee_page_says_how_much_until_when_and_what_comes_back(payable: MSARequest, owner: Client) -> None:
    page = text(owner, address(payable))
    for words in ("Submit Meter Socket Adapter Fee", "$279.22", "This amount holds until", "What comes back"):
        assert words in page
    assert Payment.objects.count() == 0


def test_paying_leads_to_the_provider(payable: MSARequest, owner: Client) -> None:
    answer = owner.post(address(payable, "pay/"), {"expected_cents": FEE, "amount_cents": 1, "paid": "1"})
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, payment.session_url)
    assert payment.amount_cents == FEE
    assert "Cancel the payment" in text(owner, address(payable))


@pytest.mark.parametrize("posted", [{}, {"expected_cents": "1"}, {"expected_cents": "279.22"}])
def test_another_amount_is_refused(payable: MSARequest, owner: Client, posted: dict[str, str]) -> None:
    answer = owner.post(address(payable, "pay/"), posted)
    assert (answer.status_code, Payment.objects.count()) == (409, 0)
    assert "$279.22" in answer.content.decode()


def test_paying_before_signing_is_refused(schedule: FeeSchedule) -> None:
    msa_request = factories.complete_request()
    owner = signed_in(factories.actor_of(msa_request))
    assert "not signed by everyone" in text(owner, address(msa_request))
    answer = owner.post(address(msa_request, "pay/"), {"expected_cents": FEE})
    assert (answer.status_code, Payment.objects.count(), Fee.objects.count()) == (409, 0, 0)


def test_canceling_thaws(payable: MSARequest, owner: Client) -> None:
    payment = opened(payable)
    assert "You have not paid" in text(owner, address(payable, "canceled/"))
    assert owner.post(address(payable, "cancel/")).status_code == 302
    assert state_of(payment) == "expired"
    assert "not completed" in text(owner, address(payable))


def test_stranger_finds_nothing(payable: MSARequest) -> None:
    stranger = signed_in(factories.UserFactory())
    codes = [stranger.get(address(payable, name)).status_code for name in ("", "canceled/", "returned/")]
    codes += [stranger.post(address(payable, name)).status_code for name in ("pay/", "cancel/", "submit/")]
    assert (codes, Payment.objects.count()) == ([404] * 6, 0)


def test_paid_page_offers_the_receipt(payable: MSARequest, owner: Client, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    settle.settle_from_provider(payment)
    path = f"/requests/{payable.reference}/receipt/{payment.pk}/"
    assert path in text(owner, address(payable))
    assert path in text(owner, f"/requests/{payable.reference}/")
    receipt = owner.get(path)
    assert (receipt["Content-Type"], b"".join(receipt.streaming_content)[:5]) == ("application/pdf", b"%PDF-")  # type: ignore[attr-defined]  # a file answer
    assert signed_in(factories.UserFactory()).get(path).status_code == 404


def test_second_fee_says_why(payable: MSARequest, owner: Client, provider_sandbox: SandboxControl) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    settle.settle_from_provider(payment)
    msa_request = factories.failed(factories.ordered(factories.valid(factories.refreshed(payable))))
    follow_ups.save_reschedule(
        msa_request, by=factories.actor_of(msa_request), statements={"package_missing": "It is there now."}
    )
    page = text(owner, address(msa_request))
    assert "A second fee is due: $279.22" in page
    assert "The package with the MSA was not at the meter" in page


def test_nothing_due_offers_to_submit(schedule: FeeSchedule) -> None:
    msa_request = factories.executed(factories.complete_request(request_type="maintenance", existing_adapter="msa"))
    owner = signed_in(factories.actor_of(msa_request))
    assert "Submit request" in text(owner, address(msa_request))
    owner.post(address(msa_request, "submit/"))
    assert factories.refreshed(msa_request).status == "request_submitted"


def test_withdrawal_page_says_what_comes_back(
    payable: MSARequest, owner: Client, provider_sandbox: SandboxControl
) -> None:
    payment = opened(payable)
    provider_sandbox.act(str(payment.session_id), "pay")
    settle.settle_from_provider(payment)
    assert "$279.22 comes back" in text(owner, f"/requests/{payable.reference}/withdraw/")
    msa_request = factories.refreshed(payable)
    transitions.withdraw(msa_request, by=factories.actor_of(msa_request), reason=WithdrawalReason.CHANGED_PLANS)
    assert "Refund of $279.22" in text(owner, f"/requests/{payable.reference}/")


def test_provider_that_does_not_answer_is_told(
    payable: MSARequest, owner: Client, provider_sandbox: SandboxControl
) -> None:
    provider_sandbox.call("faults", kind="error_saved", path="/v1/checkout/sessions", count=1)
    answer = owner.post(address(payable, "pay/"), {"expected_cents": FEE})
    assert (answer.status_code, factories.refreshed(payable).frozen_until) == (409, None)
    assert "Nothing was charged" in answer.content.decode()
    assert owner.post(address(payable, "pay/"), {"expected_cents": FEE}).status_code == 303
