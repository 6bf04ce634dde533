"""Invite to pay: by a mailed link, without an account, one visit's fee."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from msa_portal.accounts.models import Company, User
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from payments.models import Fee, PayInvitation, Payment, Refund
from payments.services import checkout, pay_links, refunds, settle
from requests_app.enums import Status, WithdrawalReason
from requests_app.lifecycle import drafts, transitions
from requests_app.models import MSARequest
from requests_app.signing import authority, invitations
from tests import factories, schedules, typed_text
from tests.payments.conftest import FEE, opened, state_of
from tests.payments.sandbox.harness import SandboxControl
from tests.payments.views.test_fee import address, signed_in, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("commits", "at_once", "provider_sandbox")]


@pytest.fixture
def request_(company: Company, bob: User) -> MSARequest:
    """A payable request that Bob made for a customer without an account."""
    return factories.executed(factories.complete_request(company=company))


@pytest.fixture
def invitation(request_: MSARequest, bob: User) -> PayInvitation:
    return pay_links.invite(request_, by=bob)


def path(invitation: PayInvitation, name: str = "") -> str:
    return f"/pay/{pay_links.token_for(invitation.key)}/{name}"


def posts(invitation: PayInvitation, cents: int = FEE) -> Any:
    return Client().post(path(invitation, "pay/"), {"expected_cents": cents})


def paid(sandbox: SandboxControl, invitation: PayInvitation, **options: Any) -> Payment:
    payment = pay_links.open_checkout(invitation, expected_cents=FEE)
    sandbox.act(str(payment.session_id), "pay", **options)
    return settle.settle_from_provider(payment)


def closed(invitation: PayInvitation) -> tuple[int, int, str]:
    """How the page and the post answer, and the page's words."""
    page, post = Client().get(path(invitation)), posts(invitation)
    return page.status_code, post.status_code, page.content.decode()


# --- The agent's side --------------------------------------------------------------------
def test_agent_invites_and_sees_to_whom_and_until_when(request_: MSARequest, bob: User) -> None:
    agent = signed_in(bob)
    assert "Send the customer a link to pay" in text(agent, address(request_))
    assert agent.post(address(request_, "invite/")).status_code == 302
    page = text(agent, address(request_))
    assert f"a link to pay was sent to {request_.customer_email}" in page
    assert "Send a new link" in page
    mail = NoticeMessage.objects.get(kind="invited_to_pay")
    assert (mail.to_email, mail.confidential or bool(mail.private_link)) == (request_.customer_email, True)
    assert pay_links.token_for(PayInvitation.objects.get().key) not in mail.text + mail.html
    assert request_.events.filter(kind="pay_invited", actor=bob).count() == 1


def test_typed_name_and_address_are_only_text(request_: MSARequest, invitation: PayInvitation, bob: User) -> None:
    typed = {name: typed_text.hostile_text("payments.PayInvitation", name, 120) for name in ("name", "email")}
    PayInvitation.objects.update(**typed)
    MSARequest.objects.filter(pk=request_.pk).update(customer_email=typed["email"])
    pages = [text(signed_in(bob), address(request_)), text(Client(), path(invitation))]
    assert escape(typed["email"]) in pages[0]
    assert [typed_text.acting(page) for page in pages] == [[], []]


def test_without_an_address_the_page_says_why_not(request_: MSARequest, bob: User) -> None:
    MSARequest.objects.filter(pk=request_.pk).update(customer_email="")
    agent = signed_in(bob)
    assert "Enter the customer&#x27;s e-mail address" in text(agent, address(request_))
    assert agent.post(address(request_, "invite/")).status_code == 409
    assert PayInvitation.objects.count() == 0


def test_while_the_is_settled_no_link_is_sent(request_: MSARequest, bob: User) -> None:
    opened(request_)
    answer = signed_in(bob).post(address(request_, "invite/"))
    assert (answer.status_code, PayInvitation.objects.count()) == (409, 0)


def test_only_the_agent_of_record_invites(request_: MSARequest) -> None:
    alice = factories.UserFactory(email=request_.customer_email)
    drafts.claim(request_, by=alice)
    stranger = factories.member_of(factories.CompanyFactory())
    codes = [signed_in(who).post(address(request_, "invite/")).status_code for who in (alice, stranger)]
    assert (codes, PayInvitation.objects.count()) == ([409, 404], 0)
    assert "Send the customer" not in text(signed_in(alice), address(request_))


