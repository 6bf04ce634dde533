"""What a month's statement says: the ledger's entries of one payer, and their sums.

An entry belongs to the month in which it was booked, in the utility's time zone. Booking dates
(`LedgerEntry.at`) never go back, and entries are never changed: a closed month stays as it was.
What is learned late is booked late, and stands in a later month.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal.accounts.models import Company, User
from msa_portal.business_days.calendar import local_day
from payments import months
from payments.models import Account, EntryKind, LedgerEntry, Payment, Statement
from payments.models.ledger import LedgerEntryQuerySet

RECEIVED = frozenset({EntryKind.FEE_PAID, EntryKind.MONEY_HELD, EntryKind.PAID_TWICE})
RETURNED = frozenset({EntryKind.REFUND_SENT, EntryKind.REFUND_RETURNED})
DISPUTED = frozenset({EntryKind.DISPUTE_OPENED, EntryKind.DISPUTE_WON, EntryKind.DISPUTE_LOST})

# As the payer reads it.
_WORDS: dict[EntryKind, Any] = {
    EntryKind.FEE_PAID: gettext_lazy("Fee paid"),
    EntryKind.MONEY_HELD: gettext_lazy("Received, held for review"),
    EntryKind.PAID_TWICE: gettext_lazy("Received, the fee was paid already"),
    EntryKind.REFUND_SENT: gettext_lazy("Refund sent to you"),
    EntryKind.REFUND_RETURNED: gettext_lazy("Refund did not reach you, we have it again"),
    EntryKind.DISPUTE_OPENED: gettext_lazy("Disputed: your bank took it from us"),
    EntryKind.DISPUTE_WON: gettext_lazy("Dispute over: your bank gave it back to us"),
    EntryKind.DISPUTE_LOST: gettext_lazy("Dispute over: the amount stays with you"),
}


@dataclass(frozen=True)
class Addressee:
    """Whose statement it is: a company's, or a person's who paid without one."""

    company: Company | None = None
    user: User | None = None

    @property
    def name(self) -> str:
        return self.company.name if self.company else str(self.user)

    @property
    def code(self) -> str:
        return f"C{self.company.pk}" if self.company else f"U{self.user.pk}" if self.user else ""

    @property
    def pks(self) -> tuple[int | None, int | None]:
        return self.company.pk if self.company else None, self.user.pk if self.user else None

    def entries(self) -> LedgerEntryQuerySet:
        if self.company:
            return LedgerEntry.objects.filter(payment__company=self.company)
        return LedgerEntry.objects.filter(payment__company__isnull=True, payment__payer=self.user)

    def statements(self) -> QuerySet[Statement]:
        return Statement.objects.filter(company=self.company, user=self.user)


@dataclass(frozen=True)
class Line:
    """One entry. `cents` is above zero where the money came to the utility, below where it left it."""

    at: datetime
    kind: EntryKind
    cents: int
    payment_id: int
    payer_name: str
    reference: str
    visit: int
    address: str

    @property
    def words(self) -> str:
        return str(_WORDS[self.kind])


@dataclass
class PaymentLines:
    """A payment that arrived, with a line for each fee that it was for."""

    payment_id: int
    at: datetime
    payer_name: str
    lines: list[Line] = field(default_factory=list)

    @property
    def cents(self) -> int:
        return sum(line.cents for line in self.lines)


@dataclass(frozen=True)
class MonthlyAccount:
    """A payer's month. All amounts are cents; `opening_cents` is what of their money the utility had before it."""

    addressee: Addressee
    month: date
    lines: list[Line]
    opening_cents: int
    refunds_due_cents: int
    unapplied_cents: int
    disputed_apart_cents: int

    @property
    def number(self) -> str:
        return f"{self.addressee.code}-{self.month:%Y-%m}"

    @property
    def payments(self) -> list[PaymentLines]:
        """In the order in which they came; the entries of two payments may lie between each other."""
        groups: dict[int, PaymentLines] = {}
        for line in self._of(RECEIVED):
            group = groups.setdefault(line.payment_id, PaymentLines(line.payment_id, line.at, line.payer_name))
            group.lines.append(line)
        return list(groups.values())

    @property
    def refunds(self) -> list[Line]:
        return self._of(RETURNED)

    @property
    def disputes(self) -> list[Line]:
        return self._of(DISPUTED)

    @property
    def paid_cents(self) -> int:
        return _sum(self._of(RECEIVED))

    @property
    def back_cents(self) -> int:
        """What came back by refunds and by disputes, less what of it returned to us."""
        return -_sum(self._of(RETURNED | DISPUTED))

    @property
    def net_cents(self) -> int:
        return _sum(self.lines)

    @property
    def closing_cents(self) -> int:
        return self.opening_cents + self.net_cents

    @property
    def disputed_back_cents(self) -> int:
        return -self.disputed_apart_cents

    @property
    def is_running(self) -> bool:
        return not months.is_closed(self.month)

    @property
    def expected_cents(self) -> int:
        """What was still to come back at the end of the month; a bank that holds disputed money has sent it."""
        return self.refunds_due_cents + self.unapplied_cents - self.disputed_apart_cents

    def _of(self, kinds: Iterable[EntryKind]) -> list[Line]:
        return [line for line in self.lines if line.kind in kinds]


