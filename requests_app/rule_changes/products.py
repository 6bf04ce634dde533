"""Changes of products and wordings: what they would mean for open requests, and saving them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import eligibility, enums, history
from requests_app.application import completeness, steps
from requests_app.enums import PLACES_DEVICE, DocumentKind, EventKind, ScanState
from requests_app.models import Document, MSARequest, Product
from requests_app.readiness import readiness
from requests_app.rule_changes import notices

# What the rules read of a product: a change of anything else changes no finding.
RULES = (
    "isolating",
    "request_types",
    "required_companions",
    "required_documents",
    "max_service_amps",
    "approved_from",
    "approved_until",
)


@dataclass(frozen=True)
class Point:
    """One finding, or one answer that is open (then `rule` is C3), as two verdicts are compared."""

    rule: str
    text: str
    blocks: bool = False


@dataclass(frozen=True)
class Impact:
    """What changes for one request; `from_on` None: as soon as it is saved."""

    msa_request: MSARequest
    appears: tuple[Point, ...]
    disappears: tuple[Point, ...]
    from_on: date | None = None

    @property
    def newly_blocks(self) -> bool:
        return any(point.blocks for point in self.appears)


def differ(old: Product, new: Product) -> bool:
    return any(getattr(old, name) != getattr(new, name) for name in RULES)


def impacts(old: Product, new: Product) -> list[Impact]:
    """Each open request whose findings would change; three queries, however many there are.

    A request whose day is frozen is judged on that day alone (D15). Any other is judged today and
    on the days on which the approval begins or ends, old or new.
    """
    if not differ(old, new):
        return []
    open_requests = MSARequest.objects.open().filter(device=old.pk, request_type__in=PLACES_DEVICE)
    requests = list(open_requests.select_related("owner", "agent", "agent_company", "authority").order_by("pk"))
    if not requests:
        return []
    panels, sent = eligibility.load_panels(), _documents_of(requests)
    today = local_day(timezone.now())
    days = (today, *sorted(day for day in _turns(old, new) if day > today))
    affected = []
    for msa_request in requests:
        judged = (msa_request.judged_on,) if msa_request.judged_on else days
        impact = _impact(msa_request, old, new, judged, today, panels, sent[msa_request.pk])
        if impact is not None:
            affected.append(impact)
    return affected


def _turns(*products: Product) -> set[date]:
    """The days from which an approval holds, or holds no more."""
    begins = {product.approved_from for product in products if product.approved_from}
    return begins | {product.approved_until + timedelta(days=1) for product in products if product.approved_until}


def _documents_of(requests: Iterable[MSARequest]) -> dict[int, set[str]]:
    sent = Document.objects.current().filter(msa_request__in=requests, kind=DocumentKind.PRODUCT_DOCUMENT)
    topics: dict[int, set[str]] = defaultdict(set)
    for pk, topic in sent.exclude(scan=ScanState.INFECTED).values_list("msa_request_id", "topic"):
        topics[pk].add(topic)
    return topics


def _impact(
    msa_request: MSARequest,
    old: Product,
    new: Product,
    days: Iterable[date],
    today: date,
    panels: eligibility.Panels,
    sent: set[str],
) -> Impact | None:
    """The first day that makes a difference."""
    for day in days:
        before, after = (_points(msa_request, product, day, panels, sent) for product in (old, new))
        if before != after:
            return Impact(
                msa_request,
                tuple(point for point in after if point not in before),
                tuple(point for point in before if point not in after),
                day if day > today else None,
            )
    return None


def _points(
    msa_request: MSARequest, device: Product, day: date, panels: eligibility.Panels, sent: set[str]
) -> list[Point]:
    msa_request.device = device
    missing = tuple(title for key, title in device.documents_by_key.items() if key not in sent)
    verdict = completeness.verdict(msa_request, on=day, panels=panels, documents=missing)
    return [
        *_findings(verdict),
        *(Point(enums.CheckCode.C3.value, steps.label(name)) for name in verdict.unknown),
    ]


def _findings(verdict: eligibility.Verdict) -> Iterator[Point]:
    for finding in verdict.findings:
        yield Point(finding.rule, finding.message, finding.blocks)


def digest(affected: Iterable[Impact]) -> str:
    """What a person saw of a list, so that another one is not taken for it."""
    seen = [(impact.msa_request.pk, impact.appears, impact.disappears, impact.from_on) for impact in affected]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def save(product: Product, *, by: User) -> list[Impact]:
    """Save changed rules, and put them on the record of each request that they touch.

    Whoever has to choose anew, since their request is not sent yet, gets a mail. A statement that
    does not cover a new finding no longer stands.
    """
    with transaction.atomic():
        old = lock(product)
        affected = impacts(old, product)
        product.save()
        for impact in affected:
            _note(impact, by=by)
    return affected


def _note(impact: Impact, *, by: User) -> None:
    fresh = lock(impact.msa_request)
    event = history.record(
        fresh,
        EventKind.PRODUCT_RULES_CHANGED,
        by=by,
        codes={
            "product": fresh.device_id,
            "appears": sorted({point.rule for point in impact.appears}),
            "disappears": sorted({point.rule for point in impact.disappears}),
            "from": impact.from_on.isoformat() if impact.from_on else "",
        },
    )
    if fresh.status not in enums.EDITABLE:
        return
    readiness.supersede_uncovered(fresh)
    if impact.newly_blocks:
        why = [point.text for point in impact.appears if point.blocks]
        notices.device_ruled_out(fresh, event, why=why, from_on=impact.from_on)


def end_approval(product: Product, *, on: date, by: User) -> Product:
    """Take a product off the list: `on` is the last day on which it counts as approved (E6)."""
    if not by.has_perm("requests_app.change_product"):
        raise Refused(_("Only a supervisor may change the product list. Ask one to do it."), code="not_allowed")
    with transaction.atomic():
        fresh = lock(product)
        if not fresh.is_approved_on(on):
            raise Refused(
                _("%(product)s is not approved today, so there is nothing to end.") % {"product": fresh},
                code="not_approved",
            )
        fresh.approved_until = on
        save(fresh, by=by)
    return fresh
