"""Emails to the people who decide, about what waits for them and what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse

from msa_portal.accounts.models import User
from msa_portal.approvals.models import Proposal
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import Notice, queue


class ApprovalAsked(Notice):
    name = "approval_asked"
    audience = "the others who may approve it"


class ApprovalDecided(Notice):
    name = "approval_decided"
    audience = "everybody who may approve it"


def asked(proposal: Proposal, people: Iterable[User]) -> None:
    _send(ApprovalAsked, proposal, people, key=f"{proposal.pk}")


def decided(proposal: Proposal, people: Iterable[User], *, title: str) -> None:
    _send(ApprovalDecided, proposal, people, key=f"{proposal.pk}", title=title)


def _send(notice: type[Notice], proposal: Proposal, people: Iterable[User], *, key: str, **values: Any) -> None:
    context = {
        "subject_line": proposal.subject,
        "reason": proposal.reason,
        "who": proposal.proposed_by.name if proposal.proposed_by else proposal.operator,
        "decided_by": proposal.decided_by.name if proposal.decided_by else "",
        "from_shell": bool(proposal.operator),
        "approved": proposal.state == Proposal.State.APPROVED,
        "note": proposal.note,
        "action_url": absolute(reverse("admin:approvals_proposal_change", args=[proposal.pk])),
    }
    for person in people:
        queue(
            notice,
            to=person.email,
            key=f"{key}:{person.pk}",
            context=context | values | {"name": person.name},
            recipient=person,
        )
