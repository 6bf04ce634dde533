"""Calls and answers against the names and types of the provider's published description, strictly."""

from __future__ import annotations

import copy
import importlib
import inspect
import re
import typing
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe

from payments import provider
from payments.sandbox.context import API_VERSION

from .conformance import CALLS, DEFINITIONS, DESCRIPTION, all_errors, form_errors, object_errors, recording
from .conftest import FEE
from .harness import Receiver, SandboxControl

CALLED = re.compile(r"\.v1\.([a-z_.]+)\(")


@pytest.fixture
def charge(client, paid):
    intent = client.v1.payment_intents.retrieve(paid())
    return client.v1.charges.retrieve(intent.latest_charge).to_dict()


def test_description_is_of_the_version_that_the_client_and_the_sandbox_speak():
    assert DESCRIPTION["api_version"] == stripe.api_version == API_VERSION


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("BalanceTransaction", stripe.BalanceTransaction),
        ("Charge", stripe.Charge),
        ("Dispute", stripe.Dispute),
        ("PaymentIntent", stripe.PaymentIntent),
        ("Refund", stripe.Refund),
        ("Session", stripe.checkout.Session),
    ],
)
def test_description_has_the_names_that_the_installed_client_has(name, declared):
    ours = DEFINITIONS[name]["properties"]
    theirs = {key for key, kind in declared.__annotations__.items() if typing.get_origin(kind) is not typing.ClassVar}
    assert set(ours) == theirs - {"OBJECT_NAME"}


def test_a_real_answer_conforms(charge):
    assert object_errors("Charge", charge) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("color", "red"),
        ("payment_method_details/card/color", "red"),
        ("amount", "27922"),
        ("amount", 279.22),
        ("amount", True),
        ("status", "paid"),
        ("outcome", "authorized"),
        ("metadata", None),
        ("balance_transaction", {"object": "balance_transaction"}),
        ("customer", {"id": "cus_1"}),
        ("status", ...),
        ("transfer_group", ...),
        ("payment_method_details/card/wallet", ...),
    ],
)
def test_what_does_not_conform_is_found(charge, path, value):
    """An unknown property, a wrong type, a wrong value of an enum, a missing one."""
    wrong = copy.deepcopy(charge)
    *steps, last = path.split("/")
    inner = wrong
    for step in steps:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    assert object_errors("Charge", wrong)


@pytest.mark.parametrize(
    "pair",
    [
        ("color", "red"),
        ("amount", "2.50"),
        ("reason", "because"),
        ("payment_intent[id]", "pi_1"),
        ("expand", "charge"),
    ],
)
def test_a_parameter_that_does_not_conform_is_found(pair):
    good = [("payment_intent", "pi_1"), ("amount", "250"), ("reason", "duplicate"), ("metadata[a]", "b")]
    assert form_errors("RefundCreateParams", good) == []
    assert form_errors("RefundCreateParams", [*(item for item in good if item[0] != pair[0].partition("[")[0]), pair])


def test_event_is_checked_with_what_it_is_about(client, paid):
    paid()
    event = client.v1.events.list({"type": "payment_intent.succeeded"}).data[0].to_dict()
    assert object_errors("Event", event) == []
    assert object_errors("Event", event | {"type": "charge.refunded"})
    assert object_errors("Event", event | {"type": "payment_intent.paid"})
    assert object_errors("Event", event | {"color": "red"})
    assert object_errors("Event", event | {"data": event["data"] | {"color": "red"}})


def test_every_call_of_the_portal_conforms(sandbox: SandboxControl, settings: Any) -> None:
    """The functions of the provider's module are called with what they ask for by name, so that each of its calls is made."""
    with recording(sandbox.url) as (url, exchanges):
        settings.STRIPE_API_BASE, settings.STRIPE_SECRET_KEY = url, "sk_test_conformance"
        values = _session_values()
        new = provider.NewSession(**{field.name: values[field.name] for field in fields(provider.NewSession)})
        session = provider.create_session(new)
        sandbox.act(session.id, "pay")
        intent = sandbox.client().v1.checkout.sessions.retrieve(session.id).payment_intent
        values |= {"new": new, "session_id": session.id, "intent_id": intent}
        refund = _call(provider.create_refund, values)
        assert refund.amount_cents == values["amount_cents"]
        sandbox.act(session.id, "dispute")
        for function in _functions(values):
            _call(function, values)
    errors = all_errors(exchanges)
    assert not errors, "\n".join(errors)
    assert {exchange.name for exchange in exchanges} == _calls_in_source()