def _sum(lines: Iterable[Line]) -> int:
    return sum(line.cents for line in lines)


def of_month(addressee: Addressee, month: date) -> MonthlyAccount:
    """The month so far, or as it was. Four queries, whatever the number of lines."""
    begin, end = months.bounds(month)
    entries = addressee.entries()
    up_to = entries.filter(at__lt=end)
    balances = up_to.balances()
    return MonthlyAccount(
        addressee=addressee,
        month=month,
        lines=list(_lines(entries.filter(at__gte=begin, at__lt=end))),
        opening_cents=entries.filter(at__lt=begin).balance(Account.PROVIDER),
        refunds_due_cents=-balances[Account.REFUNDS_DUE],
        unapplied_cents=-balances[Account.UNAPPLIED],
        disputed_apart_cents=_disputed_and_unapplied(up_to),
    )


def _lines(entries: LedgerEntryQuerySet) -> Iterator[Line]:
    rows = entries.filter(kind__in=RECEIVED | RETURNED | DISPUTED).select_related(
        "msa_request", "fee__round", "payment"
    )
    for entry in rows.order_by("pk"):
        payment: Any = entry.payment
        yield Line(
            at=entry.at,
            kind=EntryKind(entry.kind),
            cents=_signed(entry),
            payment_id=payment.pk,
            payer_name=payment.payer_name,
            reference=str(entry.msa_request.reference),
            visit=entry.fee.round.number,
            address=entry.msa_request.full_address,
        )


def _signed(entry: LedgerEntry) -> int:
    if entry.debit == Account.PROVIDER:
        return entry.amount_cents
    return -entry.amount_cents if entry.credit == Account.PROVIDER else 0


def _disputed_and_unapplied(entries: LedgerEntryQuerySet) -> int:
    """Money that settles nothing, and that a bank holds already."""
    apart = LedgerEntry.objects.filter(
        payment=OuterRef("payment"), fee=OuterRef("fee"), kind__in=[EntryKind.MONEY_HELD, EntryKind.PAID_TWICE]
    )
    return entries.filter(Exists(apart)).balance(Account.DISPUTED)


def rows(account: MonthlyAccount) -> Iterator[list[Any]]:
    """The lines for a spreadsheet, under `HEADER`; amounts are dollars."""
    for line in account.lines:
        yield [
            local_day(line.at).isoformat(),
            line.words,
            f"P{line.payment_id}",
            line.payer_name,
            line.reference,
            line.visit,
            line.address,
            Decimal(line.cents).scaleb(-2),
        ]


def header() -> list[str]:
    return [
        _("Booked"),
        _("What"),
        _("Payment"),
        _("Paid by"),
        _("Request"),
        _("Visit"),
        _("Address"),
        _("Amount (US dollars)"),
    ]


def companies_visible_to(user: User) -> QuerySet[Company]:
    """Those whose payments the person may see: their own, as manager or member, or all of them as staff."""
    if user.has_perm("payments.view_payment"):
        return Company.objects.all()
    return Company.objects.filter(pk__in=user.company_ids)


def payers_in(month: date) -> list[Addressee]:
    """Everybody who had entries in that month and has no statement of it yet."""
    begin, end = months.bounds(month)
    booked = Payment.objects.filter(ledger_entries__at__gte=begin, ledger_entries__at__lt=end)
    done = Statement.objects.filter(month=month)
    companies = Company.objects.filter(payments__in=booked).exclude(
        pk__in=done.filter(company__isnull=False).values("company")
    )
    people = User.objects.filter(pk__in=booked.filter(company__isnull=True, payer__isnull=False).values("payer"))
    people = people.exclude(pk__in=done.filter(user__isnull=False).values("user"))
    return [
        *(Addressee(company=company) for company in companies.distinct().order_by("pk")),
        *(Addressee(user=user) for user in people.order_by("pk")),
    ]
