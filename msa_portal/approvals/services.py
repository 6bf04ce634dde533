"""Two people for money and power (D23): one proposes, another one approves, and both are on the record.

An app registers each kind of thing that takes two people. This module is the only way from a proposal to its effect.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.approvals import notices
from msa_portal.approvals.models import Proposal
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale

logger = logging.getLogger(__name__)

State = Proposal.State


def _nothing(_proposal: Proposal) -> None:
    """A kind that is possible whenever it is approved."""


@dataclass(frozen=True)
class Kind:
    """Something that takes two people, each of whom needs `permission`.

    `apply` does it, in the transaction of the approval or, if it has an effective date, on that day. `hold` takes the
    locks that its rows need, before the proposal's own; `check` raises `Refused` if it isn't possible anymore.
    """

    name: str
    title: str | Promise
    permission: str
    apply: Callable[[Proposal], None]
    hold: Callable[[Proposal], None] = _nothing
    check: Callable[[Proposal], None] = _nothing
    facts: Callable[[Proposal], list[tuple[Any, Any]]] = lambda _proposal: []
    # Who gains by it and may not approve it: a user's key, 0 for nobody in particular.
    beneficiary: Callable[[Proposal], int] = lambda _proposal: 0


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    _KINDS[kind.name] = kind


def kind_of(proposal: Proposal) -> Kind:
    return _KINDS[proposal.kind]


def kinds_for(user: User) -> list[str]:
    """The kinds that this person may propose and decide on."""
    return [name for name, kind in _KINDS.items() if user.has_perm(kind.permission)]


def open_proposal(kind: str, target: str) -> Proposal | None:
    """The one that waits for a second person, or for its day."""
    rows = Proposal.objects.filter(kind=kind, target=target, applied_at__isnull=True).exclude(state=State.DECLINED)
    return rows.select_related("proposed_by").first()


def propose(
    kind: str,
    target: str,
    *,
    subject: str,
    payload: dict[str, Any],
    by: User,
    reason: str = "",
    effective_on: date | None = None,
) -> Proposal:
    """Ask a second person. Raises `Refused` without the permission, and where the same waits already."""
    what = _KINDS[kind]
    _check_may(what, by)
    if effective_on is not None and effective_on < _today():
        raise Refused(_("This day is over. Enter today or a later day."), code="past", fields={"effective_on": ""})
    waiting = open_proposal(kind, target)
    if waiting is not None:
        raise _waits_already(waiting)
    with transaction.atomic():
        try:
            with transaction.atomic():
                proposal = Proposal.objects.create(
                    kind=kind,
                    target=target,
                    subject=subject[:250],
                    payload=payload,
                    reason=reason[:300],
                    effective_on=effective_on,
                    proposed_by=by,
                )
        except IntegrityError as error:
            raise _waits_already(open_proposal(kind, target)) from error
        _log(proposal, ADDITION, "Proposed.", by)
        notices.asked(proposal, (person for person in deciders(what) if person.pk != by.pk))
    return proposal


def _waits_already(waiting: Proposal | None) -> Refused:
    who = waiting.proposed_by.name if waiting and waiting.proposed_by else _("Someone")
    return Refused(
        _("%(who)s proposed a change here already. Decide on that one first.") % {"who": who}, code="already_proposed"
    )


def check_may_approve(proposal: Proposal, *, by: User) -> None:
    """Another person than the proposer, and both may still do it."""
    what = kind_of(proposal)
    _check_may(what, by)
    if proposal.proposed_by_id == by.pk:
        raise Refused(_("You proposed this. Another person has to approve it."), code="own_proposal")
    if what.beneficiary(proposal) == by.pk:
        raise Refused(_("This is for you. Another person has to approve it."), code="own_benefit")
    proposer = proposal.proposed_by
    if proposer is not None and not (proposer.is_active and proposer.has_perm(what.permission)):
        raise Refused(
            _("%(who)s can't propose this anymore. Decline it, and propose it again.") % {"who": proposer.name},
            code="proposer_lost_role",
        )


def approve(proposal: Proposal, *, by: User) -> Proposal:
    """The second person agrees. It takes effect at once, or on its day."""
    with transaction.atomic():
        fresh = _decidable(proposal)
        check_may_approve(fresh, by=by)
        kind_of(fresh).check(fresh)
        fresh.state, fresh.decided_by, fresh.decided_at = State.APPROVED, by, timezone.now()
        fresh.save()
        _log(fresh, CHANGE, "Approved.", by)
        if fresh.effective_on is None or fresh.effective_on <= _today():
            _apply(fresh)
        notices.decided(fresh, deciders(kind_of(fresh)), title=str(kind_of(fresh).title))
    proposal.refresh_from_db()
    return fresh


def decline(proposal: Proposal, *, by: User, note: str = "") -> None:
    """It won't happen. One person is enough, the proposer too, and until its day has come also after the approval."""
    with transaction.atomic():
        fresh = _decidable(proposal, also_approved=True)
        _check_may(kind_of(fresh), by)
        fresh.state, fresh.decided_by, fresh.decided_at = State.DECLINED, by, timezone.now()
        fresh.note = note.strip()[:300]
        fresh.save()
        _log(fresh, CHANGE, "Declined.", by)
        notices.decided(fresh, deciders(kind_of(fresh)), title=str(kind_of(fresh).title))
    proposal.refresh_from_db()