def _session_values() -> dict[str, Any]:
    return {
        "key": "conformance",
        "amount_cents": 1000,
        "expected_refundable_cents": FEE,
        "lines": (("Meter Socket Adapter fee", FEE - 1000), ("Second visit fee", 1000)),
        "currency": "usd",
        "title": "Meter Socket Adapter fee",
        "reference": "MSA-1",
        "payer_email": "payer@example.com",
        "expires_at": datetime.now(UTC) + timedelta(hours=2),
        "success_url": "http://127.0.0.1/paid/",
        "cancel_url": "http://127.0.0.1/fee/",
        "start": datetime.now(UTC) - timedelta(days=1),
        "end": datetime.now(UTC) + timedelta(days=1),
    }


def _functions(values: dict[str, Any]) -> list[Any]:
    """Those whose parameters we can fill; that none of the module's calls was missed shows in the end."""
    functions = [item for _name, item in inspect.getmembers(provider, inspect.isfunction)]
    ours = [item for item in functions if item.__module__.startswith("payments.provider")]
    return [item for item in ours if not set(inspect.signature(item).parameters) - set(values)]


def _call(function: Any, values: dict[str, Any]) -> Any:
    result = function(**{name: values[name] for name in inspect.signature(function).parameters})
    return list(result) if inspect.isgenerator(result) else result


def _calls_in_source() -> set[str]:
    here = Path(str(importlib.import_module("payments.provider").__file__))
    files = here.parent.glob("*.py") if here.name == "__init__.py" else [here]
    return {name for file in files for name in CALLED.findall(file.read_text())}


def test_every_answer_and_event_conforms(sandbox: SandboxControl, receiver: Receiver, checkout: Any) -> None:
    with recording(sandbox.url) as (url, exchanges):
        client = stripe.StripeClient("sk_test_conformance", base_addresses={"api": url}, max_network_retries=0)
        play(sandbox, client, url)
        for name in (name for name in CALLS if name.endswith(".list")):
            rows = _method(client, name)({"limit": 100}).data
            assert rows, name
            retrieve = _method(client, name.replace(".list", ".retrieve"))
            for row in rows:
                retrieve(row.id)
        _expand(client)
        events = client.v1.events.list({"limit": 100})
        assert not events.has_more
    errors = all_errors(exchanges)
    assert not errors, "\n".join(errors)
    assert {exchange.name for exchange in exchanges if exchange.status == 200} == set(CALLS)
    assert {400, 401, 404, 500} <= {exchange.status for exchange in exchanges}
    assert {event.type for event in events.data} == EVENTS
    receiver.wait(len(events.data))
    assert [error for got in receiver.got for error in object_errors("Event", got.event)] == []


EVENTS = {
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
    "refund.created",
    "refund.failed",
    "refund.updated",
}


def _method(client: stripe.StripeClient, name: str) -> Any:
    service: Any = client.v1
    for step in name.split("."):
        service = getattr(service, step)
    return service


def play(sandbox: SandboxControl, client: stripe.StripeClient, url: str) -> None:
    """Success, decline, 3-D Secure, bank debits, refunds, disputes, expiry and refusals, each to its end."""
    _play_payments(sandbox, client)
    _play_refunds(sandbox, client)
    _play_disputes(sandbox, client)
    _play_refusals(sandbox, client, url)


def _session(client: stripe.StripeClient, **more: Any) -> str:
    item = {"currency": "usd", "unit_amount": FEE, "product_data": {"name": "Fee"}}
    params: Any = {
        "mode": "payment",
        "line_items": [{"price_data": item, "quantity": 1}],
        "success_url": "http://127.0.0.1/paid/",
        "allowed_payment_method_types": ["card", "us_bank_account"],
        **more,
    }
    return client.v1.checkout.sessions.create(params).id


def _paid(sandbox: SandboxControl, client: stripe.StripeClient, **options: Any) -> str:
    session = _session(client)
    sandbox.act(session, "pay", **options)
    return str(client.v1.checkout.sessions.retrieve(session).payment_intent)


