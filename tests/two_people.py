"""What takes two people (D23), done by two of them."""

from __future__ import annotations

from msa_portal.accounts.models import User
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from payments.models import Fee
from payments.services import waivers
from tests import factories


def waive(fee: Fee, *, reason: str, by: User | None = None) -> None:
    approve(waivers.waive(fee, by=by or factories.supervisor(), reason=reason))
    fee.refresh_from_db()


def write_off(fee: Fee, *, reason: str, by: User | None = None) -> None:
    approve(waivers.write_off(fee, by=by or factories.supervisor(), reason=reason))
    fee.refresh_from_db()


def approve(proposal: Proposal | None, *, by: User | None = None) -> None:
    """As the second person, where it takes one."""
    if proposal is not None:
        approvals.approve(proposal, by=by or factories.supervisor())
