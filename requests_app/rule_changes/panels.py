"""What a new rule on a panel model means for the open requests that name such a panel (E7, E8)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from requests_app import eligibility, enums, history
from requests_app.application import completeness
from requests_app.eligibility import Panels, Taught
from requests_app.eligibility.panels import matches, near_miss
from requests_app.enums import PLACES_DEVICE, EventKind
from requests_app.models import IncompatiblePanel, MSARequest, PanelRestriction, normalized_panel_model
from requests_app.readiness import readiness
from requests_app.rule_changes import notices
from requests_app.rule_changes.products import Impact, Point

# Shorter, the beginning of a model takes in panels of other series.
SHORTEST_MODEL = 5

type PanelRule = IncompatiblePanel | PanelRestriction


def impacts(rule: PanelRule) -> list[Impact]:
    """Each open request whose findings would change if the rule, new or changed, were saved.

    Three queries for a new rule, however many requests there are. Unlike E6, which is fixed with the day of payment,
    what a panel can take holds for whoever is not visited yet.
    """
    before, after = _around(rule)
    panels = _named(before) ^ _named(after)
    if not panels:
        return []
    open_requests = MSARequest.objects.open().filter(request_type__in=PLACES_DEVICE).exclude(panel_model="")
    named = open_requests.order_by("pk").values_list("pk", "panel_model")
    touched = [pk for pk, model in named if _speaks_of(model, panels)]
    if not touched:
        return []
    rows = open_requests.filter(pk__in=touched).select_related(
        "device", "owner", "agent", "agent_company", "authority"
    )
    today = local_day(timezone.now())
    effects = (_impact(msa_request, before, after, today) for msa_request in rows.order_by("pk"))
    return [impact for impact in effects if impact is not None]


def save(rule: PanelRule, *, by: User, proposal: int | None = None) -> list[Impact]:
    """Save the rule, and put it on the record of each open request that it newly speaks against.

    Whoever it rules out gets a mail, whatever the status: before a van rolls. A request that changed meanwhile
    is judged as it is now. `proposal` is the id of what it was accepted from.
    """
    with transaction.atomic():
        before, after = _around(rule)
        affected = impacts(rule)
        rule._history_user = by  # type: ignore[union-attr]  # simple_history asks for it there
        rule.save()
        told = []
        for effect in affected:
            fresh = lock(effect.msa_request)
            impact = _impact(fresh, before, after, local_day(timezone.now()))
            if impact is not None and impact.appears and fresh.status not in enums.FINAL:
                _note(impact, rule, by=by, proposal=proposal)
                told.append(impact)
    return told


def sentence(words: str) -> str:
    """As the rule puts it before its own words: one line that ends like a sentence."""
    text = " ".join(words.split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _around(rule: PanelRule) -> tuple[Panels, Panels]:
    """What holds now, and what would hold with the rule."""
    now = eligibility.load_panels()
    stored = type(rule)._default_manager.filter(pk=rule.pk).first() if rule.pk else None
    kept = _without(now, stored) if stored else now
    if isinstance(rule, IncompatiblePanel):
        return now, Panels(kept.incompatible | {normalized_panel_model(rule.model)}, kept.taught)
    return now, Panels(kept.incompatible, kept.taught + ((_taught(rule),) if rule.is_active else ()))


def _without(panels: Panels, stored: PanelRule) -> Panels:
    if isinstance(stored, IncompatiblePanel):
        return Panels(panels.incompatible - {stored.normalized}, panels.taught)
    return Panels(panels.incompatible, tuple(rule for rule in panels.taught if rule != _taught(stored)))


def _taught(rule: PanelRestriction) -> Taught:
    return Taught(normalized_panel_model(rule.panel_model), rule.device_id, rule.explanation)


def _named(panels: Panels) -> set[tuple[str, Taught | None]]:
    return {(model, None) for model in panels.incompatible} | {(rule.normalized, rule) for rule in panels.taught}


def _speaks_of(panel_model: str, changed: Iterable[tuple[str, Taught | None]]) -> bool:
    """A model with clips is asked about where a slip may have hidden it, too (E8)."""
    return any(
        matches(panel_model, (model,)) or (taught is None and bool(near_miss(panel_model, (model,))))
        for model, taught in changed
    )


def _impact(msa_request: MSARequest, before: Panels, after: Panels, today: date) -> Impact | None:
    """The documents that the device asks for have no part in it."""
    day = msa_request.judged_on or today
    had, has = (
        [
            Point(finding.rule, finding.message, finding.blocks)
            for finding in completeness.verdict(msa_request, on=day, panels=panels, documents=()).findings
        ]
        for panels in (before, after)
    )
    if had == has:
        return None
    return Impact(
        msa_request,
        appears=tuple(point for point in has if point not in had),
        disappears=tuple(point for point in had if point not in has),
    )


def _note(impact: Impact, rule: PanelRule, *, by: User, proposal: int | None) -> None:
    msa_request = impact.msa_request
    event = history.record(
        msa_request,
        EventKind.PANEL_RULE_ADDED,
        by=by,
        codes={
            "rule": rule._meta.model_name,
            "row": rule.pk,
            "proposal": proposal,
            "appears": sorted({point.rule for point in impact.appears}),
            "blocks": impact.newly_blocks,
        },
    )
    if msa_request.status in enums.EDITABLE:
        readiness.supersede_uncovered(msa_request)
    if impact.newly_blocks:
        why = [point.text for point in impact.appears if point.blocks]
        notices.panel_ruled_out(msa_request, event, why=why)
