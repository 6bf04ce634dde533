"""What can be paid now, by somebody who acts for many: a page of it at a number of queries that does not grow.

Amounts and reasons are those of the services: `fees.quoted`, `policies.check_payable`, `open_payments.obstacle_for`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from payments.models import Fee, Payment
from payments.services import fees, open_payments
from payments.services.open_payments import ends_at_in_words
from payments.services.payers import is_customers_turn_to_pay
from requests_app.enums import AgreementState, Status
from requests_app.lifecycle import policies
from requests_app.models import Agreement, FollowUp, MSARequest, VisitRound
from requests_app.models.request import MSARequestQuerySet

PAGE_SIZE = 200
_ROUNDS, _FEES, _LIVE = "unsettled_rounds", "standing_fees", "live_payments"
# Both are answered on the page "Ready for the visit?", so the list says the same of both.
_CODES = {"panel_model_unanswered": "fix_first"}


@dataclass(frozen=True)
class Due:
    """The fee of one request's open visit. `code` says why it cannot be paid now; empty where it can."""

    msa_request: MSARequest
    visit: VisitRound
    amount_cents: int
    holds_until: date
    code: str
    live: Payment | None

    @property
    def is_payable(self) -> bool:
        return not self.code

    @property
    def reason(self) -> str:
        return _reason(self)

    @property
    def where(self) -> str:
        """The name of the URL where it can be fixed; empty for the fee page."""
        return {
            "incomplete": "requests:detail",
            "not_eligible": "requests:detail",
            "agreement_not_executed": "requests:agreement",
            "fix_first": "requests:readiness",
        }.get(self.code, "payments:fee")


@dataclass(frozen=True)
class Page:
    """`older` is the key to ask the next page with; None on the last."""

    rows: list[Due]
    older: int | None

    @property
    def payable(self) -> list[Due]:
        return [row for row in self.rows if row.is_payable]

    @property
    def waiting(self) -> list[Due]:
        return [row for row in self.rows if not row.is_payable]


def page_of(user: User, *, before: int | None = None, size: int = PAGE_SIZE) -> Page:
    """Newest first, by key. What is looked at is a page of requests near their payment."""
    near = _near_payment(_listed(user))
    if before is not None:
        near = near.filter(pk__lt=before)
    requests = list(_with_money(near).order_by("-pk")[: size + 1])
    older = requests[size - 1].pk if len(requests) > size else None
    return Page(_judged(requests[:size], user), older)


def of_requests(user: User, references: Iterable[str]) -> list[Due]:
    """Those of these requests that the user acts for and that have something to pay."""
    requests = _near_payment(MSARequest.objects.acted_for_by(user)).filter(reference__in=list(references))
    return _judged(list(_with_money(requests).order_by("-pk")), user)


def count(user: User, *, most: int = 100) -> int:
    """How many fees are raised and not paid, at most that many: a mark on a link, not a promise."""
    raised = Fee.objects.filter(round__closed_at__isnull=True, round__settlement="", state=Fee.State.OPEN)
    mine = raised.filter(round__msa_request__in=_listed(user))
    return mine.order_by()[:most].count()


def _listed(user: User) -> MSARequestQuerySet:
    """What the user acts for, staff too: they see every request, and pay for their own home's alone."""
    return MSARequest.objects.acted_for_by(user).listed_for(user)


def _near_payment(requests: MSARequestQuerySet) -> MSARequestQuerySet:
    """An open visit that is not settled, and a fee that is raised or could be: the agreement was signed by
    everyone, or a follow-up waits. Wider than what can be paid; `policies.check_payable` judges each.
    """
    unsettled = VisitRound.objects.filter(msa_request=OuterRef("pk"), closed_at__isnull=True, settlement="")
    signed = Agreement.objects.current().filter(msa_request=OuterRef("pk"), state=AgreementState.EXECUTED)
    waits = FollowUp.objects.filter(msa_request=OuterRef("pk"), completed_at__isnull=True, canceled_at__isnull=True)
    raised = Fee.objects.filter(round__msa_request=OuterRef("pk"), round__closed_at__isnull=True, state=Fee.State.OPEN)
    near = Q(Exists(signed), status=Status.UNSUBMITTED) | Q(Exists(waits)) | Q(Exists(raised))
    return requests.filter(Exists(unsettled)).filter(near)


def _with_money(requests: MSARequestQuerySet) -> MSARequestQuerySet:
    live = Payment.objects.filter(state__in=Payment.LIVE)
    standing = Fee.objects.exclude(state=Fee.State.CANCELED).select_related("schedule")
    standing = standing.prefetch_related(Prefetch("payments", live, to_attr=_LIVE))
    rounds = VisitRound.objects.filter(closed_at__isnull=True, settlement="")
    rounds = rounds.prefetch_related(Prefetch("fees", standing, to_attr=_FEES))
    return requests.with_case().prefetch_related(Prefetch("rounds", rounds, to_attr=_ROUNDS))


def _judged(requests: list[MSARequest], user: User) -> list[Due]:
    rows = (_due(msa_request, user) for msa_request in requests)
    return [row for row in rows if row is not None]


def _due(msa_request: MSARequest, user: User) -> Due | None:
    """None where the fee page submits without a fee (D16), or where nothing is due."""
    (visit,) = getattr(msa_request, _ROUNDS)
    fee = next(iter(getattr(visit, _FEES)), None)
    live = next(iter(getattr(fee, _LIVE)), None) if fee else None
    quote = fees.quoted(msa_request, fee, is_being_paid=live is not None)
    against = policies.refusal(policies.check_payable, msa_request)
    code = _CODES.get(against.code, against.code) if against else _code_of(live, user)
    if not code and is_customers_turn_to_pay(msa_request, user):
        code = "customer_pays"
    if quote is None or code == "nothing_due":
        return None
    return Due(msa_request, visit, quote.amount_cents, quote.holds_until, code, live)


def _code_of(live: Payment | None, user: User) -> str:
    """Why a payment of that fee together with others would be refused."""
    return open_payments.obstacle_for(live, user=user) if live else ""


def _reason(row: Due) -> str:
    words: dict[str, Any] = {
        "incomplete": _("The form is not complete any more."),
        "not_eligible": _("Something on the form rules the site or device out."),
        "agreement_not_executed": _("An answer changed: the agreement is to be signed again."),
        "fix_first": _("Something is to be put right, or stated, first."),
        "payment_pending": _("A bank payment is on its way."),
        "customer_pays": _("The customer has a link to pay. Take it back first to pay yourself."),
        "account_in_use": _("Call the program before you pay."),
    }
    if row.code == "paid_elsewhere" and row.live is not None:
        return _("Until %(until)s %(who)s has a payment open for it.") % {
            "who": row.live.payer_name,
            "until": ends_at_in_words(row.live),
        }
    return str(words.get(row.code, ""))


def amount_changed(reference: str, was_cents: int, now_cents: int) -> str:
    return _("%(reference)s: the amount is %(now)s now. The page showed %(was)s.") % {
        "reference": reference,
        "now": formats.usd(now_cents),
        "was": formats.usd(was_cents),
    }
