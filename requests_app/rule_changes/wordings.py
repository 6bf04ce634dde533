"""Publishing a wording of the agreement from a day on: one supervisor proposes it, another one approves (D19, D23)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.approvals import services
from msa_portal.approvals.models import Proposal
from msa_portal.approvals.services import Kind
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app.models import AgreementWording

KIND = "wording"
_WORDS = ("version", "title", "customer_terms", "authorization", "submittal", "consent", "is_sample", "effective_on")


def propose(wording: AgreementWording, *, by: User) -> Proposal:
    """Ask another supervisor to publish this draft from its day on."""
    _check_publishable(wording)
    day = wording.effective_on
    return services.propose(
        KIND,
        _target(wording),
        subject=_("Publish %(wording)s from %(day)s") % {"wording": wording, "day": formats.day(day) if day else ""},
        payload={"wording": wording.pk, "digest": digest(wording)},
        by=by,
    )


def waiting_for(wording: AgreementWording) -> Proposal | None:
    return services.open_proposal(KIND, _target(wording))


def digest(wording: AgreementWording) -> str:
    """Of the words and the day, so that what is approved is what was proposed."""
    return hashlib.sha256(repr([getattr(wording, name) for name in _WORDS]).encode()).hexdigest()


def _target(wording: AgreementWording) -> str:
    return f"wording:{wording.pk}"


def _check_publishable(wording: AgreementWording) -> None:
    if wording.published_at and wording.published_by:
        raise Refused(
            _("%(who)s published this wording already. Nothing has changed.") % {"who": wording.published_by},
            code="already_published",
        )
    if wording.effective_on is None:
        raise Refused(_("Enter the day from which it's in force, save, and propose it again."), code="no_day")
    if wording.effective_on < local_day(timezone.now()):
        raise Refused(_("Its day is over. Enter today or a later day, save, and propose it again."), code="past")


def _wording(proposal: Proposal) -> AgreementWording:
    return AgreementWording.objects.get(pk=proposal.payload["wording"])


def _check(proposal: Proposal) -> None:
    wording = lock(_wording(proposal))
    _check_publishable(wording)
    if digest(wording) != proposal.payload["digest"]:
        raise Stale(
            _("The wording was changed since it was proposed. Decline it, and propose it again."), code="stale"
        )


def _publish(proposal: Proposal) -> None:
    """The ones before it stay, for the agreements that were made of them."""
    wording = lock(_wording(proposal))
    wording.published_at, wording.published_by = timezone.now(), proposal.decided_by
    wording.save(update_fields=["published_at", "published_by"])


def _facts(proposal: Proposal) -> list[tuple[Any, Any]]:
    wording = _wording(proposal)
    names = ("effective_on", "is_sample", "customer_terms", "authorization", "submittal", "consent")
    labels: dict[str, Any] = {field.name: field.verbose_name for field in AgreementWording._meta.concrete_fields}
    return [(labels[name], getattr(wording, name)) for name in names]


def register() -> None:
    services.register(
        Kind(
            name=KIND,
            title=gettext_lazy("Publishing a wording"),
            permission="requests_app.change_agreementwording",
            apply=_publish,
            check=_check,
            facts=_facts,
        )
    )
