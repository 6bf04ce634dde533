"""The cure loop: each reason of a failed visit with its own proof that it is put right (S, V4).

A new visit is asked for when every reason is cured (`follow_ups.save_reschedule`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock
from msa_portal.errors import Refused
from requests_app import deadlines, history, permissions
from requests_app.enums import CureProof, DocumentKind, Responsible, ScanState, Status
from requests_app.files import storage, uploads
from requests_app.lifecycle import policies
from requests_app.models import Cure, Document, MSARequest, OutcomeReason, Product, VisitRound

# A device is cured by a Modification Request; what else proves such a reason.
_BY_DEVICE = {CureProof.DEVICE, CureProof.DEVICE_OR_EVIDENCE}
_WITH_FILE = {CureProof.PHOTO, CureProof.EVIDENCE, CureProof.DEVICE_OR_EVIDENCE}
_WITH_WORDS = {CureProof.STATEMENT, CureProof.EVIDENCE, CureProof.DEVICE_OR_EVIDENCE}


def proof_for(reason: OutcomeReason, msa_request: MSARequest) -> CureProof:
    """What this request needs: nothing for the utility's own reasons, no device where none is put in."""
    if reason.responsible == Responsible.UTILITY:
        return CureProof.NOTHING
    proof = CureProof(reason.proof)
    return CureProof.EVIDENCE if proof in _BY_DEVICE and not msa_request.places_device else proof


@dataclass(frozen=True)
class Item:
    """One reason of the failed visit, and how far it is."""

    reason: OutcomeReason
    proof: CureProof
    cure: Cure | None

    @property
    def files(self) -> list[Document]:
        """What was sent for it; a file that turned out to be infected is gone."""
        return (
            [document for document in self.cure.documents.all() if document.scan != ScanState.INFECTED]
            if self.cure
            else []
        )

    @property
    def done(self) -> bool:
        if self.proof == CureProof.NOTHING:
            return True
        if self.cure is None:
            return False
        by_words = self.cure.proof in {CureProof.STATEMENT, CureProof.DEVICE}
        return by_words or bool(self.files)

    @property
    def wants_file(self) -> bool:
        return self.proof in _WITH_FILE

    @property
    def wants_words(self) -> bool:
        return self.proof in _WITH_WORDS

    @property
    def by_device(self) -> bool:
        """A Modification Request puts it right."""
        return self.proof in _BY_DEVICE

    @property
    def only_by_device(self) -> bool:
        return self.proof == CureProof.DEVICE


def items(msa_request: MSARequest, visit: VisitRound) -> list[Item]:
    """Every reason of that visit, in the order that staff gave them: three queries, however many."""
    cures = {cure.reason_id: cure for cure in visit.cures.select_related("stated_by").prefetch_related("documents")}
    return [Item(reason, proof_for(reason, msa_request), cures.get(reason.pk)) for reason in visit.reasons.all()]


def submit_cure(
    msa_request: MSARequest,
    reason: OutcomeReason,
    *,
    by: User,
    statement: str = "",
    upload: UploadedFile[Any] | None = None,
) -> Cure:
    """The owner or agent says, with the proof that is asked for, that one reason is put right.

    Saying it again replaces the words and adds the file. The file is looked at outside of the lock.
    Raises `Refused`, with nothing written, where the proof is not what the reason asks for.
    """
    check_next_step_open(msa_request, by=by)
    checked = uploads.check(upload, allow_pdf=True) if upload is not None else None
    with storage.atomic():
        fresh, visit = _locked(msa_request, by=by)
        item = _item(fresh, visit, reason)
        words = statement.strip()
        _check_enough(item, words, has_file=checked is not None)
        cure = _keep(visit, reason, _given(item), words, by=by)
        if checked is not None:
            document = uploads.keep(fresh, checked, kind=DocumentKind.CURE_PROOF, by=by, topic=reason.photo_topic)
            cure.documents.add(document)
        deadlines.record_activity(fresh, by=by)
    return cure


