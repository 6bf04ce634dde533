"""What people, the provider and the network do to payments. A refusal is an answer; nothing else is caught."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import requests
import stripe
from celery.app.task import Task
from django.test import Client

from msa_portal.accounts.models import User
from msa_portal.errors import Refused
from payments import provider, tasks
from payments.models import Allocation, Fee, Payment, ProviderEvent, Refund
from payments.provider import client
from payments.services import checkout, events, refunds
from requests_app.enums import WithdrawalReason
from requests_app.lifecycle import transitions
from requests_app.models import MSARequest
from tests import schedules, two_people
from tests.jobs import run_now
from tests.payments.books.comparison import ProviderBooks
from tests.payments.books.isolation import Portal, after_commit

# Drawn by WeasyPrint, which has no say in the books.
DRAWN = frozenset({"payments.render_receipt", "payments.render_refund_note"})
SWEEPERS = (tasks.sweep_events, tasks.sweep_payments, tasks.sweep_refunds)
SAID_NO = (Refused, provider.ProviderUnavailable, provider.ProviderRefused)


def pick[T](rows: Sequence[T], number: int) -> T:
    return rows[number % len(rows)]


class Network:
    """Stands in the client's own HTTP: a call whose answer, or which itself, gets lost."""

    def __init__(self, monkeypatch: Any) -> None:
        self.lost: tuple[str, str] | None = None
        request = stripe.RequestsClient.request

        def carry(client: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            lost, when = self.lost or ("", "")
            if not lost or lost not in url or (lost == "refunds" and method == "get"):
                return request(client, method, url, *args, **kwargs)
            self.lost = None
            if when == "after":
                request(client, method, url, *args, **kwargs)
            raise stripe.APIConnectionError("lost on the way")

        monkeypatch.setattr(stripe.RequestsClient, "request", carry)


class World:
    """Three requests whose fees are due, their agent, two supervisors, and the provider."""

    def __init__(
        self, sandbox: str, portal: Portal, network: Network, ready: list[MSARequest], staff: list[User]
    ) -> None:
        self.url, self.portal, self.network = sandbox, portal, network
        self.ready, self.staff = ready, staff
        self.agent = ready[0].agent
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.auth = ("sk_test_books", "")
        self.books = ProviderBooks(sandbox, self.http)
        self.queue: list[tuple[str, tuple[Any, ...]]] = []

    # How it runs

    def begin(self) -> None:
        self.queue.clear()
        self.network.lost = None
        self.control("reset")
        self.control("later", seconds=10_000)
        self.control("webhooks", url=f"{self.portal.url}/webhooks/stripe/", mode="hold")

    def ask(self, job: str, args: Sequence[Any] = (), **_options: Any) -> None:
        if job not in DRAWN:
            self.queue.append((job, tuple(args)))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Somebody's try: refused or without an answer, it leaves what it leaves."""
        try:
            yield
        except SAID_NO:
            pass
        finally:
            after_commit()

    def control(self, path: str, /, **options: Any) -> dict[str, Any]:
        answer = self.http.post(f"{self.url}/sandbox/{path}", json=options)
        return dict(json.loads(answer.text))

    def act(self, payment: Payment, name: str, **options: Any) -> dict[str, Any]:
        """What cannot be done there now is answered so."""
        return self.control(f"payments/{payment.session_id}/{name}", **options)

    def payments(self) -> list[Payment]:
        return list(Payment.objects.filter(session_id__isnull=False).order_by("pk"))

    def received(self) -> list[Allocation]:
        rows = Allocation.objects.filter(state__in=Allocation.RECEIVED)
        return list(rows.select_related("payment", "fee__round__msa_request").order_by("pk"))

    def events(self) -> list[dict[str, Any]]:
        return self.books.listed("events")

    # What people do

    def open(self, chosen: Sequence[MSARequest]) -> None:
        fresh = [MSARequest.objects.get(pk=msa_request.pk) for msa_request in chosen]
        owed = Fee.objects.filter(round__msa_request__in=fresh, state=Fee.State.OPEN)
        total = sum(owed.values_list("amount_cents", flat=True))
        with self.attempt():
            if len(fresh) == 1:
                checkout.open_checkout(fresh[0], by=self.agent, expected_cents=total)
            else:
                checkout.open_joint_checkout(fresh, by=self.agent, expected_cents=total)

    def open_second_tab(self, chosen: Sequence[MSARequest]) -> None:
        """Past the guard that hands out the open checkout again: it does not see what is open."""
        hidden = Payment.objects.filter(fees__round__msa_request__in=chosen, state__in=Payment.LIVE)
        states = dict(hidden.values_list("pk", "state"))
        Payment.objects.filter(pk__in=states).update(state=Payment.State.EXPIRED)
        self.open(chosen)
        for pk, state in states.items():
            Payment.objects.filter(pk=pk, state=Payment.State.EXPIRED).update(state=state)

    def cancel(self, msa_request: MSARequest) -> None:
        with self.attempt():
            checkout.cancel_checkout(MSARequest.objects.get(pk=msa_request.pk), by=self.agent)

    def return_page(self, client: Client, payment: Payment) -> None:
        part = payment.allocations.select_related("fee__round__msa_request").first()
        reference = part.fee.round.msa_request.reference
        answer = client.get(f"/requests/{reference}/fee/returned/?session={payment.session_id}")
        assert answer.status_code == 200
        after_commit()

    def withdraw(self, msa_request: MSARequest) -> None:
        with self.attempt():
            fresh = MSARequest.objects.get(pk=msa_request.pk)
            transitions.withdraw(fresh, by=self.agent, reason=WithdrawalReason.CHANGED_PLANS)

    def waive(self, msa_request: MSARequest) -> None:
        fee = Fee.objects.filter(round__msa_request=msa_request).first()
        with self.attempt():
            if fee is not None:
                two_people.waive(fee, by=self.staff[0], reason="Storm")

    def write_off(self, fee: Fee) -> None:
        with self.attempt():
            two_people.write_off(fee, by=self.staff[0], reason="Lost")

    def change_schedule(self, amount_cents: int) -> None:
        schedules.change({"request_type": "install"}, amount_cents=amount_cents)

    def ask_for_refund(self, part: Allocation) -> None:
        with self.attempt():
            refunds.ask_for(part, by=self.agent, note="Please")

    def goodwill(self, part: Allocation, amount_cents: int) -> None:
        with self.attempt():
            refunds.propose_by_staff(
                part.payment, by=self.staff[0], amount_cents=amount_cents, note="Sorry", fee_id=part.fee_id
            )

    def decide(self, refund: Refund, *, yes: bool) -> None:
        """By whoever looks at a page that was drawn just now."""
        with self.attempt():
            if yes:
                left = refunds.part_of(refund).remaining_cents
                two_people.approve(refunds.approve(refund, by=self.staff[1], expected_cents=left), by=self.staff[0])
            else:
                refunds.decline(refund, by=self.staff[1], note="No")

    # What the network and the workers do

    def deliver(self, event: dict[str, Any], times: int) -> list[Any]:
        sent = self.portal.answer_while(lambda: self.control(f"events/{event['id']}/resend", times=times))
        after_commit()
        return [attempt["status"] for attempt in sent["attempts"]]

    def forge(self, event: dict[str, Any], kind: str) -> Any:
        sent = self.portal.answer_while(lambda: self.control(f"events/{event['id']}/forge", kind=kind))
        after_commit()
        return sent["status"]

    def work(self, number: int, times: int) -> None:
        """A worker takes any task that waits; 0 times is a task that got lost."""
        job, args = self.queue.pop(number % len(self.queue))
        for _ in range(times):
            with self.attempt():
                run_now(job, args)

    def work_all(self) -> None:
        while self.queue:
            self.work(0, 1)

    def sweep(self) -> None:
        for sweeper in SWEEPERS:
            sweeper()
            self.work_all()

    def sweepers_but_payments(self) -> list[Any]:
        return [sweeper for sweeper in SWEEPERS if sweeper is not tasks.sweep_payments]

    def looks(self) -> list[Any]:
        """At every payment that is under way with us, or of which money may have come."""
        sessions = self.books.listed("checkout/sessions")
        complete = {session["id"] for session in sessions if session["status"] == "complete"}
        worth = [
            payment for payment in self.payments() if payment.session_id in complete or payment.state in Payment.LIVE
        ]
        return [partial(self.ask, "payments.follow_payment", [payment.pk]) for payment in worth]

    def look(self) -> None:
        """At every payment, as somebody's click would."""
        for payment in self.payments():
            with self.attempt():
                tasks.follow_payment(payment.pk)

    def finish(self) -> None:
        """Everything that anybody still owes is done: tasks, sweepers, and one look at every payment."""
        self.network.lost = None
        self.http.delete(f"{self.url}/sandbox/faults")
        self.control("later/run")
        for task in (*self.sweepers_but_payments(), *self.looks(), *self.sweepers_but_payments()):
            task()
            self.work_all()
        assert not ProviderEvent.objects.filter(processed_at__isnull=True).exists()


def make_quick(monkeypatch: Any) -> None:
    """Sweepers find what is a moment old, the client repeats no call, nobody looks for a broker or writes logs."""
    monkeypatch.setattr(client, "RETRIES", 0)
    client._client_for.cache_clear()
    monkeypatch.setattr(tasks, "_QUIET", -timedelta(seconds=5))
    monkeypatch.setattr(events, "SWEEP_AFTER", -timedelta(seconds=5))
    monkeypatch.setattr(Task, "apply_async", lambda *_args, **_kwargs: None)
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)
