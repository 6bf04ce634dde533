"""What a comparison found is written down: the day's figures, and an item for each difference that is left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from payments import notices
from payments.models import ReconciledDay, ReconciliationItem
from payments.services.reconciliation import lease
from payments.services.reconciliation.books import Books, Line
from payments.services.reconciliation.days import today
from payments.services.reconciliation.repair import states_of, under_way

Kind = ReconciliationItem.Kind
State = ReconciledDay.State
Found = dict[tuple[str, str, str, str], dict[str, Any]]


def write(books: Books, *, repaired: int, holder: UUID) -> ReconciledDay:
    """The day with its items, in one transaction. Raises `Busy` if another run has taken over.

    While the day lasts, what is in our books alone is no difference yet: the provider's list may be behind.
    """
    apart = books.differing()
    states = states_of(apart)
    early = books.day >= today()
    waiting = [line for line in apart if under_way(line, states) or (early and not line.moves)]
    left = [line for line in apart if line not in waiting]
    with transaction.atomic(durable=True):
        lease.renew(holder)
        day = _day(books.day)
        day.movements, day.passed_over = books.movements, books.passed_over.total()
        day.repaired += repaired
        day.provider_cents, day.ledger_cents = books.theirs_cents, books.ours_cents
        day.checked_at = timezone.now()
        _match(day, {_name(line): _values(line) for line in left})
        final = State.CLEAN if not left else State.EXPLAINED
        day.state = _state(day, State.UNFINISHED if waiting else final)
        day.save()
    return day


def write_given_back(refunds: Iterable[tuple[Any, Any]], *, holder: UUID) -> None:
    """Visits to come whose fee went back at the provider: (day, refund) of each. Its books agree with ours."""
    by_day: dict[Any, Found] = {}
    for on, refund in refunds:
        name = (str(Kind.GIVEN_BACK), "refund", str(refund.provider_id), refund.payment.currency)
        cents = -refund.amount_cents
        values = {"ours_cents": cents, "theirs_cents": cents, "payment_id": refund.payment_id}
        by_day.setdefault(on, {})[name] = values
    with transaction.atomic(durable=True):
        lease.renew(holder)
        open_days = ReconciliationItem.objects.filter(kind=Kind.GIVEN_BACK, state=ReconciliationItem.State.OPEN)
        for on in sorted({*by_day, *open_days.values_list("day__day", flat=True)}):
            _match(_day(on), by_day.get(on, {}), given_back=True)


def resolve(item: ReconciliationItem, *, by: User, note: str) -> ReconciliationItem:
    """Staff have looked into the difference and say what became of it. Raises `Refused` or `Stale`."""
    if not note.strip():
        raise Refused(_("Say what became of it."), code="no_note")
    with transaction.atomic():
        day = lock(item.day)
        fresh = lock(item)
        if fresh.state != ReconciliationItem.State.OPEN:
            raise Stale(
                _("This difference was resolved already: %(note)s") % {"note": fresh.note}, code="resolved_already"
            )
        _close(fresh, note=note.strip(), by=by)
        if day.state == State.OPEN:
            day.state = _state(day, State.EXPLAINED)
            day.save(update_fields=["state", "updated_at"])
    return fresh


def tell_supervisors() -> int:
    """One message about everything that is open and that nobody was told of. Returns how many items are in it."""
    with transaction.atomic():
        untold = ReconciliationItem.objects.filter(state=ReconciliationItem.State.OPEN, told_at__isnull=True)
        items = list(untold.select_for_update(of=("self",)).select_related("day").order_by("day__day", "pk"))
        if items:
            notices.books_differ(items)
            ReconciliationItem.objects.filter(pk__in=[item.pk for item in items]).update(told_at=timezone.now())
    return len(items)


def _day(on: Any) -> ReconciledDay:
    """The day's row, locked; before its first comparison it says nothing yet."""
    row, _made = ReconciledDay.objects.get_or_create(
        day=on, defaults={"state": State.UNFINISHED, "checked_at": timezone.now()}
    )
    return lock(row)


def _state(day: ReconciledDay, otherwise: str) -> str:
    differing = day.items.exclude(kind=Kind.GIVEN_BACK).filter(state=ReconciliationItem.State.OPEN)
    if differing.exists():
        return State.OPEN
    return State.UNFINISHED if day.day >= today() else otherwise


def _name(line: Line) -> tuple[str, str, str, str]:
    if line.foreign:
        kind = Kind.NOT_OUR_MONEY
    elif not line.moves:
        kind = Kind.MISSING
    else:
        kind = Kind.DIFFERS if line.payment_id else Kind.UNKNOWN_MONEY
    return (str(kind), line.category, line.provider_id, line.currency)


def _values(line: Line) -> dict[str, Any]:
    return {"ours_cents": line.ours, "theirs_cents": line.theirs, "payment_id": line.payment_id}


def _match(day: ReconciledDay, differences: Found, *, given_back: bool = False) -> None:
    """Each difference has one item, however often it is found; one that is gone is resolved automatically."""
    rows = day.items.select_for_update(of=("self",)).order_by("pk")
    rows = rows.filter(kind=Kind.GIVEN_BACK) if given_back else rows.exclude(kind=Kind.GIVEN_BACK)
    known = {(item.kind, item.category, item.provider_id, item.currency): item for item in rows}
    for name, values in differences.items():
        item = known.pop(name, None)
        if item is None:
            kind, category, provider_id, currency = name
            day.items.create(kind=kind, category=category, provider_id=provider_id, currency=currency, **values)
        else:
            _follow(item, values)
    for item in known.values():
        if item.state == ReconciliationItem.State.OPEN:
            _close(item, note=_("It was gone at a later comparison."), by=None)


def _follow(item: ReconciliationItem, values: dict[str, Any]) -> None:
    """What staff resolved stays so while the amounts are those that they saw; otherwise it is open again."""
    amounts = ("ours_cents", "theirs_cents")
    same = all(getattr(item, name) == values[name] for name in amounts)
    settled = item.state == ReconciliationItem.State.RESOLVED
    if same and (not settled or item.resolved_by_id is not None):
        return
    if settled:
        item.state, item.resolved_at, item.resolved_by, item.told_at = ReconciliationItem.State.OPEN, None, None, None
    for name, value in values.items():
        setattr(item, name, value)
    item.save()


def _close(item: ReconciliationItem, *, note: str, by: User | None) -> None:
    item.state, item.note = ReconciliationItem.State.RESOLVED, note
    item.resolved_by, item.resolved_at = by, timezone.now()
    item.save()
