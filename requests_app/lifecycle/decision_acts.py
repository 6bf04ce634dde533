"""What each kind of staff decision does once it's released, read from its row.

Kinds whose services are above this package are registered when their app is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from msa_portal.errors import Refused
from requests_app.enums import DecisionKind, WithdrawalReason
from requests_app.lifecycle import expiry, transitions
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import CorrectionReason, MSARequest, StaffDecision

type Act = Callable[[MSARequest, StaffDecision], object]


def act(msa_request: MSARequest, decision: StaffDecision) -> None:
    """Do it, in the name of the person who decided and as of the moment of the decision. `msa_request` is locked."""
    if decision.content.get("judged") and decision.kind != DecisionKind.JUDGE:
        _ACTS[DecisionKind.JUDGE](msa_request, decision)
    _ACTS[DecisionKind(decision.kind)](msa_request, decision)


def register(kind: DecisionKind, perform: Act) -> None:
    _ACTS[kind] = perform


def _send_back(msa_request: MSARequest, decision: StaffDecision) -> None:
    transitions.require_corrections(
        msa_request, by=decision.decided_by, items=_items(decision.content["items"]), at=decision.decided_at
    )


def items_as_content(items: Sequence[RequiredCorrection]) -> list[dict[str, Any]]:
    return [{"reason": item.reason.pk, "note": item.note, "proposal": item.proposal} for item in items]


def _items(content: Sequence[dict[str, Any]]) -> list[RequiredCorrection]:
    reasons = CorrectionReason.objects.in_bulk([item["reason"] for item in content])
    if len(reasons) != len({item["reason"] for item in content}):
        raise Refused(_("A reason that was chosen no longer exists."), code="no_reason")
    return [RequiredCorrection(reasons[item["reason"]], item["note"], item["proposal"]) for item in content]


def _deem_valid(msa_request: MSARequest, decision: StaffDecision) -> None:
    transitions.deem_valid(msa_request, by=decision.decided_by, at=decision.decided_at)


def _issue_order(msa_request: MSARequest, decision: StaffDecision) -> None:
    transitions.issue_service_order(msa_request, by=decision.decided_by, at=decision.decided_at)


def _withdraw(msa_request: MSARequest, decision: StaffDecision) -> None:
    reason, note = WithdrawalReason(decision.content["reason"]), decision.content["note"]
    transitions.withdraw(msa_request, by=decision.decided_by, reason=reason, note=note, at=decision.decided_at)


def _extend(msa_request: MSARequest, decision: StaffDecision) -> None:
    to, reason = date.fromisoformat(decision.content["to"]), decision.content["reason"]
    expiry.extend(msa_request, to=to, reason=reason, by=decision.decided_by, at=decision.decided_at)


_ACTS: dict[DecisionKind, Act] = {
    DecisionKind.SEND_BACK: _send_back,
    DecisionKind.VALID: _deem_valid,
    DecisionKind.ORDER: _issue_order,
    DecisionKind.WITHDRAW: _withdraw,
    DecisionKind.EXTEND: _extend,
}
