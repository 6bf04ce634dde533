"""Who pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msa_portal.accounts.models import Company, User
from payments.models import PayInvitation
from payments.services import invitations
from requests_app import permissions
from requests_app.models import MSARequest


@dataclass(frozen=True)
class Payer:
    """Who pays: somebody signed in, perhaps for the company that is agent of record, or by a link."""

    name: str
    email: str
    user: User | None = None
    company: Company | None = None
    invitation: PayInvitation | None = None

    @classmethod
    def of(cls, user: User, requests: Sequence[MSARequest]) -> Payer:
        """For a company only where all of it is the company's: its members see the payment."""
        companies = {
            msa_request.agent_company if permissions.is_agent_of(user, msa_request) else None
            for msa_request in requests
        }
        alone = companies.pop() if len(companies) == 1 else None
        return cls(user.name, user.email, user=user, company=alone)

    def check_may_pay(self, msa_request: MSARequest) -> None:
        """Called under the request's lock: an invitation that has been voided since opens nothing."""
        if self.user is not None:
            permissions.check_acts_for(self.user, msa_request)
        if self.invitation is not None:
            invitations.check_open(
                PayInvitation.objects.select_related("round", "invited_by").get(pk=self.invitation.pk)
            )
