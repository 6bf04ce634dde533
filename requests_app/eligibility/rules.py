"""The eligibility rules: one list for the public check, the form, the API, screening and the visit.

Each rule is a pure function of `Facts`. program.md gives the numbers; docs/api.md gives, per
number, the types it is judged for, its severity, and the field that it points at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from requests_app.eligibility.facts import (
    FALSE,
    FIELDS,
    TRUE,
    Facts,
    Taught,
    Truth,
    Unlisted,
    device_is,
    is_,
    known,
    over,
)
from requests_app.eligibility.panels import matches, near_miss
from requests_app.enums import (
    PLACES_DEVICE,
    ExistingAdapter,
    LiquidTight,
    MeterKind,
    RequestType,
    Service,
    ServiceClass,
)

type Text = str | Promise

EVERY_TYPE = frozenset(RequestType)
NEEDS_ADAPTER = EVERY_TYPE - {RequestType.INSTALL}
MOST_AMPS = 200


class Severity(StrEnum):
    """Fixable: it can be put right before the visit (D18)."""

    BLOCKS = "blocks"
    FIXABLE = "fixable"


@dataclass(frozen=True, kw_only=True)
class Case:
    """When a rule finds something, and what is said then.

    `message` says why and `todo` what to do next. Both may use the figures of `judge.figures`.
    `suggests` is another value for the field, where the finding asks whether that one was meant.
    """

    holds: Callable[[Facts], Truth]
    severity: Severity
    field: str | Callable[[Facts], str]
    message: Text
    todo: Text
    suggests: Callable[[Facts], str] = lambda _facts: ""

    def field_of(self, facts: Facts) -> str:
        return self.field if isinstance(self.field, str) else self.field(facts)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A numbered rule. Of its `cases` never more than one holds.

    `checklist` is what the technician looks for on site; empty where there is nothing to look at.
    `help_topic` is the anchor of its answer on the help page.
    """

    number: str
    question: Text
    judged_for: frozenset[RequestType]
    fields: tuple[str, ...]
    cases: tuple[Case, ...]
    checklist: Text = ""
    help_topic: str = "what-disqualifies"


def _rated_over(facts: Facts) -> Truth:
    return over(facts, "panel_rating_amps", MOST_AMPS) | over(facts, "service_amps", MOST_AMPS)


def _rating_over(facts: Facts) -> str:
    return "panel_rating_amps" if over(facts, "panel_rating_amps", MOST_AMPS).value else "service_amps"


def _backfeed_over(facts: Facts) -> Truth:
    generates = is_(facts, "has_solar", True) | is_(facts, "has_storage", True)
    return generates & known(facts, ("backfeed_amps", "panel_rating_amps"), lambda backfeed, panel: backfeed > panel)


def _not_approved(facts: Facts) -> Truth:
    return known(facts, ("device",), lambda device: isinstance(device, Unlisted) or not device.approved)


def _other_type(facts: Facts) -> Truth:
    """Approved, but for other request types: the list may limit a device to some."""
    if isinstance(facts.device, Unlisted):
        return FALSE
    return known(
        facts,
        ("device",),
        lambda device: (
            device.approved and bool(device.request_types) and facts.request_type not in device.request_types
        ),
    )


def _lacks_storage(facts: Facts) -> Truth:
    return device_is(facts, "requires_storage") & is_(facts, "has_storage", False)


def _lacks_companions(facts: Facts) -> Truth:
    """Asked only once a device is chosen that needs some: until then the device alone is missing."""
    needed = device_is(facts, "companions")
    if facts.device is None:
        return FALSE if facts.has_companions else needed
    return needed & is_(facts, "has_companions", False)


def _over_device_limit(facts: Facts) -> Truth:
    if isinstance(facts.device, Unlisted) or (facts.device and facts.device.max_service_amps is None):
        return FALSE
    return known(facts, ("device", "panel_rating_amps"), lambda device, panel: panel > device.max_service_amps)


def taught_here(facts: Facts) -> str:
    """What visits taught of this panel with this device, in words; empty where nothing, or nobody can tell yet."""
    device = getattr(facts.device, "id", None)
    here = (rule for rule in _taught_of_panel(facts) if rule.device in {None, device})
    return min(here, key=lambda rule: rule.device is not None).explanation if _taught(facts).value else ""