def test_new_link_ends_the_old_one_and_its_checkout(
    request_: MSARequest, bob: User, invitation: PayInvitation
) -> None:
    begun = pay_links.open_checkout(invitation, expected_cents=FEE)
    newer = pay_links.invite(request_, by=bob)
    assert (state_of(begun), closed(invitation)[:2]) == ("expired", (410, 410))
    assert "A newer link was mailed" in closed(invitation)[2]
    assert posts(newer).status_code == 303


def test_link_taken_back_opens_nothing_and_ends_its_checkout(
    request_: MSARequest, bob: User, invitation: PayInvitation
) -> None:
    begun = pay_links.open_checkout(invitation, expected_cents=FEE)
    assert signed_in(bob).post(address(request_, "invite/cancel/")).status_code == 302
    status, post, page = closed(invitation)
    assert (status, post, state_of(begun)) == (410, 410, "expired")
    assert "took this link back" in page
    assert request_.events.filter(kind="pay_invitation_canceled", actor=bob).count() == 1
    assert factories.refreshed(request_).frozen_until is None


# --- The customer's page -----------------------------------------------------------------
def test_page_says_who_asks_what_for_and_what_comes_back(request_: MSARequest, invitation: PayInvitation) -> None:
    answer = Client().get(path(invitation))
    page = answer.content.decode()
    for words in ("Bob Builder", "Bright Installers", request_.full_address, "Pay $279.22", "What comes back"):
        assert words in page
    hidden = (request_.customer_phone, request_.account_number, request_.customer_email, "QO-200")
    assert not [word for word in hidden if word in page]
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "strict-origin")


def test_reading_every_page_of_the_link_changes_nothing(request_: MSARequest, invitation: PayInvitation) -> None:
    events = request_.events.count()
    client = Client()
    codes = [client.get(path(invitation, name)).status_code for name in ("", "pay/", "receipt/", "returned/")]
    codes.append(client.head(path(invitation)).status_code)
    assert codes == [200, 405, 404, 404, 200]
    assert (Payment.objects.count(), request_.events.count()) == (0, events)
    assert factories.refreshed(request_).frozen_until is None


def test_button_leads_to_the_provider_and_no_token_to_its_page(invitation: PayInvitation) -> None:
    answer = posts(invitation)
    payment = Payment.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, payment.session_url)
    assert (payment.payer, payment.payer_email, payment.company) == (None, invitation.email, None)
    assert answer["Referrer-Policy"] in {"no-referrer", "strict-origin"}
    assert "Go on with the payment" in Client().get(path(invitation)).content.decode()


def test_second_tab_goes_on_with_the_same_checkout(invitation: PayInvitation) -> None:
    assert posts(invitation)["Location"] == posts(invitation)["Location"]
    assert Payment.objects.count() == 1


def test_forged_posts_are_refused(invitation: PayInvitation) -> None:
    answer = Client(enforce_csrf_checks=True).post(path(invitation, "pay/"), {"expected_cents": FEE})
    assert (answer.status_code, Payment.objects.count()) == (403, 0)


@pytest.mark.parametrize("cents", [1, -1, 0])
def test_another_amount_is_refused(invitation: PayInvitation, cents: int) -> None:
    assert (posts(invitation, cents).status_code, Payment.objects.count()) == (409, 0)


def test_amount_that_changed_is_shown_anew(request_: MSARequest, invitation: PayInvitation) -> None:
    Fee.objects.update(quote_holds_until=timezone.localdate() - timedelta(days=1))
    schedules.change(amount_cents=30000)
    answer = posts(invitation)
    assert (answer.status_code, Payment.objects.count()) == (409, 0)
    assert "Pay $300.00" in answer.content.decode()


