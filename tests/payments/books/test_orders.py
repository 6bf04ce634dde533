"""Orders of events that once made the books wrong, each played as it was found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from payments import provider
from payments.models import Allocation, Dispute, Payment, Refund
from payments.services import settle
from tests.payments.books import comparison
from tests.payments.books.isolation import after_commit, undone
from tests.payments.books.world import World
from tests.payments.conftest import FEE

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def at(world: World) -> Iterator[World]:
    """The world, and at the end of the test the comparison."""
    with undone():
        world.begin()
        yield world
        world.finish()
        assert comparison.inside() == []
        assert comparison.beside(world.books) == []


def paid(world: World, count: int) -> list[Allocation]:
    """The parts of one payment for that many fees, which is settled."""
    world.open(world.ready[:count])
    (payment,) = world.payments()
    world.act(payment, "pay")
    settle.settle_from_provider(payment)
    after_commit()
    return world.received()


def test_webhooks_over_http_settle(at: World) -> None:
    at.open(at.ready[:1])
    at.act(at.payments()[0], "pay")
    for event in at.events():
        assert at.deliver(event, 2) == [200, 200]
    at.work_all()
    assert [part.state for part in at.received()] == ["settled"]


@pytest.mark.parametrize("end", ["win", "lose"])
def test_picture_of_an_open_dispute_written_late(at: World, end: str) -> None:
    (part,) = paid(at, 1)
    at.act(part.payment, "dispute")
    early = provider.fetch_session(str(part.payment.session_id))
    at.act(part.payment, end)
    settle.settle_from_provider(part.payment)
    settle._follow(settle.lock_with_requests(part.payment), early)
    assert Dispute.objects.get().state == {"win": "won", "lose": "lost"}[end]


def test_picture_of_an_open_checkout_written_late(at: World) -> None:
    at.open(at.ready[:1])
    (payment,) = at.payments()
    early = provider.fetch_session(str(payment.session_id))
    at.act(payment, "expire")
    settle.settle_from_provider(payment)
    settle._follow(settle.lock_with_requests(payment), early)
    payment.refresh_from_db()
    assert payment.state == "expired"


def test_dispute_after_the_first_of_two_fees_went_back(at: World) -> None:
    first, second = paid(at, 2)
    at.goodwill(first, FEE)
    at.decide(Refund.objects.get(), yes=True)
    at.work_all()
    at.act(first.payment, "dispute")
    at.act(first.payment, "lose")
    settle.settle_from_provider(first.payment)
    owed = {part.fee_id: part.fee.ledger_entries.balance(comparison.Account.RECEIVABLE) for part in (first, second)}
    assert owed == {first.fee_id: 0, second.fee_id: FEE}


def test_promise_that_gave_way_and_was_carried_out_after_all(at: World) -> None:
    """Our refund is on its way, one from the dashboard is seen first, then ours is made as well."""
    first, _second = paid(at, 2)
    at.goodwill(first, FEE)
    refund = Refund.objects.get()
    at.decide(refund, yes=True)
    at.act(first.payment, "refund", amount=FEE)
    settle.settle_from_provider(first.payment)
    made = provider.create_refund(
        str(Payment.objects.get().intent_id), amount_cents=FEE, key=str(refund.key), expected_refundable_cents=FEE
    )
    settle.settle_from_provider(first.payment)
    assert Refund.objects.filter(provider_id=made.id, state="succeeded").exists()
