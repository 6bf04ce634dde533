import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import FEE

FORM = {
    "email": "pat@example.com",
    "cardNumber": "4242 4242 4242 4242",
    "cardExpiry": "04 / 31",
    "cardCvc": "123",
    "billingName": "Pat Payer",
    "billingPostalCode": "92626",
}


def submit(sandbox, session, **changes):
    page = sandbox.http("GET", session.url)
    return sandbox.submit(session.url, token=page.field("token"), **{**FORM, **changes})


def test_page_shows_what_for_and_how_much(sandbox, checkout):
    page = sandbox.http("GET", checkout().url)
    assert page.status == 200
    for text in (
        "Meter Socket Adapter fee",
        "$279.22",
        "Test mode – no real money",
        "http://127.0.0.1:1/fee/",
    ):
        assert text in page.text


def test_policy_names_the_way_back_and_allows_nothing_inline(sandbox, checkout):
    page = sandbox.http("GET", checkout(cancel_url="https://user@portal.example:8443/fee/").url)
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:1 https://portal.example:8443" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style|style=|\son\w+=", page.text)


def test_success_returns_to_the_shop(sandbox, client, checkout, receiver):
    session = checkout()
    answer = submit(sandbox, session)
    assert answer.status == 303
    assert answer.headers["Location"] == f"http://127.0.0.1:1/paid/?session={session.id}"
    session = client.v1.checkout.sessions.retrieve(session.id)
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert session.customer_details.email == "pat@example.com"
    receiver.wait(2)
    assert receiver.types() == ["payment_intent.succeeded", "checkout.session.completed"]


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", None),
        ("4000000000000127", "incorrect_cvc", None),
        ("4111111111111111", "card_declined", "test_mode_live_card"),
    ],
)
def test_declined_card_can_be_tried_again(sandbox, client, checkout, receiver, number, code, decline_code):
    session = checkout()
    answer = submit(sandbox, session, cardNumber=number)
    assert answer.status == 200
    assert answer.field("billingName") == "Pat Payer"
    intent = client.v1.payment_intents.retrieve(
        client.v1.checkout.sessions.retrieve(session.id).payment_intent, {"expand": ["latest_charge"]}
    )
    assert intent.status == "requires_payment_method"
    assert intent.last_payment_error.code == code
    assert getattr(intent.last_payment_error, "decline_code", None) == decline_code
    assert (intent.latest_charge.status, intent.latest_charge.paid) == ("failed", False)
    receiver.wait(1)
    assert receiver.types() == ["payment_intent.payment_failed"]
    assert submit(sandbox, session).status == 303
    again = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (again.payment_intent.id, again.payment_intent.status) == (intent.id, "succeeded")


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("email", "pat"),
        ("cardNumber", "4242424242424241"),
        ("cardNumber", "42"),
        ("cardExpiry", "13/31"),
        ("cardExpiry", "01/20"),
        ("cardCvc", "12"),
        ("billingName", " "),
        ("billingPostalCode", "ABC"),
    ],
)
def test_bad_input_is_named_at_its_field_and_the_rest_kept(sandbox, client, checkout, field, typed):
    session = checkout()
    answer = submit(sandbox, session, **{field: typed})
    assert answer.status == 200
    assert re.findall(r'id="(\w+)-error"', answer.text) == [field]
    assert f'href="#{field}"' in answer.text
    for name, value in {**FORM, field: typed.strip()}.items():
        assert answer.field(name) == value
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_typed_markup_is_inert(sandbox, checkout):
    answer = submit(sandbox, checkout(), billingName='"><script>alert(1)</script>{{7*7}}', cardCvc="")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "{{7*7}}" in answer.text


@pytest.mark.parametrize("number", ["4000002500003155", "4000002760003184"])
def test_authentication_completed(sandbox, client, checkout, number):
    session = checkout()
    answer = submit(sandbox, session, cardNumber=number)
    path = f"/c/pay/{session.id}/authenticate"
    assert (answer.status, answer.headers["Location"]) == (303, path)
    intent = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}).payment_intent
    assert (intent.status, intent.next_action.type) == ("requires_action", "redirect_to_url")
    page = sandbox.http("GET", path)
    assert "$279.22" in page.text
    answer = sandbox.submit(path, token=page.field("token"), outcome="complete")
    assert answer.headers["Location"] == f"http://127.0.0.1:1/paid/?session={session.id}"
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_authentication_failed_leaves_the_session_open(sandbox, client, checkout, receiver):
    session = checkout()
    submit(sandbox, session, cardNumber="4000002500003155")
    path = f"/c/pay/{session.id}/authenticate"
    token = sandbox.http("GET", path).field("token")
    assert sandbox.submit(path, token=token, outcome="fail").status == 200
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert session.status == "open"
    assert session.payment_intent.last_payment_error.code == "payment_intent_authentication_failure"
    receiver.wait(1)
    assert receiver.types() == ["payment_intent.payment_failed"]
    assert sandbox.http("GET", path).headers["Location"] == f"/c/pay/{session.id}"


