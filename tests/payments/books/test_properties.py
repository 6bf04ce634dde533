"""Any order of clicks, webhooks, refunds and disputes leaves the books right to the cent.

Each example is one order, played against the real sandbox over HTTP and then undone. Tasks wait in a
queue and run in any order, twice or never; events are delivered in any order, often or never; the client's
calls and answers get lost. `make test` plays the same orders each time; `BOOKS_ORDERS` plays that many others, `make test-all` six hundred.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

import pytest
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from payments.models import Fee, Payment, Refund
from tests.payments.books import comparison
from tests.payments.books.isolation import undone
from tests.payments.books.world import World, pick

PARTS = 4  # for as many processors
PHASES = tuple(Phase) if os.environ.get("BOOKS_SHRINK", "1") == "1" else (Phase.generate,)
ORDERS = int(os.environ.get("BOOKS_ORDERS", "120"))
STEPS = int(os.environ.get("BOOKS_STEPS", "9"))
CARDS = {
    "card": {},
    "bank": {"bank": True},
    "bounces": {"card": "4000000000005126"},
    "waits": {"card": "4000000000007726"},
    "disputed later": {"card": "4000000000000259"},
    "declined": {"card": "4000000000000002"},
    "confirmed": {"card": "4000002500003155", "authenticate": True},
    "not confirmed": {"card": "4000002500003155", "authenticate": False},
}
FORGED = ["bad_signature", "missing_signature", "stale", "future", "tampered"]
ALTERED: dict[str, Any] = {"currency": "cad", "livemode": True, "client_reference_id": "another", "metadata": {}}
number = st.integers(0, 9)
amount = st.sampled_from([1, 5000, 20000, 27922])

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def has_payment(_machine: Any) -> bool:
    return Payment.objects.filter(session_id__isnull=False).exists()


def has_proposal(_machine: Any) -> bool:
    return Refund.objects.filter(state="proposed").exists()


class Books(RuleBasedStateMachine):
    """Every example begins in the world as it was made, and leaves nothing behind."""

    world: ClassVar[World]
    client: ClassVar[Client]

    def __init__(self) -> None:
        super().__init__()
        self.undone = undone()
        self.undone.__enter__()
        self.disputed: list[Payment] = []
        self.world.begin()

    def teardown(self) -> None:
        try:
            self.world.finish()
            assert comparison.inside() == []
            assert comparison.beside(self.world.books) == []
        finally:
            self.undone.__exit__(None, None, None)

    @initialize(
        how=st.sampled_from(["one", "two", "two tabs"]), card=st.sampled_from(sorted(CARDS)), heard=st.booleans()
    )
    def begin(self, how: str, card: str, heard: bool) -> None:
        chosen = self.world.ready[:2] if how == "two" else self.world.ready[:1]
        self.world.open(chosen)
        if how == "two tabs":
            self.world.open_second_tab(chosen)
        for payment in self.world.payments():
            self.world.act(payment, "pay", **CARDS[card])
        if heard:
            self.world.look()

    # People

    @rule(first=st.integers(0, 2), count=st.sampled_from([1, 1, 2, 3]))
    def opens(self, first: int, count: int) -> None:
        self.world.open([pick(self.world.ready, first + place) for place in range(count)])

    @rule(first=st.integers(0, 2), count=st.integers(1, 2))
    def opens_second_tab(self, first: int, count: int) -> None:
        self.world.open_second_tab([pick(self.world.ready, first + place) for place in range(count)])

    @precondition(has_payment)
    @rule(which=number, card=st.sampled_from(sorted(CARDS)))
    def pays(self, which: int, card: str) -> None:
        self.world.act(pick(self.world.payments(), which), "pay", **CARDS[card])

    @precondition(has_payment)
    @rule(which=number)
    def comes_back(self, which: int) -> None:
        payment = pick(self.world.payments(), which)
        if payment.allocations.count() == 1 and self.world.network.lost is None:
            self.world.return_page(self.client, payment)

    @rule(which=st.integers(0, 2), how=st.sampled_from(["cancel", "withdraw", "waive"]))
    def gives_up(self, which: int, how: str) -> None:
        {"cancel": self.world.cancel, "withdraw": self.world.withdraw, "waive": self.world.waive}[how](
            self.world.ready[which]
        )

    @rule(cents=st.sampled_from([27922, 30000]))
    def fee_changes(self, cents: int) -> None:
        self.world.change_schedule(cents)

    @precondition(lambda self: self.world.received())
    @rule(which=number, cents=amount, how=st.sampled_from(["goodwill", "asks", "write off"]))
    def wants_money_back(self, which: int, cents: int, how: str) -> None:
        part = pick(self.world.received(), which)
        if how == "asks":
            self.world.ask_for_refund(part)
        elif how == "goodwill":
            self.world.goodwill(part, cents)
        else:
            self.world.write_off(Fee.objects.get(pk=part.fee_id))

    @precondition(has_proposal)
    @rule(which=number, yes=st.sampled_from([True, True, True, False]))
    def supervisor_decides(self, which: int, yes: bool) -> None:
        self.world.decide(pick(list(Refund.objects.filter(state="proposed").order_by("pk")), which), yes=yes)

    # The provider

    @precondition(has_payment)
    @rule(which=number, what=st.sampled_from(["expire", "settle", "settle", "fail"]))
    def provider_moves(self, which: int, what: str) -> None:
        self.world.act(pick(self.world.payments(), which), what)

    @precondition(lambda self: self.world.received())
    @rule(which=number, cents=amount, how=st.sampled_from(["dispute", "dispute", "inquiry", "win", "lose"]))
    def bank_asks(self, which: int, cents: int, how: str) -> None:
        """Perhaps it is decided before we hear of it."""
        payment = pick(self.world.received(), which).payment
        self.world.act(payment, "dispute", amount=cents, inquiry=how == "inquiry")
        self.disputed.append(payment)
        if how in {"win", "lose"}:
            self.world.act(payment, how)

    @precondition(lambda self: self.disputed)
    @rule(which=number, what=st.sampled_from(["win", "win", "lose", "escalate", "close", "respond"]))
    def bank_decides(self, which: int, what: str) -> None:
        self.world.act(pick(self.disputed, which), what)

    @precondition(has_payment)
    @rule(which=number, cents=st.sampled_from([None, 1, 20000, 27922]))
    def refunds_in_the_dashboard(self, which: int, cents: int | None) -> None:
        self.world.act(pick(self.world.payments(), which), "refund", **({"amount": cents} if cents else {}))

    @rule()
    def time_passes_there(self) -> None:
        self.world.control("later/run")

    @precondition(has_payment)
    @rule(which=number, field=st.sampled_from(sorted(ALTERED)))
    def checkout_is_not_as_we_asked(self, which: int, field: str) -> None:
        payment = pick(self.world.payments(), which)
        if payment.state not in Payment.RECEIVED:
            self.world.control(f"objects/{payment.session_id}", **{field: ALTERED[field]})

    # The network and the workers

    @rule(which=st.integers(0, 30), times=st.integers(1, 3))
    def event_arrives(self, which: int, times: int) -> None:
        if events := self.world.events():
            assert self.world.deliver(pick(events, which), times) == [200] * times

    @rule(which=st.integers(0, 30), kind=st.sampled_from(FORGED))
    def forgery_arrives(self, which: int, kind: str) -> None:
        if events := self.world.events():
            before = len(self.world.queue)
            assert (self.world.forge(pick(events, which), kind), len(self.world.queue)) == (400, before)

    @precondition(lambda self: self.world.queue)
    @rule(which=number, times=st.sampled_from([1, 1, 2, 0]))
    def worker_takes(self, which: int, times: int) -> None:
        self.world.work(which, times)

    @precondition(lambda self: self.world.queue)
    @rule()
    def workers_catch_up(self) -> None:
        self.world.work_all()

    @rule()
    def sweepers_run(self) -> None:
        self.world.sweep()

    @rule(
        what=st.sampled_from(["checkout/sessions", "refunds", "payment_intents", "disputes"]),
        when=st.sampled_from(["before", "after"]),
    )
    def next_call_is_lost(self, what: str, when: str) -> None:
        self.world.network.lost = (what, when)

    @rule(
        kind=st.sampled_from(["error_before", "error_after", "error_saved"]),
        path=st.sampled_from(["/v1/checkout", "/v1/refunds"]),
    )
    def provider_breaks(self, kind: str, path: str) -> None:
        self.world.control("faults", kind=kind, path=path, method="POST")

    @invariant()
    def books_agree_with_themselves(self) -> None:
        if self.looks():
            assert comparison.inside() == []

    def looks(self) -> bool:
        """After every fourth step, since it costs as much as a step."""
        self.steps = getattr(self, "steps", 0) + 1
        return self.steps % 4 == 0


@pytest.mark.parametrize("part", range(PARTS))
def test_books_are_right_after_any_order(world: World, part: int) -> None:
    client = Client()
    client.force_login(world.agent, backend="django.contrib.auth.backends.ModelBackend")
    run_state_machine_as_test(
        type("BooksHere", (Books,), {"world": world, "client": client}),
        settings=settings(
            max_examples=max(ORDERS // PARTS, 1),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize="BOOKS_ORDERS" not in os.environ,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
