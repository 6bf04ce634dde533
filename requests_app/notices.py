"""What the people of a request are told by mail, and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.notices.links import PRIVATE_LINK, absolute
from msa_portal.notices.outbox import Attachment, Notice, queue
from requests_app.models import (
    MSARequest,
)

CUSTOMER_AND_AGENT = "customer and agent"


class UploadRemoved(Notice):
    name = "upload_removed"
    audience = "whoever sent the file"


@dataclass(frozen=True)
class Person:
    """Somebody who takes part in a request; without a user there is only an address."""

    email: str
    name: str
    user: User | None


def customer(request: MSARequest) -> Person:
    if request.owner is not None:
        return Person(request.owner.email, request.owner.name, request.owner)
    return Person(request.customer_email, request.customer_name, None)


def agent(request: MSARequest) -> Person | None:
    """The agent of record, also after their authority ended."""
    return Person(request.agent.email, request.agent.name, request.agent) if request.agent else None


def recipients(request: MSARequest) -> list[Person]:
    """The customer, and the agent while they act; each address once, nobody without one."""
    people = [customer(request)]
    acting = agent(request) if request.has_agent else None
    if acting is not None and acting.email.lower() != people[0].email.lower():
        people.append(acting)
    return [person for person in people if person.email]


def page(request: MSARequest, name: str = "") -> str:
    """The absolute address of one of the request's pages."""
    return absolute(f"/requests/{request.reference}/{name}{'/' if name else ''}")


def notify(
    notice: type[Notice],
    request: MSARequest,
    *,
    key: str,
    people: Iterable[Person] | None = None,
    to_page: str = "",
    private_link: str = "",
    act_by: date | None = None,
    attachments: Sequence[Attachment] = (),
    **values: Any,
) -> None:
    """Queue the notice for each person, once per key and person.

    The button opens `to_page` of the request, or the private link; who has no account and no
    private link gets no button, since no page would open for them.
    """
    for person in recipients(request) if people is None else people:
        context = _about(request) | {
            "name": person.name,
            "has_account": person.user is not None,
            "action_url": PRIVATE_LINK if private_link else page(request, to_page) if person.user else "",
            "act_by": formats.day(act_by) if act_by else "",
        }
        queue(
            notice,
            to=person.email,
            key=f"{key}:{person.email.lower()}"[:150],
            context=context | values,
            recipient=person.user,
            reference=request.reference or "",
            private_link=private_link,
            attachments=attachments,
        )


def _about(request: MSARequest) -> dict[str, Any]:
    return {
        "site_address": request.full_address if request.street else _("the customer's address"),
        "agent_name": request.agent.name if request.agent else "",
        "agent_company": request.agent_company.name if request.agent_company else "",
        "places_device": request.places_device,
    }


def upload_removed(request: MSARequest, *, key: str, file_name: str, sender: User | None) -> None:
    """To whoever sent it; by a mailed link that was the customer."""
    person = Person(sender.email, sender.name, sender) if sender else customer(request)
    notify(UploadRemoved, request, key=key, people=[person], file_name=file_name)