def _play_payments(sandbox: SandboxControl, client: stripe.StripeClient) -> None:
    _session(
        client,
        cancel_url="http://127.0.0.1/fee/",
        client_reference_id="MSA-1",
        custom_text={"submit": {"message": "Once for a request"}},
        customer_creation="always",
        customer_email="payer@example.com",
        billing_address_collection="required",
        locale="en",
        metadata={"payment": "1"},
        payment_intent_data={"metadata": {"payment": "1"}, "description": "Fee"},
        payment_method_options={
            "card": {"request_three_d_secure": "any"},
            "us_bank_account": {"verification_method": "instant"},
        },
        submit_type="pay",
    )
    _paid(sandbox, client, card="4000000000000002")
    for answer in ({}, {"authenticate": False}, {"authenticate": True}):
        _paid(sandbox, client, card="4000002500003155", **answer)
    for end in ("settle", "fail", ""):
        intent = _paid(sandbox, client, bank=True)
        if end:
            sandbox.act(intent, end)
    client.v1.checkout.sessions.expire(_session(client))
    attempted = _session(client)
    sandbox.act(attempted, "pay", card="4000000000009995")
    sandbox.act(attempted, "expire")


def _play_refunds(sandbox: SandboxControl, client: stripe.StripeClient) -> None:
    def refund(intent: str, amount: int) -> None:
        params: Any = {"payment_intent": intent, "amount": amount, "reason": "requested_by_customer"}
        client.v1.refunds.create(params | {"metadata": {"refund": "1"}})

    partial = _paid(sandbox, client)
    for amount in (100, FEE - 100):
        refund(partial, amount)
    settled = _paid(sandbox, client, bank=True)
    sandbox.act(settled, "settle")
    for intent in (
        settled,
        _paid(sandbox, client, card="4000000000005126"),
        _paid(sandbox, client, card="4000000000007726"),
    ):
        refund(intent, FEE)
    client.v1.refunds.list({"limit": 3, "expand": ["data.charge"]})
    sandbox.call("later/run")
    refund(_paid(sandbox, client, card="4000000000007726"), 1)  # is still pending when the lists are read


def _play_disputes(sandbox: SandboxControl, client: stripe.StripeClient) -> None:
    for acts in (("respond", "win"), ("lose",), ()):
        intent = _paid(sandbox, client)
        for act in ("dispute", *acts):
            sandbox.act(intent, act)
    for acts in (("respond", "close"), ("escalate", "lose"), ()):
        intent = _paid(sandbox, client)
        sandbox.act(intent, "dispute", inquiry=True, amount=500)
        for act in acts:
            sandbox.act(intent, act)


def _play_refusals(sandbox: SandboxControl, client: stripe.StripeClient, url: str) -> None:
    def refused(call: Any, *args: Any) -> None:
        with pytest.raises(stripe.StripeError):
            call(*args)

    keyed = {"idempotency_key": "conformance"}
    refused(client.v1.refunds.create, {"payment_intent": "pi_none"}, keyed)
    refused(client.v1.refunds.create, {"payment_intent": "pi_other"}, keyed)
    sandbox.act(_paid(sandbox, client), "dispute")
    disputed = client.v1.disputes.list({"limit": 1}).data[0].payment_intent
    refused(client.v1.refunds.create, {"payment_intent": disputed})
    refused(client.v1.refunds.create, {"payment_intent": _paid(sandbox, client), "amount": FEE + 1})
    refused(client.v1.refunds.create, {"color": "red"})
    refused(client.v1.refunds.create, {})
    refused(client.v1.charges.retrieve, "ch_none")
    refused(client.v1.checkout.sessions.create, {"mode": "payment"})
    refused(client.v1.checkout.sessions.expire, _expired(client))
    refused(stripe.StripeClient("sk_live_1", base_addresses={"api": url}).v1.events.list)
    sandbox.call("faults", kind="error_before")
    refused(client.v1.events.list)


def _expired(client: stripe.StripeClient) -> str:
    return client.v1.checkout.sessions.list({"status": "expired", "limit": 1}).data[0].id


def _expand(client: stripe.StripeClient) -> None:
    """What the portal asks to have expanded, on every row that there is."""
    everything: Any = {"limit": 100}
    rows: Any = client.v1.balance_transactions.list(everything | {"expand": ["data.source.payment_intent"]})
    assert {row.source.object for row in rows.data} == {"charge", "refund", "dispute"}
    client.v1.refunds.list(
        everything | {"expand": ["data.failure_balance_transaction", "data.balance_transaction", "data.charge"]}
    )
    deep = ["data.payment_intent.latest_charge", "data.line_items"]
    client.v1.checkout.sessions.list(everything | {"expand": deep})
    client.v1.charges.list(everything | {"expand": ["data.refunds", "data.balance_transaction"]})
