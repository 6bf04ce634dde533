"""What of a day's differences is provable: the payment is asked for again, and our rows follow."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from itertools import batched

from django.db import IntegrityError

from msa_portal.errors import Refused
from payments import provider
from payments.models import Payment
from payments.services import events, settle
from payments.services.reconciliation.books import OF_DEBITS, Books, Line, read_ours_again

logger = logging.getLogger(__name__)

_AT_ONCE = 500
# A payment that fails for one of these doesn't hold up the others.
_STUCK = (provider.ProviderRefused, Refused, IntegrityError)


def repair(books: Books, *, breathe: Callable[[], None]) -> int:
    """Let the payments follow whose lines differ, and read our side again. Returns how many lines agree since.

    `breathe` is called before each payment. Raises `ProviderUnavailable`; what was repaired until then stays.
    """
    apart = books.differing()
    about = _payments_about(apart, breathe)
    asked: dict[int, Payment] = {}
    for line in apart:
        payment = about.get(line.intent_id)
        if payment is None or not line.moves:
            continue
        line.payment_id = payment.pk
        if payment.pk not in asked:
            breathe()
            asked[payment.pk] = _follow(payment)
    if not asked:
        return 0
    read_ours_again(books)
    _pass_over_what_came_to_nothing(books, asked)
    return sum(line.agrees for line in apart)


def under_way(line: Line, states: dict[int, str]) -> bool:
    """A bank debit that the provider lists before the money is here: we book it then, on that day."""
    state = states.get(line.payment_id or 0)
    return line.category == "charge" and not line.ours and not line.foreign and state == Payment.State.PENDING


def states_of(lines: Iterable[Line]) -> dict[int, str]:
    states: dict[int, str] = {}
    for some in batched({line.payment_id for line in lines if line.payment_id}, _AT_ONCE, strict=False):
        states |= dict(Payment.objects.filter(pk__in=some).values_list("pk", "state"))
    return states


def _payments_about(lines: list[Line], breathe: Callable[[], None]) -> dict[str, Payment]:
    """By the provider's payment; what is not known by it is asked for there, and known by the key that we gave it."""
    intents = {line.intent_id for line in lines if line.intent_id}
    payments: dict[str, Payment] = {}
    for some in batched(sorted(intents), _AT_ONCE, strict=False):
        payments |= {str(payment.intent_id): payment for payment in Payment.objects.filter(intent_id__in=some)}
    for intent_id in sorted(intents - set(payments)):
        breathe()
        payment = _ask_about(intent_id)
        if payment is not None:
            payments[intent_id] = payment
    return payments


def _ask_about(intent_id: str) -> Payment | None:
    try:
        return events.payment_about(intent_id)
    except provider.ProviderRefused as error:
        logger.warning("the provider refused to tell about %s: %s", intent_id, error.code)
        return None


def _follow(payment: Payment) -> Payment:
    """One payment that cannot follow is shown to staff, and keeps no other from it."""
    try:
        return settle.settle_from_provider(payment)
    except _STUCK as error:
        logger.warning("payment %s could not follow the provider: %s", payment.pk, type(error).__name__)
        return payment


def _pass_over_what_came_to_nothing(books: Books, asked: dict[int, Payment]) -> None:
    """A bank debit that failed is listed twice there, in and out again, and never in our books."""
    for line in books.differing():
        payment = asked.get(line.payment_id or 0)
        failed = payment is not None and payment.state == Payment.State.FAILED
        if failed and line.category in OF_DEBITS and not line.ours:
            books.pass_over(line)
