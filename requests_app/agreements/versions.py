"""Versions of the agreement: which facts each covers, whether it still matches, and when it is replaced (A1 to A3)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import lock
from msa_portal.errors import Refused
from msa_portal.jobs import kick
from requests_app import history, permissions
from requests_app.agreements import agreement_facts
from requests_app.application import completeness, inapplicable_answers
from requests_app.enums import FINAL, AgreementState, EventKind, Section
from requests_app.models import (
    Agreement,
    AgreementWording,
    MSARequest,
    Signature,
    SignedSection,
    SigningInvitation,
)

# Of a signature, what goes with it to the next version.
_CARRIED = (
    "party",
    "name",
    "email",
    "email_proof",
    "user",
    "consent_text",
    "drawing_id",
    "document_sha256",
    "signed_at",
    "ip_address",
    "user_agent",
)
_WORK_FIELDS = tuple(name for name in agreement_facts.WORK if name != "device")
# The request's own fields among the covered facts; the agent's company changes by a door of its own.
COVERED_FIELDS = frozenset({*agreement_facts.CUSTOMER, *agreement_facts.WORK})


def covered_facts(msa_request: MSARequest) -> dict[str, Any]:
    """The facts that an agreement made now would state, as plain JSON."""
    facts: dict[str, Any] = {name: getattr(msa_request, name) for name in (*agreement_facts.CUSTOMER, *_WORK_FIELDS)}
    facts["device"] = str(msa_request.device) if msa_request.places_device and msa_request.device else ""
    facts["agent_company"] = (
        msa_request.agent_company.name if msa_request.has_agent and msa_request.agent_company else ""
    )
    facts["agent"] = msa_request.agent.name if msa_request.has_agent and msa_request.agent else ""
    return facts


def sections_for(msa_request: MSARequest) -> list[str]:
    """The customer's terms always; the agent's two sections where an agent submits (A2)."""
    agent = [Section.AUTHORIZATION.value, Section.SUBMITTAL.value] if msa_request.has_agent else []
    return [Section.CUSTOMER_TERMS.value, *agent]


def current(msa_request: MSARequest) -> Agreement | None:
    return msa_request.case.agreement


def replaced(agreement: Agreement | None, msa_request: MSARequest) -> Agreement | None:
    """The version before that one, or the last of all: what people had in hand."""
    older = Agreement.objects.filter(msa_request=msa_request, state=AgreementState.SUPERSEDED)
    if agreement is not None:
        older = older.filter(version__lt=agreement.version)
    return older.order_by("version").last()


def is_executed(msa_request: MSARequest) -> bool:
    """Signed by everyone, and every fact in it still stands."""
    agreement = current(msa_request)
    return agreement is not None and agreement.state == AgreementState.EXECUTED and matches(agreement, msa_request)


def wording_in_force() -> AgreementWording:
    """Of the wordings that supervisors published, the one whose day came last; in demo, failing that, the newest
    sample (D19)."""
    today = local_day(timezone.now())
    published = AgreementWording.objects.filter(published_at__isnull=False, effective_on__lte=today)
    if not settings.DEMO:
        published = published.filter(published_by__isnull=False)
    wording = published.order_by("-effective_on", "-published_at", "-pk").first()
    if wording is None and settings.DEMO:
        wording = AgreementWording.objects.filter(is_sample=True).order_by("-pk").first()
    if wording is None:
        raise Refused(
            _("The agreement's wording is not published yet, so nothing can be signed. Please come back later."),
            code="no_wording",
        )
    return wording


def check_wording(wording: AgreementWording) -> None:
    """Outside demo nobody signs what no supervisor published (D19)."""
    if not settings.DEMO and wording.published_by_id is None:
        raise Refused(
            _("This agreement's wording is not published, so it cannot be signed. Please come back later."),
            code="no_wording",
        )


def prepare(msa_request: MSARequest, *, by: User) -> Agreement:
    """Make the agreement for the facts as they are, or return the one that already states them.

    An older one is superseded and its invitations are void. The PDF is rendered by a task after
    the commit (`requests_app.render_agreement`); until then the state is `rendering`.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        permissions.check_acts_for(by, fresh)
        completeness.check_form_complete(fresh)
        inapplicable_answers.clear_inapplicable_answers(fresh)
        check_open(fresh)
        existing = current(fresh)
        if existing is not None and matches(existing, fresh):
            return existing
        if existing is not None:
            supersede(existing, by=by)
        fresh.agreement_version += 1
        fresh.save(update_fields=["agreement_version", "updated_at"])
        agreement = Agreement.objects.create(
            msa_request=fresh,
            version=fresh.agreement_version,
            wording=wording_in_force(),
            facts=covered_facts(fresh),
            sections=sections_for(fresh),
        )
        if agreement.version > 1:
            _carry_over(agreement)
        fresh.case.now_has(agreement=agreement)
        history.record(fresh, EventKind.AGREEMENT_PREPARED, by=by, codes={"agreement": agreement.version})
        kick("requests_app.render_agreement", agreement.pk)
    return agreement