def test_token_that_we_did_not_make_is_not_there_and_tries_are_counted(invitation: PayInvitation) -> None:
    cache.clear()
    token = pay_links.token_for(invitation.key)
    client, forged = Client(), f"{token[:-3]}AAA"
    codes = [client.get(f"/pay/{forged}/{name}").status_code for name in ("", "receipt/", "returned/")]
    codes.append(client.post(f"/pay/{forged}/pay/", {"expected_cents": FEE}).status_code)
    assert (codes, Payment.objects.count()) == ([404] * 4, 0)
    for _ in range(30):
        client.get(f"/pay/{forged}/")
    assert client.get(path(invitation)).status_code == 429
    cache.clear()
    assert client.get(path(invitation)).status_code == 200


def test_signing_key_of_another_kind_of_link_opens_nothing(invitation: PayInvitation) -> None:
    assert Client().get(f"/pay/{invitations.token_for(invitation.key)}/").status_code == 404


# --- Paid --------------------------------------------------------------------------------
def test_customer_pays_and_gets_the_receipt_by_the_link(
    request_: MSARequest, invitation: PayInvitation, provider_sandbox: SandboxControl
) -> None:
    posts(invitation)
    payment = Payment.objects.get()
    done = provider_sandbox.act(str(payment.session_id), "pay")
    client = Client()
    page = text(client, "/" + done["success_url"].split("/", 3)[3])
    assert "$279.22 paid" in page
    assert factories.refreshed(request_).status == Status.REQUEST_SUBMITTED
    invitation.refresh_from_db()
    assert invitation.voided_at is not None
    assert "$279.22 paid" in text(client, path(invitation))
    file = client.get(path(invitation, "receipt/"))
    assert (file["Content-Type"], file["Cache-Control"]) == ("application/pdf", "no-store")
    assert b"".join(file.streaming_content)[:5] == b"%PDF-"  # type: ignore[attr-defined]  # a file answer
    mail = NoticeMessage.objects.get(kind="receipt", to_email=request_.customer_email)
    assert mail.private_link == f"paid:{invitation.key}"
    assert posts(invitation).status_code == 200
    assert Payment.objects.count() == 1


def test_receipt_behind_the_link_ends(invitation: PayInvitation, provider_sandbox: SandboxControl) -> None:
    paid(provider_sandbox, invitation)
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        assert Client().get(path(invitation, "receipt/")).status_code == 404


def test_return_page_of_another_session_is_not_there(
    request_: MSARequest, invitation: PayInvitation, company: Company, bob: User
) -> None:
    other = opened(factories.executed(factories.complete_request(company=company, account_number="7002")))
    address_ = f"{path(invitation, 'returned/')}?session={other.session_id}"
    assert Client().get(address_).status_code == 404


def test_bank_debit_is_pending_and_no_second_payment_begins(
    request_: MSARequest, invitation: PayInvitation, bob: User, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, invitation, bank=True)
    assert "on its way" in Client().get(path(invitation)).content.decode()
    assert (posts(invitation).status_code, Payment.objects.count()) == (200, 1)
    assert signed_in(bob).post(address(request_, "invite/")).status_code == 409
    provider_sandbox.act(str(payment.session_id), "settle")
    settle.settle_from_provider(payment)
    assert factories.refreshed(request_).status == Status.REQUEST_SUBMITTED


def test_not_completed_offers_to_try_again(invitation: PayInvitation) -> None:
    payment = pay_links.open_checkout(invitation, expected_cents=FEE)
    checkout.end_checkout(payment)
    answer = Client().get(f"{path(invitation, 'returned/')}?session={payment.session_id}")
    assert "was not completed" in answer.content.decode()
    assert posts(invitation).status_code == 303


def test_refund_shows_behind_the_link(
    request_: MSARequest, invitation: PayInvitation, bob: User, provider_sandbox: SandboxControl
) -> None:
    paid(provider_sandbox, invitation)
    transitions.withdraw(factories.refreshed(request_), by=bob, reason=WithdrawalReason.CHANGED_PLANS)
    refunds.approve(Refund.objects.get(), by=factories.supervisor(), expected_cents=FEE)
    assert re.search(r"Refund of \$279.22: Refunded", Client().get(path(invitation)).content.decode())


