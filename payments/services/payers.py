"""Who pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import Company, User
from msa_portal.errors import Refused
from payments.models import PayInvitation
from payments.services import invitations
from requests_app import permissions
from requests_app.models import MSARequest


def is_customers_turn_to_pay(msa_request: MSARequest, user: User | None) -> bool:
    """Whether the agent's office has a link out with the customer: a payment of its own would pay twice."""
    return user is not None and msa_request.customer_pays and permissions.is_agent_of(user, msa_request)


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
            if is_customers_turn_to_pay(msa_request, self.user):
                raise Refused(
                    _(
                        "You asked the customer to pay, and the link works until %(until)s. Take it back first to pay yourself."
                    )
                    % {"until": formats.day(cast(datetime, msa_request.customer_pays_until))},
                    code="customer_pays",
                )
        if self.invitation is not None:
            invitations.check_open(
                PayInvitation.objects.select_related("round", "invited_by").get(pk=self.invitation.pk)
            )