def check_open(msa_request: MSARequest) -> None:
    if msa_request.status in FINAL:
        raise Refused(
            _("This request is “%(status)s”, so nothing is signed any more.")
            % {"status": msa_request.get_status_display()},
            code="request_closed",
        )


def matches(agreement: Agreement, msa_request: MSARequest) -> bool:
    """Whether it says what the request says now (A3)."""
    return agreement.sections == sections_for(msa_request) and not agreement_facts.differing(
        agreement.facts, covered_facts(msa_request)
    )


def _carry_over(agreement: Agreement) -> None:
    """What was signed of the version before stands, where wording and all facts of a section are the same."""
    before = replaced(agreement, agreement.msa_request)
    if before is None or before.wording_id != agreement.wording_id:
        return
    same = set(agreement_facts.unchanged_sections(before.facts, agreement.facts, agreement.sections))
    for signature in before.signatures.order_by("pk"):
        kept = [section for section in signature.sections if section in same]
        if kept:
            write_signature(_copied(signature, agreement, kept))


def _copied(signature: Signature, agreement: Agreement, sections: list[str]) -> Signature:
    original = signature.carried_from or signature
    return Signature(
        agreement=agreement,
        sections=sections,
        carried_from=original,
        **{name: getattr(original, name) for name in _CARRIED},
    )


def write_signature(signature: Signature) -> Signature:
    """With a row a section: the database lets a party sign each once (fault 44)."""
    signature.save(force_insert=True)
    signature.agreement.knows_signature(signature)
    SignedSection.objects.bulk_create(
        SignedSection(signature=signature, agreement=signature.agreement, party=signature.party, section=section)
        for section in signature.sections
    )
    return signature


def supersede(agreement: Agreement, *, by: User | None) -> None:
    """Replaced: its invitations are void. The caller holds the request's lock."""
    now = timezone.now()
    agreement.state = AgreementState.SUPERSEDED
    agreement.superseded_at = now
    agreement.save(update_fields=["state", "superseded_at"])
    void_invitations(agreement)
    history.record(
        agreement.msa_request, EventKind.AGREEMENT_SUPERSEDED, by=by, codes={"agreement": agreement.version}
    )


def supersede_if_changed(msa_request: MSARequest, *, by: User | None, changed: Iterable[str] | None = None) -> bool:
    """After a change of facts: replace an agreement that no longer states them (A3).

    `changed` are the fields that the caller changed. Costs no query where none of them is covered,
    nor where there is no agreement yet.
    """
    if not msa_request.agreement_version or (changed is not None and COVERED_FIELDS.isdisjoint(changed)):
        return False
    agreement = current(msa_request)
    if agreement is None or matches(agreement, msa_request):
        return False
    agreement.msa_request = msa_request
    supersede(agreement, by=by)
    return True


def void_pending(msa_request: MSARequest, *, by: User | None) -> None:
    """No link of the request signs any more; what was signed stays. The caller holds the request's lock."""
    agreement = current(msa_request)
    if agreement is not None and void_invitations(agreement):
        history.record(msa_request, EventKind.INVITATION_CANCELED, by=by, codes={"agreement": agreement.version})


def void_invitations(agreement: Agreement) -> int:
    return SigningInvitation.objects.filter(agreement=agreement, used_at__isnull=True, voided_at__isnull=True).update(
        voided_at=timezone.now()
    )
