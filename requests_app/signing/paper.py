"""Signing on paper: pages come in, staff accept them section by section or say what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock, locked
from msa_portal.errors import Refused, Stale
from requests_app import history, permissions, signals
from requests_app.agreements import versions
from requests_app.enums import (
    AgreementState,
    DecisionKind,
    DocumentKind,
    EventKind,
    PaperState,
    Party,
    ScanState,
    Section,
)
from requests_app.files import storage, uploads
from requests_app.lifecycle import decision_acts, staff_decisions
from requests_app.lifecycle import seen as seen_states
from requests_app.models import (
    Agreement,
    Document,
    MSARequest,
    PaperReason,
    PaperSection,
    PaperSigning,
    SigningInvitation,
    StaffDecision,
)
from requests_app.signing import invitations, signatures

MOST_FILES = 12


@dataclass(frozen=True)
class Verdict:
    """What staff say of one section: accepted where there is no reason against it."""

    section: Section
    reason: PaperReason | None = None
    note: str = ""


def connect() -> None:
    decision_acts.register(DecisionKind.PAPER, _act)
    signals.file_infected.connect(_drop_infected, sender=Document, dispatch_uid="infected paper")


def send(
    agreement: Agreement,
    party: Party,
    files: Sequence[UploadedFile[Any]],
    *,
    by: User | None,
    invitation: SigningInvitation | None = None,
) -> PaperSigning:
    """Take in a party's pages, in place of any that still wait. By whoever acts, or by the customer's link.

    Raises `Refused`, with nothing kept, for a version that was replaced, for sections that are
    signed already, and for a file that is not taken.
    """
    _check_still_asked_for(agreement, agreement.msa_request, party)
    checked = [_checked(file) for file in _counted(files)]
    with storage.atomic():
        msa_request = lock(agreement.msa_request)
        fresh = lock(agreement)
        _check_may_send(fresh, msa_request, party, by=by, invitation=invitation)
        _check_still_asked_for(fresh, msa_request, party)
        _replace_waiting(fresh, party)
        paper = PaperSigning.objects.create(
            agreement=fresh,
            party=party,
            sent_by=by,
            sent_from=invitation.email if invitation else by.email if by else "",
        )
        kept = [uploads.keep(msa_request, page, kind=DocumentKind.PAPER_AGREEMENT, by=by) for page in checked]
        paper.documents.set(kept)
        for section in missing_sections(fresh, party):
            PaperSection.objects.create(paper=paper, section=section)
        codes = {"agreement": fresh.version, "party": party.value, "paper": paper.pk}
        history.record(msa_request, EventKind.PAPER_SENT, by=by, codes=codes)
    return paper


def decide(paper: PaperSigning, verdicts: Iterable[Verdict], *, by: User) -> StaffDecision:
    """Staff's word on every section that waits, as a decision that waits before it acts (D24).

    Once it's released, what is sent back is told to the sender, all at once. The last section that is accepted signs for
    that party, and the last party executes the agreement.
    """
    said = list(verdicts)
    msa_request = paper.agreement.msa_request
    content = {
        "paper": paper.pk,
        "verdicts": [
            {"section": verdict.section.value, "reason": verdict.reason and verdict.reason.pk, "note": verdict.note}
            for verdict in said
        ],
        "words": [_in_words(verdict) for verdict in said],
    }
    decision = staff_decisions.decide(
        msa_request, DecisionKind.PAPER, content, by=by, seen=seen_states.of(msa_request)
    )
    paper.refresh_from_db()
    return decision


def _in_words(verdict: Verdict) -> str:
    said = verdict.reason.title if verdict.reason else _("accepted")
    return ". ".join(filter(None, [f"{verdict.section.label}: {said}", verdict.note]))


def _act(msa_request: MSARequest, decision: StaffDecision) -> None:
    """Released. The pages have to be those that were looked at: ones that were replaced since are refused."""
    by, at = decision.decided_by, decision.decided_at
    with storage.atomic(), locked(msa_request) as held:
        fresh = lock(PaperSigning(pk=decision.content["paper"]))
        agreement = lock(fresh.agreement)
        agreement.msa_request = held
        _check_decidable(fresh, agreement)
        waiting = {row.section: row for row in fresh.sections.filter(state=PaperState.SENT)}
        said = {verdict.section.value: verdict for verdict in _verdicts(decision.content["verdicts"])}
        if set(said) != set(waiting):
            raise Refused(_("Say for each section whether it is accepted or sent back."), code="sections_missing")
        for section, row in waiting.items():
            _decide_section(row, said[section], by=by, at=at)
        sent_back = [row for row in waiting.values() if row.state == PaperState.SENT_BACK]
        fresh.state = PaperState.SENT_BACK if sent_back else PaperState.ACCEPTED
        fresh.save(update_fields=["state"])
        party = Party(fresh.party)
        signatures.accept_paper(
            agreement,
            party=party,
            sections=accepted_sections(agreement, party),
            email=fresh.sent_from,
            sent_by=fresh.sent_by,
            by=by,
        )
        if sent_back:
            codes = {"agreement": agreement.version, "party": party.value, "paper": fresh.pk}
            history.record(held, EventKind.PAPER_SENT_BACK, by=by, codes=codes, at=at)


def _verdicts(content: Iterable[dict[str, Any]]) -> list[Verdict]:
    said = list(content)
    reasons = PaperReason.objects.in_bulk([verdict["reason"] for verdict in said if verdict["reason"]])
    return [
        Verdict(
            Section(verdict["section"]), reasons[verdict["reason"]] if verdict["reason"] else None, verdict["note"]
        )
        for verdict in said
    ]


def accepted_sections(agreement: Agreement, party: Party) -> list[str]:
    """In the agreement's order, over all that the party sent for this version or signed before."""
    rows = PaperSection.objects.filter(paper__agreement=agreement, paper__party=party, state=PaperState.ACCEPTED)
    accepted = set(rows.values_list("section", flat=True))
    still = agreement.missing_sections(party)
    sections = agreement.sections_of(party)
    return [section for section in sections if section in accepted or section not in still]