def retract_cure(msa_request: MSARequest, reason: OutcomeReason, *, by: User) -> None:
    """It is not put right after all. The files stay on the record, as replaced."""
    with transaction.atomic():
        _fresh, visit = _locked(msa_request, by=by)
        cure = visit.cures.filter(reason=reason).first()
        if cure is None:
            return
        Document.objects.filter(pk__in=cure.documents.values("pk")).update(replaced_at=timezone.now())
        cure.delete()


def state_in_words(msa_request: MSARequest, visit: VisitRound, statements: Mapping[str, str], *, by: User) -> None:
    """Statements by the reasons' codes; those that words alone do not prove stay open."""
    for item in items(msa_request, visit):
        words = statements.get(item.reason.code, "").strip()
        if words and item.proof == CureProof.STATEMENT:
            _keep(visit, item.reason, CureProof.STATEMENT, words, by=by)


def by_new_device(msa_request: MSARequest, visit: VisitRound, device: Product, *, by: User) -> None:
    """A Modification Request cures what a different device puts right. The caller holds the lock."""
    for item in items(msa_request, visit):
        if item.by_device:
            cure = _keep(visit, item.reason, CureProof.DEVICE, "", by=by)
            cure.device = device
            cure.save(update_fields=["device"])


def without_new_device(visit: VisitRound) -> None:
    """The modification was taken back."""
    visit.cures.filter(proof=CureProof.DEVICE).delete()


def check_all_cured(msa_request: MSARequest, visit: VisitRound) -> None:
    """S: every reason marked cured."""
    left = [item.reason.title for item in items(msa_request, visit) if not item.done]
    if left:
        raise Refused(
            _("Show for each reason that it is put right. Still open: %(reasons)s.") % {"reasons": "; ".join(left)},
            code="reasons_open",
        )


def of_previous_visit(msa_request: MSARequest) -> tuple[VisitRound, list[Item]] | None:
    """What was put right before the visit that is open now: for technician and staff."""
    failed = msa_request.case.failed_round
    return (failed, items(msa_request, failed)) if failed else None


def _given(item: Item) -> CureProof:
    return CureProof.EVIDENCE if item.by_device else item.proof


def _keep(visit: VisitRound, reason: OutcomeReason, proof: CureProof, words: str, *, by: User) -> Cure:
    said = {"proof": proof, "statement": words, "stated_by": by, "stated_at": timezone.now()}
    cure, _created = Cure.objects.update_or_create(round=visit, reason=reason, defaults=said)
    return cure


def _check_enough(item: Item, words: str, *, has_file: bool) -> None:
    if item.proof == CureProof.NOTHING:
        raise Refused(_("This was on the utility's side. You need not show anything."), code="nothing_needed")
    if item.only_by_device:
        raise Refused(
            _("Only a different MSA puts this right. Send a Modification Request instead."), code="new_device"
        )
    if item.wants_words and not words:
        raise Refused(_("Say in a few words what was done."), code="no_statement", fields={"statement": ""})
    if item.wants_file and not has_file and not item.files:
        raise Refused(_("Add the photo or document that shows it."), code="no_file", fields={"file": ""})


def _item(msa_request: MSARequest, visit: VisitRound, reason: OutcomeReason) -> Item:
    for item in items(msa_request, visit):
        if item.reason.pk == reason.pk:
            return item
    raise Refused(_("This is not a reason of the last visit."), code="not_a_reason")


def _locked(msa_request: MSARequest, *, by: User) -> tuple[MSARequest, VisitRound]:
    fresh = lock(msa_request)
    check_next_step_open(fresh, by=by)
    return fresh, policies.failed_round(fresh)


def check_next_step_open(msa_request: MSARequest, *, by: User) -> None:
    """The person acts for the request, its visit failed, and no next step is saved yet. Raises `Refused` or `Stale`."""
    permissions.check_acts_for(by, msa_request)
    if msa_request.status != Status.SITE_VISIT_UNSUCCESSFUL:
        raise history.stale(msa_request, to=by)
    if policies.open_follow_up(msa_request) is not None:
        raise Refused(
            _("A form for the next visit is saved already. Continue with it, or take it back first."),
            code="follow_up_open",
        )
