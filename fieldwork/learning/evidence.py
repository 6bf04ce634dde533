"""What the visits made so far say of panel models and devices."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from fieldwork.learning import device_history
from fieldwork.models import CloseOut
from requests_app.enums import PLACES_DEVICE, VisitOutcome
from requests_app.models import OutcomeReason, normalized_panel_model

# What stays with the panel, whoever comes and whenever. The rest is put right before the visit (D18), or is a matter
# of the account, the system behind the panel, or the utility.
_OF_THE_PANEL = frozenset({"E2", "E3", "E4", "E7", "E8", "E12"})
_WHATEVER_THE_DEVICE = frozenset({"E2", "E3", "E4", "E8"})
_RULE = re.compile(r"[A-Z]\d+")


@dataclass(frozen=True)
class Made:
    """A visit that was made to put a device in. `site` is the service account: one home is one witness."""

    visit: int
    site: str
    panel_model: str
    normalized: str
    device: int | None
    succeeded: bool
    reasons: frozenset[int] = frozenset()


def made() -> list[Made]:
    """Every such visit whose panel model is known; three queries.

    The device is the one of that visit: a Modification Request after it keeps the one before.
    """
    then = device_history.load()
    reasons: dict[int, set[int]] = defaultdict(set)
    links = CloseOut.reasons.through.objects.filter(closeout__accepted=True)
    for visit, reason in links.values_list("closeout__visit_id", "outcomereason_id"):
        reasons[visit].add(reason)
    at = "visit__order__round__"
    rows = CloseOut.objects.filter(accepted=True, **{f"{at}msa_request__request_type__in": PLACES_DEVICE}).exclude(
        **{f"{at}msa_request__panel_model": ""}
    )
    fields = (
        "msa_request_id",
        "number",
        "msa_request__account_number",
        "msa_request__panel_model",
        "msa_request__device_id",
    )
    return [
        Made(
            visit=visit,
            site=account or str(msa_request),
            panel_model=panel,
            normalized=normalized_panel_model(panel),
            device=then.of(msa_request, number, device),
            succeeded=outcome == VisitOutcome.COMPLETE,
            reasons=frozenset(reasons.get(visit, ())),
        )
        for visit, outcome, msa_request, number, account, panel, device in rows.order_by("visit_id").values_list(
            "visit_id", "outcome", *(f"{at}{name}" for name in fields)
        )
    ]


def can_teach(reason: OutcomeReason) -> bool:
    return reason.at_site and bool(_rules(reason) & _OF_THE_PANEL)


def whatever_the_device(reason: OutcomeReason) -> bool:
    """It speaks of the panel alone (double-sided clips, say), not of how a device fits it."""
    return _rules(reason) <= _WHATEVER_THE_DEVICE


def _rules(reason: OutcomeReason) -> set[str]:
    return set(_RULE.findall(reason.rule))
