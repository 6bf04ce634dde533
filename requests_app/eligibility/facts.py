"""What is judged: typed facts, and truth in three values.

Nothing here or in the rules reads the database: whoever builds `Facts` brings along what is
needed, the list of incompatible panels included.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, kw_only=True)
class DeviceFacts:
    """A device on the Approved Product List; `approved` holds for the day that is judged (E6)."""

    id: int
    isolating: bool
    requires_storage: bool
    max_service_amps: int | None
    approved: bool
    request_types: tuple[str, ...] = ()  # empty: each type that places a device
    companions: tuple[str, ...] = ()  # what it needs besides storage, in words (E18)


@dataclass(frozen=True)
class Unlisted:
    """A device that is not on the list: E6 finds it, and nothing else is asked of it."""


class Taught(NamedTuple):
    """Visits taught that work on this panel cannot be done with that device, or with any (E7)."""

    normalized: str
    device: int | None
    explanation: str


@dataclass(frozen=True)
class Panels:
    """What staff keep of panel models, each normalized: those with double-sided clips (E8), and what visits taught."""

    incompatible: frozenset[str] = frozenset()
    taught: tuple[Taught, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of docs/api.md, by the API's names and in its order. None: nobody has said yet.

    `incompatible_panels` are normalized models (E8), `taught` is what visits showed of some (E7), and `panel_model_confirmed` says that a person stood
    by the model as typed when asked whether one of these was meant; neither is a fact of the site.
    Nor are `missing_documents`, the titles of what the device asks for and nobody has sent yet.
    """

    request_type: str | None = None
    service_class: str | None = None
    meter_kind: str | None = None
    service: str | None = None
    service_entrance: str | None = None  # shown to staff and technician; never a reason (E15)
    service_amps: int | None = None
    panel_rating_amps: int | None = None
    panel_model: str | None = None
    double_sided_clips: bool | None = None
    backfeed_amps: int | None = None
    device: DeviceFacts | Unlisted | None = None
    existing_adapter: str | None = None
    has_solar: bool | None = None
    has_storage: bool | None = None
    has_companions: bool | None = None
    liquid_tight_on_communication_cable: bool | None = None
    energized_conductors_in_liquid_tight: str | None = None
    communication_conduit_obstructs: bool | None = None
    service_requirement_violation: bool | None = None
    device_in_waterproof_package: bool | None = None
    device_clean_dry_undamaged: bool | None = None
    clear_meter_access: bool | None = None
    panel_model_confirmed: bool = False
    incompatible_panels: frozenset[str] = frozenset()
    taught: tuple[Taught, ...] = ()
    missing_documents: tuple[str, ...] = ()


_NO_FACTS = {"panel_model_confirmed", "incompatible_panels", "taught", "missing_documents"}
FIELDS = tuple(field.name for field in dataclasses.fields(Facts) if field.name not in _NO_FACTS)


@dataclass(frozen=True)
class Truth:
    """True, false, or open (None); where it is open, the missing fields that could still decide it.

    A field that cannot change the whole any more drops out as the parts are joined. That is exact
    as long as no field stands twice in one condition.
    """

    value: bool | None
    missing: frozenset[str] = frozenset()

    def __and__(self, other: Truth) -> Truth:
        if self.value is False or other.value is False:
            return FALSE
        if self.value and other.value:
            return TRUE
        return Truth(None, self.missing | other.missing)

    def __or__(self, other: Truth) -> Truth:
        return ~(~self & ~other)

    def __invert__(self) -> Truth:
        return Truth(None if self.value is None else not self.value, self.missing)


TRUE, FALSE = Truth(True), Truth(False)


def known(facts: Facts, names: tuple[str, ...], holds: Callable[..., bool]) -> Truth:
    """What `holds` says of the named facts; open, and naming the gaps, while one is missing."""
    values: list[Any] = [getattr(facts, name) for name in names]
    gaps = frozenset(name for name, value in zip(names, values, strict=True) if value is None)
    return Truth(None, gaps) if gaps else Truth(holds(*values))


def is_(facts: Facts, name: str, value: Any) -> Truth:
    return known(facts, (name,), lambda fact: fact == value)


def over(facts: Facts, name: str, limit: int) -> Truth:
    return known(facts, (name,), lambda fact: fact > limit)


def device_is(facts: Facts, trait: str) -> Truth:
    """A trait of the listed device. It waits for a missing device; one not on the list has none."""
    if isinstance(facts.device, Unlisted):
        return FALSE
    return known(facts, ("device",), lambda device: bool(getattr(device, trait)))
