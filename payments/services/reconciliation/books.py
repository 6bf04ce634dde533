"""One day of both books, laid beside each other line by line. Amounts are signed cents: below zero money left.

Kept in memory is a line for each id of the day, never the provider's objects: those pass by page by page.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Min, Sum

from payments import provider
from payments.models import EntryKind, LedgerEntry
from payments.services.reconciliation.days import bounds

# The provider's word for what moved, beside ours. `charge_failure` takes back a bank debit that did not arrive:
# we book neither.
CATEGORY_OF = {
    EntryKind.FEE_PAID: "charge",
    EntryKind.MONEY_HELD: "charge",
    EntryKind.PAID_TWICE: "charge",
    EntryKind.REFUND_SENT: "refund",
    EntryKind.REFUND_RETURNED: "refund_failure",
    EntryKind.DISPUTE_OPENED: "dispute",
    EntryKind.DISPUTE_WON: "dispute_reversal",
}
LEAVES = frozenset({EntryKind.REFUND_SENT, EntryKind.DISPUTE_OPENED})
OF_DEBITS = frozenset({"charge", "charge_failure"})
OURS = frozenset(CATEGORY_OF.values()) | OF_DEBITS
CURRENCY = "usd"

type Key = tuple[str, str, str]


@dataclass(slots=True)
class Line:
    """What both books have under one id; `category` and `provider_id` are the provider's."""

    category: str
    provider_id: str
    currency: str = CURRENCY
    foreign: bool = False  # of another currency or mode: our figures cannot count it
    ours: int = 0
    theirs: int = 0
    moves: int = 0
    intent_id: str = ""
    payment_id: int | None = None

    @property
    def agrees(self) -> bool:
        return self.ours == self.theirs and not self.foreign


@dataclass
class Books:
    """One day: every line of it, and what the provider moved that is no payment, refund or dispute."""

    day: date
    lines: dict[Key, Line] = field(default_factory=dict)
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def ours_cents(self) -> int:
        return sum(line.ours for line in self.lines.values())

    @property
    def theirs_cents(self) -> int:
        return sum(line.theirs for line in self.lines.values() if not line.foreign)

    @property
    def movements(self) -> int:
        """What the provider listed, whether or not it is ours."""
        return sum(line.moves for line in self.lines.values()) + self.passed_over.total()

    def differing(self) -> list[Line]:
        return [line for line in self.lines.values() if not line.agrees]

    def pass_over(self, line: Line) -> None:
        del self.lines[_key(line)]
        self.passed_over[line.category] += line.moves


def read(day: date) -> Books:
    """Both books of that day. Raises `ProviderUnavailable`; no transaction may be open, it takes its time."""
    books = Books(day)
    _read_ours(books)
    for movement in provider.movements(*bounds(day)):
        if movement.category in OURS:
            _add(books, movement)
        else:
            books.passed_over[movement.category] += 1
    return books


def read_ours_again(books: Books) -> None:
    """After a repair. The provider's side stays as it was read."""
    for line in books.lines.values():
        line.ours = 0
    _read_ours(books)


def _read_ours(books: Books) -> None:
    """One query, whatever the number of payments: an id's entries are summed by the database."""
    start, end = bounds(books.day)
    moved = LedgerEntry.objects.filter(moved_at__gte=start, moved_at__lt=end).order_by()
    sums = moved.values_list("kind", "provider_id").annotate(cents=Sum("amount_cents"), payment=Min("payment_id"))
    for kind, provider_id, cents, payment_id in sums:
        line = _line(books, Line(CATEGORY_OF[EntryKind(kind)], provider_id))
        line.ours += -cents if kind in LEAVES else cents
        line.payment_id = payment_id


def _add(books: Books, movement: provider.Movement) -> None:
    foreign = movement.currency != CURRENCY or movement.livemode != provider.expects_live_money()
    about = movement.intent_id if movement.category in OF_DEBITS else ""
    line = Line(movement.category, about or movement.source_id or movement.id, movement.currency, foreign)
    line = _line(books, line)
    line.theirs += movement.cents
    line.moves += 1
    line.intent_id = movement.intent_id


def _line(books: Books, line: Line) -> Line:
    return books.lines.setdefault(_key(line), line)


def _key(line: Line) -> Key:
    """Money of another currency or mode never meets ours under one id."""
    return (line.category, line.provider_id, f"{line.currency}, foreign" if line.foreign else line.currency)