def test_customer_who_opens_an_account_later_finds_the_payment(
    request_: MSARequest, invitation: PayInvitation, provider_sandbox: SandboxControl
) -> None:
    payment = paid(provider_sandbox, invitation)
    alice = factories.UserFactory(email=request_.customer_email)
    drafts.claim(factories.refreshed(request_), by=alice)
    page = text(signed_in(alice), f"/requests/{request_.reference}/")
    assert f"/requests/{request_.reference}/receipt/{payment.pk}/" in page


# --- Ended -------------------------------------------------------------------------------
def _runs_out(msa_request: MSARequest, _bob: User) -> None:
    PayInvitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))


def _is_settled(msa_request: MSARequest, bob: User) -> None:
    factories.paid(msa_request)


def _withdraw(msa_request: MSARequest, bob: User) -> None:
    transitions.withdraw(msa_request, by=bob, reason=WithdrawalReason.CHANGED_PLANS)


def _revoke(msa_request: MSARequest, _bob: User) -> None:
    alice = factories.UserFactory()
    drafts.claim(msa_request, by=alice)
    authority.take_over(factories.refreshed(msa_request), by=alice)


ENDS: list[tuple[Callable[[MSARequest, User], None], str, bool]] = [
    (_runs_out, "This link worked until", False),
    (_is_settled, "settled already", True),
    (_withdraw, "was withdrawn", True),
    (_revoke, "acts for this home no longer", True),
]


@pytest.mark.parametrize(("end", "words", "voids"), ENDS)
def test_link_that_ended_says_why_and_opens_nothing(
    request_: MSARequest,
    bob: User,
    invitation: PayInvitation,
    end: Callable[[MSARequest, User], None],
    words: str,
    voids: bool,
) -> None:
    end(request_, bob)
    payments = Payment.objects.count()
    status, post, page = closed(invitation)
    assert (status, post, words in page) == (410, 410, True)
    assert Payment.objects.count() == payments
    invitation.refresh_from_db()
    assert (invitation.voided_at is not None) is voids


def test_agent_revoked_while_the_customer_pays_ends_the_checkout(
    request_: MSARequest, bob: User, invitation: PayInvitation
) -> None:
    begun = pay_links.open_checkout(invitation, expected_cents=FEE)
    _revoke(request_, bob)
    assert (state_of(begun), factories.refreshed(request_).frozen_until) == ("expired", None)


def test_voided_between_look_and_lock_opens_nothing(
    request_: MSARequest, bob: User, invitation: PayInvitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent takes the link back after the page's look at it: the look under the lock counts."""
    stale = pay_links.invitation_for(pay_links.token_for(invitation.key))
    assert stale
    pay_links.cancel(request_, by=bob)
    with pytest.raises(Refused) as refused:
        pay_links.open_checkout(stale, expected_cents=FEE)
    assert (refused.value.code, Payment.objects.count()) == ("link_canceled", 0)


def test_answers_that_changed_hold_the_payment_off(request_: MSARequest, bob: User, invitation: PayInvitation) -> None:
    drafts.save_facts(request_, {"city": "Arcadia"}, by=bob, version=request_.version)
    status, post, page = closed(invitation)
    assert (status, post, Payment.objects.count()) == (409, 409, 0)
    assert "being changed" in page
    assert "signed" not in page.partition("<main")[2].partition("</main>")[0]


def test_two_ways_at_once_say_who_pays(request_: MSARequest, invitation: PayInvitation) -> None:
    alice = factories.UserFactory(email=request_.customer_email)
    drafts.claim(request_, by=alice)
    checkout.open_checkout(request_, by=alice, expected_cents=FEE)
    answer = posts(invitation)
    assert (answer.status_code, Payment.objects.count()) == (409, 1)
    assert "Somebody else is paying this fee" in answer.content.decode()


def test_agent_sees_that_the_customer_pays_and_may_cancel(
    request_: MSARequest, bob: User, invitation: PayInvitation
) -> None:
    begun = pay_links.open_checkout(invitation, expected_cents=FEE)
    agent = signed_in(bob)
    page = text(agent, address(request_))
    assert "The customer is paying by the mailed link" in page
    assert agent.post(address(request_, "pay/"), {"expected_cents": FEE}).status_code == 409
    assert agent.post(address(request_, "cancel/")).status_code == 302
    assert state_of(begun) == "expired"