def test_a_second_card_voids_the_first_ones_authentication(sandbox, client, checkout):
    session = checkout()
    submit(sandbox, session, cardNumber="4000002500003155")
    submit(sandbox, session, cardNumber="4000000000000002")
    path = f"/c/pay/{session.id}/authenticate"
    sandbox.submit(path, token=sandbox.http("GET", session.url).field("token"), outcome="complete")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "unpaid"


def test_bank_debit_is_pending_then_settles(sandbox, client, checkout, receiver):
    session = checkout(allowed_payment_method_types=["card", "us_bank_account"])
    page = sandbox.http("GET", f"{session.url}?method=us_bank_account")
    answer = sandbox.submit(
        session.url,
        token=page.field("token"),
        method=page.field("method"),
        email="pat@example.com",
        billingName="Pat Payer",
    )
    assert answer.status == 303
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    intent = session.payment_intent
    assert (session.status, session.payment_status, intent.status) == ("complete", "unpaid", "processing")
    assert intent.latest_charge.status == "pending"
    settled = sandbox.act(session.id, "settle")
    assert settled["payment_status"] == "paid"
    intent = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, intent.amount_received, intent.latest_charge.paid) == ("succeeded", FEE, True)
    receiver.wait(3)
    assert receiver.types() == [
        "checkout.session.completed",
        "payment_intent.succeeded",
        "checkout.session.async_payment_succeeded",
    ]


def test_bank_debit_that_fails(sandbox, client, checkout, receiver):
    session = checkout(allowed_payment_method_types=["us_bank_account"])
    sandbox.act(session.id, "pay", bank=True)
    sandbox.act(session.id, "fail")
    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (session.status, session.payment_status) == ("complete", "unpaid")
    assert session.payment_intent.status == "requires_payment_method"
    receiver.wait(3)
    assert receiver.types()[1:] == ["payment_intent.payment_failed", "checkout.session.async_payment_failed"]


def test_paid_page_says_so_and_leads_back(sandbox, checkout):
    session = checkout()
    submit(sandbox, session)
    page = sandbox.http("GET", session.url)
    assert "already done" in page.text
    assert f"http://127.0.0.1:1/paid/?session={session.id}" in page.text


def test_expired_page_says_so_and_leads_back(sandbox, checkout):
    session = checkout()
    token = sandbox.http("GET", session.url).field("token")
    sandbox.act(session.id, "expire")
    for page in (sandbox.http("GET", session.url), sandbox.submit(session.url, token=token, **FORM)):
        assert page.status == 200
        assert "expired" in page.text
        assert 'href="http://127.0.0.1:1/fee/"' in page.text


@pytest.mark.parametrize("token", ["", "x", "é"])
def test_post_without_the_pages_token_pays_nothing(sandbox, client, checkout, token):
    session = checkout()
    assert sandbox.submit(session.url, token=token, **FORM).status == 403
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_two_submits_at_once_pay_once(sandbox, client, checkout):
    session = checkout()
    token = sandbox.http("GET", session.url).field("token")
    with ThreadPoolExecutor(5) as pool:
        turns = [pool.submit(sandbox.submit, session.url, token=token, **FORM) for _ in range(5)]
    assert sorted(turn.result().status for turn in turns) == [200, 200, 200, 200, 303]
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    assert len(client.v1.charges.list({"payment_intent": intent}).data) == 1


def test_card_number_is_never_stored(sandbox, checkout, tmp_path_factory):
    submit(sandbox, checkout())
    submit(sandbox, checkout(), cardNumber="4000002500003155")
    stored = b"".join(path.read_bytes() for path in tmp_path_factory.getbasetemp().rglob("store.sqlite3*"))
    assert b"Pat Payer" in stored
    assert b"4242424242424242" not in stored
    assert b"4242 4242" not in stored
    assert b"4000002500003155" not in stored


def test_unknown_page_is_404(sandbox):
    assert sandbox.http("GET", "/c/pay/cs_test_none").status == 404
    assert sandbox.http("GET", "/elsewhere").status == 404


def test_errors_come_in_the_order_of_the_fields(sandbox, checkout):
    answer = submit(sandbox, checkout(), **dict.fromkeys(FORM, ""))
    assert re.findall(r'<li><a href="#(\w+)"', answer.text) == list(FORM)
