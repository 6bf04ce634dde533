"""Which facts each section of the agreement covers (A3): the one place that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from requests_app.enums import Section

CUSTOMER = ("customer_name", "account_number", "street", "unit", "city", "zip_code")
WORK = ("request_type", "device", "existing_adapter", "service_class", "project_number")
COMPANY = ("agent_company",)
# Stated for the reader. Who of the company acts is the company's affair: colleagues hand over.
STATED = ("agent",)

COVERS: dict[Section, tuple[str, ...]] = {
    Section.CUSTOMER_TERMS: (*CUSTOMER, *WORK),
    Section.AUTHORIZATION: (*COMPANY, "customer_name", "account_number"),
    Section.SUBMITTAL: (*COMPANY, *CUSTOMER, *WORK),
}
# The order in which facts are named.
COVERED = (*CUSTOMER, *WORK, *COMPANY)
FACTS = (*COVERED, *STATED)


def shown_in(section: Section) -> tuple[str, ...]:
    """What the reader of that section sees: what it covers, and who acts beside the company."""
    names = COVERS[section]
    if "agent_company" not in names:
        return names
    return ("agent_company", *STATED, *(name for name in names if name != "agent_company"))


def differing(before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str] = COVERED) -> list[str]:
    return [name for name in names if before.get(name, "") != after.get(name, "")]


def unchanged_sections(before: Mapping[str, Any], after: Mapping[str, Any], sections: Iterable[str]) -> list[str]:
    """Those whose every fact is the same: what was signed of them still stands."""
    return [section for section in sections if not differing(before, after, COVERS[Section(section)])]
