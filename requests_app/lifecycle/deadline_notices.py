"""What people are told of a last day to act (D8): before it, in plain words, with the way back in."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from msa_portal import formats
from msa_portal.notices.links import absolute
from msa_portal.notices.outbox import Notice
from requests_app import hooks
from requests_app.enums import Holder, ReminderKind
from requests_app.history import waiting_on
from requests_app.lifecycle.next_steps import next_step
from requests_app.models import MSARequest, SigningInvitation
from requests_app.notices import SIGNING_LINK, Person, agent, customer, notify, recipients

_HOLDER = "whoever has the ball"


class DraftLeft(Notice):
    name = "draft_left"
    audience = _HOLDER


class DeadlineNear(Notice):
    name = "deadline_near"
    audience = _HOLDER


class DeadlineExtended(Notice):
    name = "deadline_extended"
    audience = _HOLDER


def draft_left(msa_request: MSARequest) -> None:
    """Early, and once in a draft's life."""
    _tell(DraftLeft, msa_request, key=str(msa_request.pk), act_by=msa_request.owner_acts_by)


def deadline_near(msa_request: MSARequest, kind: ReminderKind, *, act_by: date, today: date) -> None:
    _tell(
        DeadlineNear,
        msa_request,
        key=f"{msa_request.pk}:{act_by}:{kind}",
        act_by=act_by,
        left_days=(act_by - today).days,
        closes_on=formats.day(act_by + timedelta(days=1)),
        stake=hooks.stake_text(msa_request),
    )


def deadline_extended(msa_request: MSARequest, *, act_by: date, key: str) -> None:
    _tell(DeadlineExtended, msa_request, key=key, act_by=act_by)


def _tell(notice: type[Notice], msa_request: MSARequest, *, key: str, act_by: date | None, **values: Any) -> None:
    link = _open_link(msa_request)
    for person in _holders(msa_request, link):
        mailed = f"{SIGNING_LINK}:{link.key}" if link and person.user is None else ""
        # The step at which this very person goes on; sign-in leads there.
        where = next_step(msa_request, person.user) if person.user else None
        to: dict[str, Any] = {"action_url": absolute(where.url)} if where and where.url else {}
        notify(
            notice, msa_request, key=key, people=[person], private_link=mailed, act_by=act_by,
            status=msa_request.status, **to, **values,
        )  # fmt: skip


def _holders(msa_request: MSARequest, link: SigningInvitation | None) -> list[Person]:
    """Whoever has the ball. Beside a customer who has neither account nor link their agent, who can act."""
    acting = agent(msa_request) if msa_request.has_agent else None
    if acting is not None and waiting_on(msa_request) == Holder.AGENT:
        return [acting]
    people = [customer(msa_request)]
    if acting is not None and people[0].user is None and link is None:
        people.append(acting)
    return [person for person in people if person.email] or recipients(msa_request)


def _open_link(msa_request: MSARequest) -> SigningInvitation | None:
    """The customer's own link to the signer's page, while it holds."""
    links = SigningInvitation.objects.filter(agreement__msa_request=msa_request, used_at=None, voided_at=None)
    return links.filter(expires_at__gt=timezone.now(), email__iexact=customer(msa_request).email).last()
