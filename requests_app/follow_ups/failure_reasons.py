"""Why a visit failed, a reason at a time: what it means, whose it is, what to do, what it costs, what shows it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from requests_app import fee_rules, hooks, program
from requests_app.enums import CureProof
from requests_app.follow_ups import cures
from requests_app.hooks import ShownPhoto
from requests_app.models import MSARequest, OutcomeReason, VisitRound

_TO_DO = {
    CureProof.NOTHING: gettext_lazy("You need not do anything about it."),
    CureProof.STATEMENT: gettext_lazy("Put it right, then say in a few words what was done."),
    CureProof.PHOTO: gettext_lazy("Put it right, then send a photo that shows it."),
    CureProof.EVIDENCE: gettext_lazy(
        "Put it right, then say what was done and send a photo or document that shows it."
    ),
    CureProof.DEVICE: gettext_lazy("Choose a different MSA with the Modification Request."),
    CureProof.DEVICE_OR_EVIDENCE: gettext_lazy(
        "Choose a different MSA with the Modification Request, or show that yours fits after all."
    ),
}


@dataclass(frozen=True)
class ReasonDetail:
    """One reason, in words; `cost` is D3 for this reason alone. `photos` are those taken for it."""

    reason: OutcomeReason
    whose: str
    todo: str
    cost: str
    photos: tuple[ShownPhoto, ...] = ()


def explained(msa_request: MSARequest, visit: VisitRound) -> list[ReasonDetail]:
    """Every reason of that visit, in the order that staff gave them; three queries, however many."""
    charged = program.of(msa_request).figures.second_fee_when_customer_responsible
    photos = hooks.photos_of(visit)
    return [
        ReasonDetail(
            reason=reason,
            whose=str(reason.side),
            todo=str(_TO_DO[cures.proof_for(reason, msa_request)]),
            cost=_cost(reason, charged=charged),
            photos=tuple(photo for photo in photos if photo.reason == reason.pk),
        )
        for reason in visit.reasons.all()
    ]


def other_photos(visit: VisitRound, reasons: Iterable[ReasonDetail]) -> list[ShownPhoto]:
    """The photos of that visit that show none of its reasons in particular."""
    known = {reason.reason.pk for reason in reasons}
    return [photo for photo in hooks.photos_of(visit) if photo.reason not in known]


def _cost(reason: OutcomeReason, *, charged: bool) -> str:
    decision = fee_rules.next_visit([reason.as_fact], charged=charged)
    return str(decision.outcome) if decision.due else _("It costs you nothing.")
