"""The agreement as people read it: its sections, with the facts in them, for page and PDF alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Field
from django.utils.translation import gettext as _

from msa_portal import formats
from msa_portal.business_days.calendar import local_day
from requests_app.agreements import agreement_facts
from requests_app.application import steps
from requests_app.enums import Section
from requests_app.models import Agreement, MSARequest


@dataclass(frozen=True)
class Fact:
    name: str
    label: str
    value: str


@dataclass(frozen=True)
class TextSection:
    """A section with who signs it."""

    code: str
    title: str
    paragraphs: list[str]
    facts: list[Fact]
    signed_by: str
    signers: list[str]


@dataclass(frozen=True)
class Change:
    """A fact that differs between two versions."""

    label: str
    before: str
    after: str


def label(name: str) -> str:
    own = {"device": _("MSA"), "agent_company": _("agent's company"), "agent": _("agent")}
    words = own.get(name) or steps.label(name)
    return words[:1].upper() + words[1:]


def _label_in(agreement: Agreement, name: str) -> str:
    """The company acts through any of its people: the text says on which day it was that person (D22)."""
    if name != "agent":
        return label(name)
    day = formats.day(local_day(agreement.created_at))
    return _("Agent on %(day)s") % {"day": day}


def value(name: str, facts: Mapping[str, Any]) -> str:
    """The fact in words: a choice by its label."""
    raw = facts.get(name, "")
    return str(dict(_choices(name)).get(raw) or raw or "")


def _choices(name: str) -> Iterable[tuple[str, Any]]:
    """As the request's own field has them; none for a fact that is free text or names a row."""
    field = MSARequest._meta.get_field(name)
    return field.flatchoices if isinstance(field, Field) and field.choices else ()


def facts_of(agreement: Agreement, names: tuple[str, ...]) -> list[Fact]:
    """Those that have a value: a fact that does not apply is not named."""
    facts = [Fact(name, _label_in(agreement, name), value(name, agreement.facts)) for name in names]
    return [fact for fact in facts if fact.value]


def sections_of(agreement: Agreement) -> list[TextSection]:
    wording = agreement.wording
    parts = {
        Section.CUSTOMER_TERMS: (wording.customer_terms, _("Signed by the customer")),
        Section.AUTHORIZATION: (
            wording.authorization,
            _("Signed by the customer and by the agent"),
        ),
        Section.SUBMITTAL: (wording.submittal, _("Signed by the agent")),
    }
    return [
        TextSection(
            code=section.value,
            title=str(section.label),
            paragraphs=_paragraphs(parts[section][0]),
            facts=facts_of(agreement, agreement_facts.shown_in(section)),
            signed_by=parts[section][1],
            signers=_signers(section, agreement),
        )
        for section in map(Section, agreement.sections)
    ]


def _signers(section: Section, agreement: Agreement) -> list[str]:
    """Who signs it, in words, for the boxes on the printed page."""
    customer = _("Customer: %(name)s") % {"name": agreement.facts.get("customer_name", "")}
    agent = _("Agent: %(company)s") % {"company": agreement.facts.get("agent_company", "")}
    return {
        Section.CUSTOMER_TERMS: [customer],
        Section.AUTHORIZATION: [customer, agent],
        Section.SUBMITTAL: [agent],
    }[section]


def _paragraphs(text: str) -> list[str]:
    """Paragraphs are parted by an empty line."""
    blocks = text.replace("\r\n", "\n").split("\n\n")
    return [" ".join(block.split()) for block in blocks if block.strip()]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    return [
        Change(label(name), value(name, before) or "–", value(name, after) or "–")
        for name in agreement_facts.differing(before, after)
    ]