def from_shell(
    kind: str, target: str, *, subject: str, payload: dict[str, Any], operator: str, reason: str
) -> Proposal:
    """Without a second person, by somebody who has the server's shell: recorded, and told to everybody who decides."""
    with transaction.atomic():
        proposal = Proposal.objects.create(
            kind=kind,
            target=target,
            subject=subject[:250],
            payload=payload,
            reason=reason[:300],
            operator=operator[:120],
            state=State.APPROVED,
            decided_at=timezone.now(),
        )
        _apply(proposal)
        notices.decided(proposal, deciders(_KINDS[kind]), title=str(_KINDS[kind].title))
    return proposal


def run_due() -> None:
    """What was approved for a day that has come takes effect. It may run at any time, and twice."""
    due = Proposal.objects.filter(state=State.APPROVED, applied_at__isnull=True, effective_on__lte=_today())
    for proposal in due.order_by("effective_on", "pk"):
        try:
            with transaction.atomic():
                kind_of(proposal).hold(proposal)
                fresh = lock(proposal)
                if fresh.applied_at is None:
                    _apply(fresh)
        except Exception:
            logger.exception("approval %s could not take effect", proposal.pk)


def deciders(kind: Kind) -> Iterator[User]:
    """Everybody who may propose and approve it."""
    app, codename = kind.permission.split(".")
    permission = Permission.objects.filter(content_type__app_label=app, codename=codename)
    holds = Q(groups__permissions__in=permission) | Q(user_permissions__in=permission) | Q(is_superuser=True)
    yield from User.objects.filter(holds, is_active=True).distinct().order_by("pk")


def _decidable(proposal: Proposal, *, also_approved: bool = False) -> Proposal:
    kind_of(proposal).hold(proposal)
    fresh = lock(proposal)
    if not (fresh.state == State.PROPOSED or (also_approved and fresh.is_open)):
        raise Stale(
            _("This is “%(state)s” already, by %(who)s on %(when)s.")
            % {
                "state": fresh.get_state_display(),
                "who": fresh.decided_by or fresh.operator,
                "when": formats.moment(fresh.decided_at) if fresh.decided_at else "–",
            },
            code="stale",
        )
    return fresh


def _apply(proposal: Proposal) -> None:
    kind_of(proposal).apply(proposal)
    proposal.applied_at = timezone.now()
    proposal.save(update_fields=["applied_at", "updated_at"])


def _check_may(kind: Kind, by: User) -> None:
    if not (by.is_active and by.has_perm(kind.permission)):
        raise Refused(_("Only a supervisor may do this. Ask one."), code="not_allowed")


def _log(proposal: Proposal, action: int, words: str, by: User) -> None:
    LogEntry.objects.log_actions(by.pk, [proposal], action, change_message=words, single_object=True)


def _today() -> date:
    return local_day(timezone.now())
