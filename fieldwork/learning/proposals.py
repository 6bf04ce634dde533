"""Proposing rules, each night: visits that failed again and again on one panel model, with one device, for one reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import transaction

from fieldwork.learning import evidence
from fieldwork.learning.evidence import Made
from fieldwork.models import RuleProposal
from msa_portal.db import lock
from requests_app import eligibility
from requests_app.eligibility import Panels
from requests_app.models import OutcomeReason, ProgramSettings
from requests_app.rule_changes.panels import SHORTEST_MODEL


@dataclass(frozen=True)
class Pattern:
    """`device` None: whatever the device. A longer suffix of the model counts as the model (E8)."""

    normalized: str
    device: int | None
    reason: int
    failed: tuple[Made, ...]
    successes: int

    @property
    def spelled(self) -> str:
        """The model as most people typed it."""
        exact = Counter(made.panel_model for made in self.failed if made.normalized == self.normalized)
        return exact.most_common(1)[0][0]


def propose() -> int:
    """Propose what is new, and bring the evidence of open proposals up to date; may run as often as it likes.

    Returns how many are new. What a rule covers already, and what staff declined, is not proposed again.
    """
    visits = [made for made in evidence.made() if len(made.normalized) >= SHORTEST_MODEL]
    reasons = [reason for reason in OutcomeReason.objects.all() if evidence.can_teach(reason)]
    least, panels = ProgramSettings.current().propose_rule_after, eligibility.load_panels()
    patterns = (pattern for reason in reasons for pattern in _patterns(visits, reason, least))
    return sum(_keep(pattern) for pattern in patterns if not _is_covered(pattern, panels))


def _patterns(visits: Iterable[Made], reason: OutcomeReason, least: int) -> Iterator[Pattern]:
    any_device = evidence.whatever_the_device(reason)
    by_device: dict[int | None, list[Made]] = defaultdict(list)
    for visit in visits:
        if any_device or visit.device is not None:
            by_device[None if any_device else visit.device].append(visit)
    for device, of_device in by_device.items():
        failed = [made for made in of_device if reason.pk in made.reasons]
        proposed: list[str] = []
        for model in sorted({made.normalized for made in failed}, key=lambda model: (len(model), model)):
            here = tuple(made for made in failed if made.normalized.startswith(model))
            if len({made.site for made in here}) < least or model.startswith(tuple(proposed)):
                continue
            proposed.append(model)
            fine = sum(made.succeeded and made.normalized.startswith(model) for made in of_device)
            yield Pattern(model, device, reason.pk, here, fine)


def _is_covered(pattern: Pattern, panels: Panels) -> bool:
    taught = (rule.normalized for rule in panels.taught if rule.device in {None, pattern.device})
    return pattern.normalized.startswith((*panels.incompatible, *taught))


def _keep(pattern: Pattern) -> bool:
    """Whether it is a new proposal. One that was decided keeps the evidence that the decision was made on."""
    with transaction.atomic():
        row, created = RuleProposal.objects.get_or_create(
            panel_normalized=pattern.normalized,
            device_id=pattern.device,
            reason_id=pattern.reason,
            defaults={"panel_model": pattern.spelled, "successes": pattern.successes},
        )
        fresh = lock(row)
        if fresh.state == RuleProposal.State.OPEN:
            fresh.visits.set([made.visit for made in pattern.failed])
            fresh.successes = pattern.successes
            fresh.save(update_fields=["successes", "updated_at"])
    return created
