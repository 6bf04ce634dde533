"""Staff decide on a proposed rule; accepted, it is judged from that moment on, and those it touches are told."""

from __future__ import annotations

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fieldwork.models import RuleProposal
from msa_portal import formats
from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused, Stale
from requests_app import eligibility
from requests_app.models import IncompatiblePanel, PanelRestriction
from requests_app.rule_changes import panels, products
from requests_app.rule_changes.panels import PanelRule
from requests_app.rule_changes.products import Impact

State = RuleProposal.State


class Kind(models.TextChoices):
    """What an accepted proposal becomes."""

    DEVICE = "device", gettext_lazy("This panel model cannot take this device (E7)")
    ANY = "any", gettext_lazy("This panel model cannot take any MSA (E7)")
    CLIPS = "clips", gettext_lazy("This panel model has double-sided clips (E8)")


def rule_of(proposal: RuleProposal, kind: Kind, explanation: str) -> PanelRule:
    """The rule that it would become, not saved. One that went out of use comes back with the new words.

    Raises `Refused` where the kind does not fit the proposal, where customers would be told nothing, and where the
    list names the panel already.
    """
    if kind == Kind.CLIPS:
        if proposal.panel_normalized.startswith(tuple(eligibility.load_panels().incompatible)):
            raise Refused(_("This panel model is on the list already."), code="listed", fields={"kind": ""})
        return IncompatiblePanel(model=proposal.panel_model, note=explanation[:200])
    if kind == Kind.DEVICE and proposal.device is None:
        raise Refused(_("This proposal names no device."), code="no_device", fields={"kind": ""})
    if not explanation.strip():
        raise Refused(
            _("Say what customers are told: why the work cannot be done on this panel."),
            code="no_explanation",
            fields={"explanation": ""},
        )
    device = proposal.device if kind == Kind.DEVICE else None
    known = PanelRestriction.objects.filter(normalized=proposal.panel_normalized, device=device).first()
    rule = known or PanelRestriction(panel_model=proposal.panel_model, device=device)
    rule.explanation, rule.is_active = panels.sentence(explanation), True
    return rule


def accept(
    proposal: RuleProposal, *, kind: Kind, explanation: str, seen: str, by: User, note: str = ""
) -> list[Impact]:
    """Put the rule in force. `seen` is the digest of the list of open requests that the person saw.

    Returns what it changes for open requests; owners and agents are told in the same transaction. Raises `Stale`
    where the proposal was decided meanwhile, or the list is another one now.
    """
    with transaction.atomic():
        fresh = _open(proposal, by)
        rule = rule_of(fresh, kind, explanation)
        if products.digest(panels.impacts(rule)) != seen:
            raise Stale(
                _("The list of open requests changed since you saw it. Please look again."), code="list_changed"
            )
        impacts = panels.save(rule, by=by, proposal=fresh.pk)
        _decide(fresh, State.ACCEPTED, by=by, note=note)
        for other in _covered_by(fresh, rule):
            said = _("Covered by the rule about %(panel)s.") % {"panel": fresh.panel_model}
            _decide(other, State.ACCEPTED, by=by, note=said)
    proposal.refresh_from_db()
    return impacts


def decline(proposal: RuleProposal, *, note: str, by: User) -> None:
    """No rule is made of it, and it is not proposed again; the reason stays with it."""
    with transaction.atomic():
        fresh = _open(proposal, by)
        if not note.strip():
            raise Refused(_("Say in a few words why not."), code="no_note", fields={"note": ""})
        _decide(fresh, State.DECLINED, by=by, note=note.strip())
    proposal.refresh_from_db()


def _open(proposal: RuleProposal, by: User) -> RuleProposal:
    if not by.has_perm("fieldwork.decide_ruleproposal"):
        raise Refused(_("Only a supervisor decides on proposed rules. Ask one to do it."), code="not_allowed")
    fresh = lock(proposal)
    if fresh.state != State.OPEN:
        said = {
            "who": fresh.decided_by,
            "what": fresh.get_state_display().lower(),
            "day": formats.day(local_day(fresh.decided_at or timezone.now())),
        }
        raise Stale(_("%(who)s decided on this proposal on %(day)s: %(what)s.") % said, code="decided")
    return fresh


def _decide(proposal: RuleProposal, state: str, *, by: User, note: str) -> None:
    proposal.state, proposal.decided_at, proposal.decided_by, proposal.note = state, timezone.now(), by, note[:300]
    proposal.save(update_fields=["state", "decided_at", "decided_by", "note", "updated_at"])


def _covered_by(accepted: RuleProposal, rule: PanelRule) -> models.QuerySet[RuleProposal]:
    """Other open proposals that say no more than the rule does."""
    others = RuleProposal.objects.select_for_update().filter(
        state=State.OPEN, panel_normalized__startswith=accepted.panel_normalized
    )
    device = rule.device_id if isinstance(rule, PanelRestriction) else None
    return others.filter(device=device) if device else others
