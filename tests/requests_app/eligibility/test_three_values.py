"""The judge against a second, two-valued reading of docs/api.md's table, completed by brute force."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from requests_app.eligibility import RULES, DeviceFacts, Facts, judge, questions_for
from requests_app.eligibility.rules import NEVER_MISSED
from tests.requests_app.eligibility.facts import COMPLETIONS, DOMAINS, PANELS, TAUGHT

DAY = date(2026, 11, 23)
type Found = frozenset[tuple[str, str]]


def table(f: Facts) -> Found:
    """docs/api.md's table for facts without a gap, read line by line."""
    d = f.device if isinstance(f.device, DeviceFacts) else None
    gma_beside_isolating = d is not None and d.isolating and f.existing_adapter == "gma"
    solar_only = bool(f.has_solar and not f.has_storage)
    every_type = {
        ("E1", "blocks"): f.service_class != "residential",
        ("E17", "fixable"): f.clear_meter_access is False,
    }
    with_device = {
        ("E2", "blocks"): f.meter_kind == "instrument_rated",
        ("E3", "blocks"): f.service != "single_phase_3_wire_120_240",
        ("E4", "blocks"): f.panel_rating_amps > 200 or f.service_amps > 200,
        ("E5", "blocks"): (f.has_solar or f.has_storage) and f.backfeed_amps > f.panel_rating_amps,
        ("E6", "blocks"): d is None
        or not d.approved
        or (bool(d.request_types) and f.request_type not in d.request_types),
        ("E7", "blocks"): f.panel_model == "homc 40u-200c"
        or (d is not None and d.id == 1 and f.panel_model == "QC816F200S")
        or (d is not None and d.max_service_amps is not None and f.panel_rating_amps > d.max_service_amps),
        ("E8", "blocks"): f.double_sided_clips or f.panel_model == "mbed 3042-b200pv6",
        ("E9", "fixable"): d is not None and d.isolating and f.liquid_tight_on_communication_cable,
        ("E10", "fixable"): f.energized_conductors_in_liquid_tight == "no",
        ("E11", "fixable"): f.communication_conduit_obstructs,
        ("E12", "blocks"): f.service_requirement_violation,
        ("E13", "fixable"): f.device_in_waterproof_package is False,
        ("E14", "fixable"): f.device_clean_dry_undamaged is False,
        ("E16", "blocks"): gma_beside_isolating and solar_only,
        ("E16", "fixable"): gma_beside_isolating and not solar_only and f.request_type != "replacement",
        ("E18", "fixable"): d is not None
        and ((d.requires_storage and f.has_storage is False) or (bool(d.companions) and f.has_companions is False)),
    }
    lines = every_type
    if f.request_type in {"install", "replacement"}:
        lines |= with_device
    if f.request_type in {"removal", "replacement", "maintenance"}:
        lines[("R6", "fixable")] = f.existing_adapter == "none"
    return frozenset(line for line, holds in lines.items() if holds)


def completions(values: dict[str, Any], gaps: list[str]) -> Iterator[dict[str, Any]]:
    for filling in itertools.product(*(COMPLETIONS[gap] for gap in gaps)):
        yield values | dict(zip(gaps, filling, strict=True))


def expected(values: dict[str, Any]) -> tuple[Found, set[str]]:
    """The findings that every completion has, and the gaps that make a difference in some completion."""
    gaps = [name for name, value in values.items() if value is None]
    outcomes = {tuple(full[gap] for gap in gaps): table(build(full)) for full in completions(values, gaps)}
    decided = frozenset.intersection(*outcomes.values())
    telling = {gap for place, gap in enumerate(gaps) if _makes_a_difference(place, outcomes)}
    # What a device needs besides storage is asked once there is a device.
    too_early = {"has_companions"} if "device" in gaps else set()
    return decided, telling - NEVER_MISSED - too_early


def _makes_a_difference(place: int, outcomes: dict[tuple[Any, ...], Found]) -> bool:
    by_rest: dict[tuple[Any, ...], set[Found]] = {}
    for filling, outcome in outcomes.items():
        by_rest.setdefault(filling[:place] + filling[place + 1 :], set()).add(outcome)
    return any(len(founds) > 1 for founds in by_rest.values())


def build(values: dict[str, Any]) -> Facts:
    return Facts(**values, incompatible_panels=PANELS, taught=TAUGHT)


def judged(values: dict[str, Any]) -> tuple[Found, set[str]]:
    verdict = judge(build(values), on=DAY)
    return frozenset((finding.rule, str(finding.severity)) for finding in verdict.findings), set(verdict.unknown)


def test_each_rule_agrees_with_the_table_on_every_combination_of_its_fields():
    """Exhaustive: each rule's own fields take every value and none, for every type; the rest is at rest."""
    at_rest = {name: domain[-1] for name, domain in DOMAINS.items()}
    for rule in RULES:
        names = [name for name in rule.fields if name != "request_type"]
        for request_type in DOMAINS["request_type"]:
            for given_values in itertools.product(*([*DOMAINS[name], None] for name in names)):
                values = at_rest | {"request_type": request_type} | dict(zip(names, given_values, strict=True))
                assert judged(values) == expected(values), (rule.number, values)


@st.composite
def partial_facts(draw: st.DrawFn) -> dict[str, Any]:
    values = {name: draw(st.sampled_from(domain)) for name, domain in DOMAINS.items()}
    gaps = draw(
        st.lists(st.sampled_from([name for name in DOMAINS if name != "request_type"]), max_size=5, unique=True)
    )
    return values | dict.fromkeys(gaps)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(partial_facts())
def test_judge_agrees_with_the_table_completed_by_brute_force(values: dict[str, Any]):
    assert judged(values) == expected(values)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(partial_facts(), st.data())
def test_filling_a_gap_never_takes_back_a_finding(values: dict[str, Any], data: st.DataObject):
    gaps = [name for name, value in values.items() if value is None]
    filled = values | {gap: data.draw(st.sampled_from(DOMAINS[gap])) for gap in gaps[:2]}
    (before, open_before), (after, open_after) = judged(values), judged(filled)
    assert before <= after
    assert open_after <= open_before
    assert before == after or open_before or values["panel_model"] is None or values["service_amps"] is None


@settings(max_examples=200, deadline=None, derandomize=True)
@given(partial_facts())
def test_one_finding_per_rule_at_a_field_that_was_asked(values: dict[str, Any]):
    verdict = judge(build(values), on=DAY)
    numbers = [finding.rule for finding in verdict.findings]
    asked = questions_for(values["request_type"])
    assert len(numbers) == len(set(numbers))
    assert {finding.field for finding in verdict.findings} | set(verdict.unknown) <= set(asked)
    assert "service_entrance" not in {finding.field for finding in verdict.findings} | set(verdict.unknown)  # E15
