"""Facts for the tests: a request with nothing against it, and small domains around it."""

from __future__ import annotations

from typing import Any

from requests_app.eligibility import DeviceFacts, Facts, Taught, Unlisted

PANELS = frozenset({"MBED3042B200PV", "MBE1836B125BS"})
TAUGHT = (
    Taught("HOMC40U200", None, "The cover does not come off."),
    Taught("QC816F200", 1, "Its collar hits the door."),
)


def device(**changes: Any) -> DeviceFacts:
    traits: dict[str, Any] = {
        "id": 1,
        "isolating": True,
        "requires_storage": True,
        "max_service_amps": 200,
        "approved": True,
    }
    return DeviceFacts(**traits | changes)


READY: dict[str, Any] = {
    "request_type": "install",
    "service_class": "residential",
    "meter_kind": "self_contained",
    "service": "single_phase_3_wire_120_240",
    "service_entrance": "overhead",
    "service_amps": 200,
    "panel_rating_amps": 200,
    "panel_model": "BR816B200RF",
    "double_sided_clips": False,
    "backfeed_amps": 60,
    "device": device(),
    "existing_adapter": "none",
    "has_solar": True,
    "has_storage": True,
    "liquid_tight_on_communication_cable": False,
    "energized_conductors_in_liquid_tight": "yes",
    "communication_conduit_obstructs": False,
    "service_requirement_violation": False,
    "device_in_waterproof_package": True,
    "device_clean_dry_undamaged": True,
    "clear_meter_access": True,
}

DOMAINS: dict[str, list[Any]] = {
    "request_type": ["install", "removal", "replacement", "maintenance"],
    "service_class": ["residential", "commercial", "agricultural"],
    "meter_kind": ["self_contained", "instrument_rated"],
    "service": ["single_phase_3_wire_120_240", "three_phase", "other"],
    "service_entrance": ["overhead", "underground"],
    "service_amps": [200, 201],
    "panel_rating_amps": [60, 100, 200, 201],
    "panel_model": ["BR816B200RF", "mbed 3042-b200pv6", "homc 40u-200c", "QC816F200S"],
    "double_sided_clips": [False, True],
    "backfeed_amps": [60, 150, 300],
    "device": [
        Unlisted(),
        device(),
        device(approved=False),
        device(isolating=False),
        device(requires_storage=False, max_service_amps=None),
        device(id=2, isolating=False, requires_storage=False, max_service_amps=90),
        device(companions=("transfer switch",), request_types=("replacement",)),
        device(requires_storage=False, companions=("transfer switch",)),
    ],
    "existing_adapter": ["none", "msa", "gma"],
    "has_solar": [False, True],
    "has_storage": [False, True],
    "has_companions": [False, True],
    "liquid_tight_on_communication_cable": [False, True],
    "energized_conductors_in_liquid_tight": ["yes", "no", "none"],
    "communication_conduit_obstructs": [False, True],
    "service_requirement_violation": [False, True],
    "device_in_waterproof_package": [False, True],
    "device_clean_dry_undamaged": [False, True],
    "clear_meter_access": [False, True],
}
# What a gap may turn out to be: figures beyond all that were given as well.
COMPLETIONS: dict[str, list[Any]] = DOMAINS | {
    "panel_rating_amps": [0, 60, 200, 201, 10_000],
    "backfeed_amps": [0, 150, 20_000],
}


def facts(**changes: Any) -> Facts:
    return Facts(**READY | {"incompatible_panels": PANELS, "taught": TAUGHT} | changes)
