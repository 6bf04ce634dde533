"""Each rule of docs/api.md's table: when it finds something, when not, and what it still waits for."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from requests_app.eligibility import RULES, Facts, Unlisted, judge, questions_for
from tests.requests_app.eligibility.facts import READY, device, facts

DAY = date(2026, 11, 23)
GMA = {"existing_adapter": "gma"}


def findings(asked: Facts) -> list[tuple[str, str, str]]:
    return [(finding.rule, finding.severity, finding.field) for finding in judge(asked, on=DAY).findings]


FINDINGS: list[tuple[dict[str, Any], tuple[str, str, str]]] = [
    ({"service_class": "commercial"}, ("E1", "blocks", "service_class")),
    ({"service_class": "agricultural"}, ("E1", "blocks", "service_class")),
    ({"meter_kind": "instrument_rated"}, ("E2", "blocks", "meter_kind")),
    ({"service": "three_phase"}, ("E3", "blocks", "service")),
    ({"service": "other"}, ("E3", "blocks", "service")),
    ({"service_amps": 201}, ("E4", "blocks", "service_amps")),
    ({"service_amps": 400, "panel_rating_amps": None}, ("E4", "blocks", "service_amps")),
    ({"panel_rating_amps": 201, "device": device(max_service_amps=None)}, ("E4", "blocks", "panel_rating_amps")),
    (
        {"panel_rating_amps": 400, "service_amps": 400, "device": device(max_service_amps=None)},
        ("E4", "blocks", "panel_rating_amps"),
    ),
    ({"backfeed_amps": 201}, ("E5", "blocks", "backfeed_amps")),
    ({"backfeed_amps": 201, "has_solar": False}, ("E5", "blocks", "backfeed_amps")),
    ({"backfeed_amps": 201, "has_solar": None}, ("E5", "blocks", "backfeed_amps")),
    ({"device": Unlisted()}, ("E6", "blocks", "device")),
    ({"device": device(approved=False)}, ("E6", "blocks", "device")),
    ({"device": device(max_service_amps=150)}, ("E7", "blocks", "device")),
    ({"panel_model": "HomC 40U-200 C"}, ("E7", "blocks", "panel_model")),
    ({"panel_model": "HOMC40U200", "device": device(max_service_amps=150)}, ("E7", "blocks", "panel_model")),
    ({"panel_model": "QC-816 F200S"}, ("E7", "blocks", "device")),
    ({"double_sided_clips": True}, ("E8", "blocks", "double_sided_clips")),
    ({"double_sided_clips": True, "panel_model": None}, ("E8", "blocks", "double_sided_clips")),
    ({"panel_model": "MBED3042B200PV"}, ("E8", "blocks", "panel_model")),
    ({"panel_model": "mbed 3042-b200.pv", "double_sided_clips": True}, ("E8", "blocks", "panel_model")),
    ({"panel_model": "MBED3042B200PV-X9", "double_sided_clips": None}, ("E8", "blocks", "panel_model")),
    ({"panel_model": "MBED3042B200P"}, ("E8", "fixable", "panel_model")),  # a question: see test_near_misses
    (
        {"liquid_tight_on_communication_cable": True},
        ("E9", "fixable", "liquid_tight_on_communication_cable"),
    ),
    (
        {"energized_conductors_in_liquid_tight": "no"},
        ("E10", "fixable", "energized_conductors_in_liquid_tight"),
    ),
    ({"communication_conduit_obstructs": True}, ("E11", "fixable", "communication_conduit_obstructs")),
    ({"service_requirement_violation": True}, ("E12", "blocks", "service_requirement_violation")),
    ({"device_in_waterproof_package": False}, ("E13", "fixable", "device_in_waterproof_package")),
    ({"device_clean_dry_undamaged": False}, ("E14", "fixable", "device_clean_dry_undamaged")),
    (GMA | {"has_storage": False, "device": device(requires_storage=False)}, ("E16", "blocks", "has_storage")),
    (
        GMA | {"request_type": "replacement", "has_storage": False, "device": device(requires_storage=False)},
        ("E16", "blocks", "has_storage"),
    ),
    (GMA, ("E16", "fixable", "request_type")),
    (
        GMA | {"has_solar": False, "has_storage": False, "device": device(requires_storage=False)},
        ("E16", "fixable", "request_type"),
    ),
    (GMA | {"has_storage": None, "has_solar": False}, ("E16", "fixable", "request_type")),
    ({"clear_meter_access": False}, ("E17", "fixable", "clear_meter_access")),
    ({"request_type": "removal", "clear_meter_access": False} | GMA, ("E17", "fixable", "clear_meter_access")),
    ({"request_type": "maintenance", "service_class": "commercial"} | GMA, ("E1", "blocks", "service_class")),
    ({"has_storage": False}, ("E18", "fixable", "has_storage")),
    ({"request_type": "removal"}, ("R6", "fixable", "request_type")),
    ({"request_type": "replacement"}, ("R6", "fixable", "request_type")),
    ({"request_type": "maintenance"}, ("R6", "fixable", "request_type")),
]


@pytest.mark.parametrize(("changes", "finding"), FINDINGS, ids=lambda part: str(part)[:60])
def test_rule_finds_what_its_line_says_and_nothing_else(changes: dict[str, Any], finding: tuple[str, str, str]):
    assert findings(facts(**changes)) == [finding]


NOTHING_FOUND: list[dict[str, Any]] = [
    {},
    {"service_entrance": "overhead"},  # E15
    {"service_entrance": "underground"},
    {"panel_rating_amps": 200, "service_amps": 200},
    {"backfeed_amps": 200},
    {"backfeed_amps": 500, "has_solar": False, "has_storage": False, "device": device(requires_storage=False)},
    {"device": device(max_service_amps=None)},
    {"panel_model": "MBED3042B200"},  # shorter than the listed model
    {"panel_model": "MBED3042B100PV"},
    {"liquid_tight_on_communication_cable": True, "device": device(isolating=False)},
    {"energized_conductors_in_liquid_tight": "none"},
    GMA | {"device": device(isolating=False)},
    GMA | {"request_type": "replacement"},
    {"existing_adapter": "msa"},
    {"has_storage": False, "device": device(requires_storage=False)},
    GMA | {"request_type": "removal"},
]


@pytest.mark.parametrize("changes", NOTHING_FOUND, ids=lambda part: str(part)[:60])
def test_rule_is_silent_where_its_line_does_not_hold(changes: dict[str, Any]):
    verdict = judge(facts(**changes), on=DAY)
    assert (verdict.findings, verdict.unknown, verdict.outcome) == ([], [], "eligible")


UNKNOWN: list[tuple[dict[str, Any], list[str]]] = [
    ({"service_class": None}, ["service_class"]),
    ({"meter_kind": None}, ["meter_kind"]),
    ({"service": None}, ["service"]),
    ({"service_entrance": None}, []),  # E15
    ({"service_amps": None}, []),
    ({"panel_model": None}, []),
    ({"panel_rating_amps": None}, ["panel_rating_amps"]),
    (
        {  # E4 is settled, E5 and E7 have no say
            "panel_rating_amps": None,
            "service_amps": 400,
            "has_solar": False,
            "has_storage": False,
            "device": device(requires_storage=False, max_service_amps=None),
        },
        [],
    ),
    ({"double_sided_clips": None}, ["double_sided_clips"]),
    ({"double_sided_clips": None, "panel_model": None}, ["double_sided_clips"]),
    ({"double_sided_clips": None, "panel_model": "MBE1836B125BS"}, []),
    ({"backfeed_amps": None}, ["backfeed_amps"]),
    (
        {"backfeed_amps": None, "has_solar": False, "has_storage": False, "device": device(requires_storage=False)},
        [],
    ),
    ({"backfeed_amps": None, "has_solar": None}, ["backfeed_amps"]),  # the storage is enough
    ({"has_solar": None}, []),
    ({"has_storage": None}, ["has_storage"]),  # E18
    ({"has_storage": None, "device": device(requires_storage=False)}, []),
    ({"device": None}, ["device"]),
    (
        {"device": None, "liquid_tight_on_communication_cable": None, "existing_adapter": None},
        ["device", "existing_adapter", "liquid_tight_on_communication_cable"],
    ),
    (
        {
            "device": Unlisted(),
            "liquid_tight_on_communication_cable": None,
            "existing_adapter": None,
            "has_storage": None,
        },
        [],
    ),
    ({"existing_adapter": None}, ["existing_adapter"]),
    ({"existing_adapter": None, "device": device(isolating=False)}, []),
    ({"existing_adapter": None, "request_type": "removal"}, ["existing_adapter"]),
    (GMA | {"has_solar": None, "has_storage": None}, ["has_solar", "has_storage"]),
    (GMA | {"has_solar": None, "has_storage": True}, []),
    ({"liquid_tight_on_communication_cable": None}, ["liquid_tight_on_communication_cable"]),
    ({"liquid_tight_on_communication_cable": None, "device": device(isolating=False)}, []),
    ({"clear_meter_access": None, "request_type": "maintenance"} | GMA, ["clear_meter_access"]),
]


@pytest.mark.parametrize(("changes", "unknown"), UNKNOWN, ids=lambda part: str(part)[:60])
def test_unknown_names_the_missing_fields_that_could_still_change_a_finding(
    changes: dict[str, Any], unknown: list[str]
):
    assert judge(facts(**changes), on=DAY).unknown == unknown


def test_device_approved_for_other_requests_is_refused_for_this_one():
    asked = facts(device=device(request_types=("replacement",)))
    assert findings(asked) == [("E6", "blocks", "device")]
    assert "for other requests: replacement." in judge(asked, on=DAY).findings[0].message
    assert findings(facts(device=device(request_types=("install", "replacement")))) == []


def test_device_that_is_not_approved_is_said_so_once_whatever_it_is_for():
    asked = facts(device=device(request_types=("replacement",), approved=False))
    assert [finding.rule for finding in judge(asked, on=DAY).findings] == ["E6"]


def test_what_the_device_needs_is_one_finding_that_names_it_all():
    needy = device(companions=("transfer switch",))
    [finding] = judge(facts(device=needy, has_storage=False, has_companions=False), on=DAY).findings
    assert (finding.rule, finding.field) == ("E18", "has_storage")
    assert "not there: energy storage, transfer switch." in finding.message
    [finding] = judge(facts(device=needy, has_companions=False), on=DAY).findings
    assert (finding.field, finding.severity) == ("has_companions", "fixable")
    assert judge(facts(device=needy), on=DAY).unknown == ["has_companions"]
    assert findings(facts(device=needy, has_companions=True)) == []


def test_documents_that_the_device_asks_for_are_to_be_put_right():
    [finding] = judge(facts(missing_documents=("Wiring diagram", "Warranty")), on=DAY).findings
    assert (finding.rule, finding.field, finding.severity) == ("R5", "device", "fixable")
    assert "not here yet: Wiring diagram, Warranty." in finding.message
    assert findings(facts(missing_documents=("Wiring diagram",), request_type="removal", existing_adapter="msa")) == []


def test_rules_that_need_the_device_wait_for_it():
    verdict = judge(facts(device=None, has_storage=False, **GMA), on=DAY)
    assert (verdict.findings, verdict.unknown, verdict.outcome) == ([], ["device"], "incomplete")


def test_device_off_the_list_is_judged_by_e6_alone():
    asked = facts(device=Unlisted(), has_storage=False, liquid_tight_on_communication_cable=True, **GMA)
    assert findings(asked) == [("E6", "blocks", "device")]


def test_removal_is_judged_on_access_class_and_adapter_alone():
    """D11: a panel that could not take a new MSA can still lose the one it has."""
    hopeless = {
        "meter_kind": "instrument_rated",
        "service": "three_phase",
        "service_amps": 400,
        "panel_rating_amps": 400,
        "double_sided_clips": True,
        "service_requirement_violation": True,
        "device": Unlisted(),
    }
    for request_type in ("removal", "maintenance"):
        assert findings(facts(request_type=request_type, **GMA, **hopeless)) == []


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "eligible"),
        ({"clear_meter_access": False}, "fix_first"),
        ({"clear_meter_access": False, "meter_kind": None}, "incomplete"),
        ({"service_class": "commercial", "meter_kind": None, "clear_meter_access": False}, "not_eligible"),
    ],
)
def test_outcome_puts_a_block_before_a_gap_before_a_repair(changes: dict[str, Any], outcome: str):
    assert judge(facts(**changes), on=DAY).outcome == outcome


def test_nothing_but_the_type_is_asked_while_the_type_is_open():
    verdict = judge(facts(request_type=None, service_class="commercial"), on=DAY)
    assert (verdict.findings, verdict.unknown, verdict.outcome) == ([], ["request_type"], "incomplete")
    assert questions_for(None) == ("request_type",)


def test_questions_are_those_of_the_type():
    assert questions_for("removal") == ("request_type", "service_class", "existing_adapter", "clear_meter_access")
    # Only a device that needs more than storage asks for it.
    asked = tuple(name for name in questions_for("install") if name != "has_companions")
    assert questions_for("replacement") == questions_for("install") != asked
    assert asked == tuple(READY)


def test_finding_says_which_figures_clash():
    [finding] = judge(facts(backfeed_amps=225), on=DAY).findings
    assert "225 A" in finding.message
    assert "200 A" in finding.message


def test_e6_names_the_day_that_is_judged():
    [finding] = judge(facts(device=device(approved=False)), on=DAY).findings
    assert finding.message == "This device is not on the Approved Product List for Mon, Nov 23, 2026."


def test_each_case_says_why_and_what_to_do():
    for rule in RULES:
        assert str(rule.question).endswith("?")
        for case in rule.cases:
            assert str(case.message).endswith(".")
            assert str(case.todo).endswith(".")