def missing_sections(agreement: Agreement, party: Party) -> list[str]:
    accepted = accepted_sections(agreement, party)
    return [section for section in agreement.sections_of(party) if section not in accepted]


def asked_for(agreement: Agreement) -> list[Party]:
    """Whose pages may still be sent."""
    if agreement.state != AgreementState.SIGNING:
        return []
    return agreement.waited_for


def papers_of(agreement: Agreement) -> list[PaperSigning]:
    """Newest first, with their sections and files."""
    rows = agreement.papers.prefetch_related("sections__reason", "documents")
    return list(rows.order_by("-pk"))


def _counted(files: Sequence[UploadedFile[Any]]) -> Sequence[UploadedFile[Any]]:
    if not files:
        raise Refused(_("Choose the scan, or the photos of all pages."), code="no_file", fields={"pages": ""})
    if len(files) > MOST_FILES:
        raise Refused(
            _("Send at most %(most)s files. A scan with all pages in one PDF works best.") % {"most": MOST_FILES},
            code="too_many_files",
            fields={"pages": ""},
        )
    return files


def _checked(file: UploadedFile[Any]) -> uploads.Checked:
    try:
        return uploads.check(file, allow_pdf=True)
    except Refused as refusal:
        words = _("%(name)s: %(reason)s") % {"name": file.name, "reason": refusal}
        raise Refused(words, code=refusal.code, fields={"pages": words}) from refusal


def _check_still_asked_for(agreement: Agreement, msa_request: MSARequest, party: Party) -> None:
    if agreement.state == AgreementState.SUPERSEDED or not versions.matches(agreement, msa_request):
        raise Refused(
            _(
                "These pages are of agreement %(number)s, which was replaced because something in it changed. "
                "Print the new one, sign it and send that."
            )
            % {"number": agreement.number},
            code="agreement_replaced",
        )
    if party not in asked_for(agreement):
        raise Refused(_("This part is signed already. There is nothing more to send."), code="already_signed")


def _check_may_send(
    agreement: Agreement,
    msa_request: MSARequest,
    party: Party,
    *,
    by: User | None,
    invitation: SigningInvitation | None,
) -> None:
    if invitation is not None:
        fresh = lock(invitation)
        invitations.check_invitation(fresh)
        if fresh.agreement_id != agreement.pk or fresh.party != party:
            raise Refused(_("This link is for another document."), code="wrong_link")
        return
    if by is None:
        raise Refused(_("Sign in first."), code="not_allowed")
    permissions.check_acts_for(by, msa_request)


def _replace_waiting(agreement: Agreement, party: Party) -> None:
    waiting = PaperSigning.objects.filter(agreement=agreement, party=party, state=PaperState.SENT)
    Document.objects.filter(papers__in=waiting).update(replaced_at=timezone.now())
    PaperSection.objects.filter(paper__in=waiting, state=PaperState.SENT).update(state=PaperState.REPLACED)
    waiting.update(state=PaperState.REPLACED)


def _check_decidable(paper: PaperSigning, agreement: Agreement) -> None:
    if paper.state != PaperState.SENT:
        raise Stale(
            _("These pages are “%(state)s” already. Nothing has changed.") % {"state": paper.get_state_display()},
            code="already_decided",
        )
    _check_still_asked_for(agreement, agreement.msa_request, Party(paper.party))
    if any(not document.is_readable for document in paper.documents.all()):
        raise Refused(_("A file still waits for the virus scanner. Decide when it can be opened."), code="quarantine")


def _decide_section(row: PaperSection, verdict: Verdict, *, by: User, at: datetime) -> None:
    row.state = PaperState.SENT_BACK if verdict.reason else PaperState.ACCEPTED
    row.reason, row.note = verdict.reason, verdict.note if verdict.reason else ""
    row.decided_at, row.decided_by = at, by
    row.save()


def _drop_infected(sender: Any, row: Document, msa_request: MSARequest, **_kwargs: Any) -> None:
    """Pages with an infected file wait for nobody: their sender was told to send them again."""
    for paper in PaperSigning.objects.filter(documents=row, state=PaperState.SENT):
        _replace_waiting(paper.agreement, Party(paper.party))


def is_being_checked(paper: PaperSigning) -> bool:
    return any(document.scan == ScanState.WAITING for document in paper.documents.all())
