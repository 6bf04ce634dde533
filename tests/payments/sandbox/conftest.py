from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe

from .harness import Receiver, SandboxControl, running

FEE = 27922


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="session")
def process(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[SandboxControl]:
    with running(tmp_path_factory.mktemp("sandbox") / "store.sqlite3", receiver.url) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: SandboxControl, receiver: Receiver) -> SandboxControl:
    process.reset()
    receiver.forget()
    return process


@pytest.fixture
def client(sandbox: SandboxControl) -> stripe.StripeClient:
    return sandbox.client(max_network_retries=0)


@pytest.fixture
def checkout(client: stripe.StripeClient) -> Callable[..., stripe.checkout.Session]:
    def create(amount: int = FEE, **params: Any) -> stripe.checkout.Session:
        item = {
            "price_data": {
                "currency": "usd",
                "unit_amount": amount,
                "product_data": {"name": "Meter Socket Adapter fee"},
            },
            "quantity": 1,
        }
        options = params.pop("options", {})
        return client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [item],
                "success_url": "http://127.0.0.1:1/paid/?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://127.0.0.1:1/fee/",
                **params,
            },
            options,
        )

    return create


@pytest.fixture
def paid(
    sandbox: SandboxControl, client: stripe.StripeClient, checkout: Callable[..., stripe.checkout.Session]
) -> Callable[..., str]:
    """Pays a new session; returns its payment intent's id."""

    def pay(card: str = "4242424242424242", **options: Any) -> str:
        session = checkout(allowed_payment_method_types=["card", "us_bank_account"])
        sandbox.act(session.id, "pay", card=card, **options)
        return str(client.v1.checkout.sessions.retrieve(session.id).payment_intent)

    return pay