def _taught_of_panel(facts: Facts) -> list[Taught]:
    """Nobody waits for the model (`NEVER_MISSED`): while it is open, nothing was taught of it."""
    model = facts.panel_model or ""
    return [rule for rule in facts.taught if matches(model, (rule.normalized,))]


def _taught_of_any_device(facts: Facts) -> Truth:
    return TRUE if any(rule.device is None for rule in _taught_of_panel(facts)) else FALSE


def _taught_of_device(facts: Facts) -> Truth:
    """With this device, where other devices may do."""
    devices = {rule.device for rule in _taught_of_panel(facts)}
    if not devices or None in devices or isinstance(facts.device, Unlisted):
        return FALSE
    return known(facts, ("device",), lambda device: device.id in devices)


def _taught(facts: Facts) -> Truth:
    return _taught_of_any_device(facts) | _taught_of_device(facts)


def _panel_listed(facts: Facts) -> Truth:
    return known(facts, ("panel_model",), lambda model: matches(model, facts.incompatible_panels))


def _clips(facts: Facts) -> Truth:
    return is_(facts, "double_sided_clips", True) | _panel_listed(facts)


def suggested_panel(facts: Facts) -> str:
    """The listed panel model that was probably meant; empty where the person said that it was not."""
    if facts.panel_model is None or facts.panel_model_confirmed:
        return ""
    return near_miss(facts.panel_model, facts.incompatible_panels)


def _maybe_clips(facts: Facts) -> Truth:
    """Asked at once, whether or not the clips were answered for: a slip in the model hides a listed one."""
    if facts.double_sided_clips:
        return FALSE
    return known(facts, ("panel_model",), lambda _model: bool(suggested_panel(facts)))


def _clips_field(facts: Facts) -> str:
    return "panel_model" if _panel_listed(facts).value else "double_sided_clips"


def _isolating_beside_gma(facts: Facts) -> Truth:
    return device_is(facts, "isolating") & is_(facts, "existing_adapter", ExistingAdapter.GMA)


def _solar_without_storage(facts: Facts) -> Truth:
    return is_(facts, "has_solar", True) & is_(facts, "has_storage", False)


