"""Any order of clicks, webhooks, refunds and disputes leaves the books right to the cent.

Each example is one order, played against the real sandbox over HTTP and then undone. Tasks wait in a
queue and run in any order, twice or never; events are delivered in any order, often or never; the client's
calls and answers get lost. `BOOKS_ORDERS` says how many orders are played.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from payments import tasks
from payments.models import Fee, FeeSchedule, Payment, Refund
from requests_app.models import MSARequest
from tests import factories
from tests.payments.books import comparison
from tests.payments.books.isolation import served, undone
from tests.payments.books.world import Network, World, make_impatient, pick
from tests.payments.sandbox.harness import SandboxControl

PARTS = 4  # for as many processors
ORDERS = int(os.environ.get("BOOKS_ORDERS", "2000"))
STEPS = int(os.environ.get("BOOKS_STEPS", "14"))
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


@pytest.fixture
def world(
    schedule: FeeSchedule, provider_sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    company = factories.CompanyFactory()
    agent = factories.member_of(company)
    ready = [factories.executed(factories.complete_request(company=company)) for _ in range(4)]
    assert {request.agent for request in ready} == {agent}
    staff = [factories.supervisor(), factories.supervisor()]
    make_impatient(monkeypatch)
    with served() as portal:
        made = World(provider_sandbox.url, portal, Network(monkeypatch), ready, staff)
        monkeypatch.setattr(tasks, "kick", made.kick)
        yield made


def machine_in(world: World) -> type[RuleBasedStateMachine]:
    """A machine whose every example begins in that world as it is now."""
    client = Client()
    client.force_login(world.agent, backend="django.contrib.auth.backends.ModelBackend")

    class Books(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.undone = undone()
            self.undone.__enter__()
            world.begin()

        def teardown(self) -> None:
            try:
                world.finish()
                assert comparison.inside() == []
                assert comparison.beside(world.books) == []
            finally:
                self.undone.__exit__(None, None, None)

        @initialize(how=st.sampled_from(["one", "two", "two tabs"]), card=st.sampled_from(sorted(CARDS)))
        def begin(self, how: str, card: str) -> None:
            chosen = world.ready[:2] if how == "two" else world.ready[:1]
            world.open(chosen)
            if how == "two tabs":
                world.open_second_tab(chosen)
            for payment in world.payments():
                world.act(payment, "pay", **CARDS[card])

        # People

        @rule(first=st.integers(0, 3), count=st.integers(1, 4))
        def opens(self, first: int, count: int) -> None:
            world.open([pick(world.ready, first + place) for place in range(count)])

        @rule(first=st.integers(0, 3), count=st.integers(1, 2))
        def opens_second_tab(self, first: int, count: int) -> None:
            world.open_second_tab([pick(world.ready, first + place) for place in range(count)])

        @precondition(lambda self: Payment.objects.filter(session_id__isnull=False).exists())
        @rule(which=number, card=st.sampled_from(sorted(CARDS)))
        def pays(self, which: int, card: str) -> None:
            world.act(pick(world.payments(), which), "pay", **CARDS[card])

        @precondition(lambda self: Payment.objects.filter(session_id__isnull=False).exists())
        @rule(which=number)
        def comes_back(self, which: int) -> None:
            payment = pick(world.payments(), which)
            if payment.allocations.count() == 1 and world.network.lost is None:
                world.return_page(client, payment)

        @rule(which=st.integers(0, 3), how=st.sampled_from(["cancel", "withdraw", "waive"]))
        def gives_up(self, which: int, how: str) -> None:
            {"cancel": world.cancel, "withdraw": world.withdraw, "waive": world.waive}[how](world.ready[which])

        @rule(cents=st.sampled_from([27922, 30000]))
        def fee_changes(self, cents: int) -> None:
            world.change_schedule(cents)

        @precondition(lambda self: world.received())
        @rule(which=number, cents=amount, how=st.sampled_from(["goodwill", "asks", "write off"]))
        def wants_money_back(self, which: int, cents: int, how: str) -> None:
            part = pick(world.received(), which)
            if how == "asks":
                world.ask_for_refund(part)
            elif how == "goodwill":
                world.goodwill(part, cents)
            else:
                world.write_off(Fee.objects.get(pk=part.fee_id))

        @precondition(lambda self: Refund.objects.filter(state="proposed").exists())
        @rule(which=number, yes=st.sampled_from([True, True, True, False]))
        def supervisor_decides(self, which: int, yes: bool) -> None:
            world.decide(pick(list(Refund.objects.filter(state="proposed").order_by("pk")), which), yes=yes)

        # The provider

        @precondition(lambda self: Payment.objects.filter(session_id__isnull=False).exists())
        @rule(
            which=number,
            what=st.sampled_from(["expire", "settle", "settle", "fail", "dispute", "win", "lose", "escalate", "close", "respond"]),
        )
        def provider_moves(self, which: int, what: str) -> None:
            world.act(pick(world.payments(), which), what)

        @precondition(lambda self: Payment.objects.filter(session_id__isnull=False).exists())
        @rule(which=number, cents=amount, inquiry=st.booleans())
        def bank_asks(self, which: int, cents: int, inquiry: bool) -> None:
            world.act(pick(world.payments(), which), "dispute", amount=cents, inquiry=inquiry)

        @precondition(lambda self: Payment.objects.filter(session_id__isnull=False).exists())
        @rule(which=number, cents=st.sampled_from([None, 1, 20000, 27922]))
        def refunds_in_the_dashboard(self, which: int, cents: int | None) -> None:
            world.act(pick(world.payments(), which), "refund", **({"amount": cents} if cents else {}))

        @rule()
        def time_passes_there(self) -> None:
            world.control("later/run")

        @precondition(lambda self: Payment.objects.filter(session_id__isnull=False).exists())
        @rule(which=number, field=st.sampled_from(sorted(ALTERED)))
        def checkout_is_not_as_we_asked(self, which: int, field: str) -> None:
            payment = pick(world.payments(), which)
            if payment.state not in Payment.RECEIVED:
                world.control(f"objects/{payment.session_id}", **{field: ALTERED[field]})

        # The network and the workers

        @rule(which=st.integers(0, 30), times=st.integers(1, 3))
        def event_arrives(self, which: int, times: int) -> None:
            if events := world.events():
                assert world.deliver(pick(events, which), times) == [200] * times

        @rule(which=st.integers(0, 30), kind=st.sampled_from(FORGED))
        def forgery_arrives(self, which: int, kind: str) -> None:
            if events := world.events():
                before = len(world.queue)
                assert (world.forge(pick(events, which), kind), len(world.queue)) == (400, before)

        @precondition(lambda self: world.queue)
        @rule(which=number, times=st.sampled_from([1, 1, 2, 0]))
        def worker_takes(self, which: int, times: int) -> None:
            world.work(which, times)

        @precondition(lambda self: world.queue)
        @rule()
        def workers_catch_up(self) -> None:
            world.work_all()

        @rule()
        def sweepers_run(self) -> None:
            world.sweep()

        @rule(what=st.sampled_from(["checkout/sessions", "refunds", "payment_intents", "disputes"]), when=st.sampled_from(["before", "after"]))
        def next_call_is_lost(self, what: str, when: str) -> None:
            world.network.lost = (what, when)

        @rule(kind=st.sampled_from(["error_before", "error_after", "error_saved"]), path=st.sampled_from(["/v1/checkout", "/v1/refunds"]))
        def provider_breaks(self, kind: str, path: str) -> None:
            world.control("faults", kind=kind, path=path, method="POST")

        @invariant()
        def books_agree_with_themselves(self) -> None:
            if self.looks():
                assert comparison.inside() == []

        def looks(self) -> bool:
            """After every fourth step, since it costs as much as a step."""
            self.steps = getattr(self, "steps", 0) + 1
            return self.steps % 4 == 0

    return Books


@pytest.mark.parametrize("part", range(PARTS))
def test_books_are_right_after_any_order(world: World, part: int) -> None:
    run_state_machine_as_test(
        machine_in(world),
        settings=settings(
            max_examples=max(ORDERS // PARTS, 1),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