E1 = Rule(
    number="E1",
    question=_("Is this a home?"),
    judged_for=EVERY_TYPE,
    fields=("service_class",),
    cases=(
        Case(
            holds=lambda facts: ~is_(facts, "service_class", ServiceClass.RESIDENTIAL),
            severity=Severity.BLOCKS,
            field="service_class",
            message=_("The program is for homes. This service account is not residential."),
            todo=_("If the account is for a home after all, change this answer. Your bill names the rate."),
        ),
    ),
)
E2 = Rule(
    number="E2",
    question=_("What kind of meter is it?"),
    judged_for=PLACES_DEVICE,
    fields=("meter_kind",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "meter_kind", MeterKind.INSTRUMENT_RATED),
            severity=Severity.BLOCKS,
            field="meter_kind",
            message=_(
                "The panel is instrument-rated: its meter measures through transformers. An MSA cannot go there."
            ),
            todo=_("Ask your installer about other ways to connect. Homes up to 200 A rarely have such a meter."),
        ),
    ),
    checklist=_("The meter is self-contained, not instrument-rated."),
    help_topic="panels",
)
E3 = Rule(
    number="E3",
    question=_("What service does the panel have?"),
    judged_for=PLACES_DEVICE,
    fields=("service",),
    cases=(
        Case(
            holds=lambda facts: ~is_(facts, "service", Service.SINGLE_PHASE),
            severity=Severity.BLOCKS,
            field="service",
            message=_("An MSA fits a single phase, 3-wire, 120/240 V panel only. This panel has another service."),
            todo=_("Check the label inside the panel's door. If it says otherwise, ask your installer."),
        ),
    ),
    checklist=_("The panel is single phase, 3-wire, 120/240 V."),
    help_topic="panels",
)
E4 = Rule(
    number="E4",
    question=_("How many amps are the panel and the service rated for?"),
    judged_for=PLACES_DEVICE,
    fields=("panel_rating_amps", "service_amps"),
    cases=(
        Case(
            holds=_rated_over,
            severity=Severity.BLOCKS,
            field=_rating_over,
            message=_("Panel, meter and service may be rated for 200 A at most. There is no MSA for more."),
            todo=_("Read the rating on the panel's label again. If it is right, ask your installer for another way."),
        ),
    ),
    checklist=_("Panel, meter and service are rated for 200 A or less."),
    help_topic="400-amp",
)
E5 = Rule(
    number="E5",
    question=_("Can the panel take what your system sends back?"),
    judged_for=PLACES_DEVICE,
    fields=("has_solar", "has_storage", "backfeed_amps", "panel_rating_amps"),
    cases=(
        Case(
            holds=_backfeed_over,
            severity=Severity.BLOCKS,
            field="backfeed_amps",
            message=_(
                "The back-feed, the power your system can send toward the panel, is %(backfeed_amps)s A. "
                "The panel is rated for %(panel_rating_amps)s A, and the back-feed may not be more."
            ),
            todo=_("Ask your installer for a smaller system, or for a panel with a higher rating, up to 200 A."),
        ),
    ),
    checklist=_("The back-feed on the system's label is not over the panel's rating."),
)
E6 = Rule(
    number="E6",
    question=_("Which device is it?"),
    judged_for=PLACES_DEVICE,
    fields=("device",),
    cases=(
        Case(
            holds=_not_approved,
            severity=Severity.BLOCKS,
            field="device",
            message=_("This device is not on the Approved Product List for %(day)s."),
            todo=_("Choose a device that is on the list now. A maker can ask the utility to evaluate a new one."),
        ),
        Case(
            holds=_other_type,
            severity=Severity.BLOCKS,
            field="device",
            message=_("On the Approved Product List this device is for other requests: %(device_types)s."),
            todo=_("Choose another device, or another request type if that is what you need."),
        ),
    ),
    checklist=_("The MSA on site is the approved model that the request names."),
    help_topic="devices",
)
E7 = Rule(
    number="E7",
    question=_("Does the device fit the meter socket?"),
    judged_for=PLACES_DEVICE,
    fields=("device", "panel_rating_amps", "panel_model"),
    cases=(
        Case(
            holds=_taught_of_any_device,
            severity=Severity.BLOCKS,
            field="panel_model",
            message=_("%(taught)s Site visits to panels of this model did not succeed."),
            todo=_("Check the model on the panel's label. If it is right, ask your installer about another panel."),
        ),
        Case(
            holds=_taught_of_device,
            severity=Severity.BLOCKS,
            field="device",
            message=_("%(taught)s Site visits with this device to panels of this model did not succeed."),
            todo=_("Choose another device. If the panel's label names another model, put the model right."),
        ),
        Case(
            holds=lambda facts: _over_device_limit(facts) & ~_taught(facts),
            severity=Severity.BLOCKS,
            field="device",
            message=_(
                "This device is made for %(device_amps)s A at most. The panel is rated for %(panel_rating_amps)s A."
            ),
            todo=_("Choose a device that is approved for your panel's rating."),
        ),
    ),
    checklist=_("The MSA fits the meter socket and is made for its rating."),
    help_topic="devices",
)
E8 = Rule(
    number="E8",
    question=_("Does the panel have double-sided clips?"),
    judged_for=PLACES_DEVICE,
    fields=("panel_model", "double_sided_clips"),
    cases=(
        Case(
            holds=_clips,
            severity=Severity.BLOCKS,
            field=_clips_field,
            message=_(
                "In this panel, double-sided clips hold the bus bars. An MSA cannot sit safely in such a socket."
            ),
            todo=_("Check the model on the panel's label. If it is right, ask your installer about another panel."),
        ),
        Case(
            holds=_maybe_clips,
            severity=Severity.FIXABLE,
            field="panel_model",
            message=_(
                "Did you mean %(suggestion)s? It is close to what you typed, and such a panel cannot take an MSA."
            ),
            todo=_("Read the panel's label once more. Then say which of the two it is."),
            suggests=suggested_panel,
        ),
    ),
    checklist=_("Bolts or rivets hold the bus bars, not double-sided clips."),
    help_topic="panels",
)
E9 = Rule(
    number="E9",
    question=_("Are communication cables in liquid-tight conduit?"),
    judged_for=PLACES_DEVICE,
    fields=("device", "liquid_tight_on_communication_cable"),
    cases=(
        Case(
            holds=lambda facts: (
                device_is(facts, "isolating") & is_(facts, "liquid_tight_on_communication_cable", True)
            ),
            severity=Severity.FIXABLE,
            field="liquid_tight_on_communication_cable",
            message=_("The communication cable of an isolating MSA may not run in liquid-tight conduit."),
            todo=_("Have your installer take the liquid-tight conduit off that cable before the visit."),
        ),
    ),
    checklist=_("Isolating MSA: no liquid-tight conduit on the communication cable."),
)
E10 = Rule(
    number="E10",
    question=_("Are energized conductors in liquid-tight conduit?"),
    judged_for=PLACES_DEVICE,
    fields=("energized_conductors_in_liquid_tight",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "energized_conductors_in_liquid_tight", LiquidTight.NO),
            severity=Severity.FIXABLE,
            field="energized_conductors_in_liquid_tight",
            message=_(
                "Wires that carry 120 or 240 V, such as a solar tap to the A/C disconnect or an EV charging cable, "
                "must run in liquid-tight conduit."
            ),
            todo=_("Have your installer put those wires in liquid-tight conduit before the visit."),
        ),
    ),
    checklist=_("Wires with 120 or 240 V (solar tap, EV charging cable) run in liquid-tight conduit."),
)
E11 = Rule(
    number="E11",
    question=_("Is communication conduit in the way?"),
    judged_for=PLACES_DEVICE,
    fields=("communication_conduit_obstructs",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "communication_conduit_obstructs", True),
            severity=Severity.FIXABLE,
            field="communication_conduit_obstructs",
            message=_("Communication conduit is in the way of the pull section or of a breaker opening."),
            todo=_("Have your installer move the conduit before the visit."),
        ),
    ),
    checklist=_("Communication conduit leaves the pull section and the breaker openings free."),
)
E12 = Rule(
    number="E12",
    question=_("Does the panel meet the standards?"),
    judged_for=PLACES_DEVICE,
    fields=("service_requirement_violation",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "service_requirement_violation", True),
            severity=Severity.BLOCKS,
            field="service_requirement_violation",
            message=_(
                "The panel has a known violation of the Electrical Service Requirements, or another safety hazard."
            ),
            todo=_("Have an electrician repair it first. Then check again."),
        ),
    ),
    checklist=_("No violation of the Electrical Service Requirements and no other safety hazard."),
    help_topic="gas-meter-clearance",
)
E13 = Rule(
    number="E13",
    question=_("Is the MSA by the meter, in a waterproof package?"),
    judged_for=PLACES_DEVICE,
    fields=("device_in_waterproof_package",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "device_in_waterproof_package", False),
            severity=Severity.FIXABLE,
            field="device_in_waterproof_package",
            message=_("The MSA must wait next to the meter, in a waterproof package that is easy to see."),
            todo=_("Put it there before the visit, in a bright bag or box that keeps the rain out."),
        ),
    ),
    checklist=_("The MSA is next to the meter in a waterproof package that is easy to see."),
    help_topic="when-to-request",
)
E14 = Rule(
    number="E14",
    question=_("Is the MSA clean, dry and undamaged?"),
    judged_for=PLACES_DEVICE,
    fields=("device_clean_dry_undamaged",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "device_clean_dry_undamaged", False),
            severity=Severity.FIXABLE,
            field="device_clean_dry_undamaged",
            message=_("An MSA that is damaged, dirty or wet cannot be installed."),
            todo=_("Clean and dry it. If it is damaged, ask your vendor for another one."),
        ),
    ),
    checklist=_("The MSA is clean, dry and undamaged."),
)
E16 = Rule(
    number="E16",
    question=_("Is there a GMA, and what goes with it?"),
    judged_for=PLACES_DEVICE,
    fields=("device", "existing_adapter", "has_solar", "has_storage"),
    cases=(
        Case(
            holds=lambda facts: _isolating_beside_gma(facts) & _solar_without_storage(facts),
            severity=Severity.BLOCKS,
            field="has_storage",
            message=_(
                "You have a generation meter adapter (GMA) and solar without storage. "
                "An MSA cannot separate such a home from the grid."
            ),
            todo=_("Add energy storage to your project, or choose a device that does not isolate."),
        ),
        Case(
            holds=lambda facts: (
                _isolating_beside_gma(facts)
                & ~_solar_without_storage(facts)
                & ~is_(facts, "request_type", RequestType.REPLACEMENT)
            ),
            severity=Severity.FIXABLE,
            field="request_type",
            message=_("A generation meter adapter (GMA) is in the way: the utility has to take it out first."),
            todo=_(
                "Choose “Replacement” as the request type. It takes the GMA out and puts your MSA in, in one visit."
            ),
        ),
    ),
    checklist=_("Isolating MSA and a GMA on site: the GMA comes out."),
    help_topic="msa-and-gma",
)
E17 = Rule(
    number="E17",
    question=_("Can the technician get to the meter?"),
    judged_for=EVERY_TYPE,
    fields=("clear_meter_access",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "clear_meter_access", False),
            severity=Severity.FIXABLE,
            field="clear_meter_access",
            message=_("The meter technician needs a clear, safe way to the meter."),
            todo=_("Clear the way, unlock the gate and keep pets inside on the day. Nobody has to be at home."),
        ),
    ),
    checklist=_("The way to the meter is clear and safe."),
    help_topic="who-installs",
)
E18 = Rule(
    number="E18",
    question=_("Is there what the device needs?"),
    judged_for=PLACES_DEVICE,
    fields=("device", "has_storage", "has_companions"),
    cases=(
        Case(
            holds=lambda facts: _lacks_storage(facts) | _lacks_companions(facts),
            severity=Severity.FIXABLE,
            field=lambda facts: "has_storage" if _lacks_storage(facts).value else "has_companions",
            message=_("This device works only together with other devices that are not there: %(lacking)s."),
            todo=_("Plan what is missing with this project, or choose a device that works without it."),
        ),
    ),
    checklist=_("The further devices that the product needs, such as storage, are there or planned."),
    help_topic="devices",
)
R5 = Rule(
    number="R5",
    question=_("Are the documents there that the device asks for?"),
    judged_for=PLACES_DEVICE,
    fields=("device",),
    cases=(
        Case(
            holds=lambda facts: TRUE if facts.missing_documents else FALSE,
            severity=Severity.FIXABLE,
            field="device",
            message=_("This device asks for documents that are not here yet: %(documents)s."),
            todo=_("Add them below the device, as a PDF or as photos."),
        ),
    ),
    help_topic="devices",
)
R6 = Rule(
    number="R6",
    question=_("Is there an adapter now?"),
    judged_for=NEEDS_ADAPTER,
    fields=("existing_adapter",),
    cases=(
        Case(
            holds=lambda facts: is_(facts, "existing_adapter", ExistingAdapter.NONE),
            severity=Severity.FIXABLE,
            field="request_type",
            message=_("There is no adapter to remove, replace or maintain."),
            todo=_("To get a first MSA, choose “Install” as the request type."),
        ),
    ),
    checklist=_("An MSA or a GMA is in the meter socket now."),
)

# E15 (overhead service is fine) is kept by having no rule at all.
RULES: tuple[Rule, ...] = (E1, E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12, E13, E14, E16, E17, E18, R5, R6)
BY_NUMBER = {rule.number: rule for rule in RULES}

# Nobody waits for these: double_sided_clips answers for panel_model, panel_rating_amps for service_amps.
NEVER_MISSED = frozenset({"panel_model", "service_amps"})
# Shown to staff and technician; never a reason (E15).
_ALSO_ASKED = frozenset({"service_entrance"})


def rules_for(request_type: str | None) -> tuple[Rule, ...]:
    """The rules judged for that type (D11); none while the type is open."""
    return tuple(rule for rule in RULES if request_type in rule.judged_for)


def questions_for(request_type: str | None) -> tuple[str, ...]:
    """The fields to ask for that type, in the order of the form; just the type while it is open."""
    asked = {"request_type"} | {field for rule in rules_for(request_type) for field in rule.fields}
    if request_type in PLACES_DEVICE:
        asked |= _ALSO_ASKED
    return tuple(name for name in FIELDS if name in asked)
