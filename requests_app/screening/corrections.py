"""Answering correction items, accepting the answers, and what changed since the last decision (C, D14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.models import User
from msa_portal.db import lock, locked, take_over
from msa_portal.errors import Refused
from requests_app import deadlines, enums, history, permissions
from requests_app.application import answers, steps
from requests_app.enums import CorrectionAnswer, CorrectionEnd, DecisionKind, DocumentKind
from requests_app.files import product_documents, site_photos, uploads
from requests_app.lifecycle import decision_acts, drafts, staff_decisions
from requests_app.lifecycle import seen as seen_states
from requests_app.lifecycle.correction_items import close_items, facts_in_words, facts_of, recount
from requests_app.lifecycle.seen import Seen
from requests_app.models import Correction, Document, MSARequest, Screening, StaffDecision

LONGEST_NOTE = 1000
LONGEST_DRAFT = 2000


# The owner or agent answers


def answer(
    correction: Correction,
    *,
    by: User,
    way: CorrectionAnswer,
    text: str = "",
    changes: Mapping[str, Any] | None = None,
    version: int = 0,
    on_phone: bool = False,
) -> Correction:
    """The owner or agent says what they did about one item, or why it is right as it is (D14).

    `changes` are facts that they changed with it, and `version` the one that they saw: fact and
    answer are written together, or, on a stale version, neither (fault 16). `on_phone`: program staff enter it.
    """
    words = text.strip()
    if not words and way in {CorrectionAnswer.RIGHT, CorrectionAnswer.DONE}:
        raise Refused(_("Say what you did, or why it is right as it is."), code="empty", fields={"answer": ""})
    with transaction.atomic():
        msa_request, fresh = _open_item(correction, by=by, on_phone=on_phone)
        if changes:
            msa_request = drafts.save_facts(msa_request, changes, by=by, version=version, on_phone=on_phone)
        elif on_phone:
            drafts.record_phone_entry(msa_request, [], by=by, item=fresh.pk)
        _answered(msa_request, fresh, way, words or str(CorrectionAnswer(way).label), by=by)
    correction.refresh_from_db()
    return correction


def use_proposal(correction: Correction, *, by: User, version: int) -> Correction:
    """Take over the value that staff propose: fact and answer in one."""
    if correction.proposal is None:
        raise Refused(_("Nothing is proposed here. Give the right value yourself."), code="no_proposal")
    changes = facts_of(correction, correction.proposal)
    return answer(correction, by=by, way=CorrectionAnswer.PROPOSAL, changes=changes, version=version)


def answer_with_document(correction: Correction, upload: UploadedFile[Any], *, by: User, text: str = "") -> Correction:
    """A new file for the document that the item is about. It is looked at outside of the lock."""
    permissions.check_acts_for(by, correction.msa_request)
    with transaction.atomic():
        _open_item(correction, by=by)
    kind = DocumentKind(correction.document)
    if kind == DocumentKind.SITE_PHOTO and correction.photo_topic:
        document = site_photos.add(
            correction.msa_request, upload, topic=enums.PhotoTopic(correction.photo_topic), by=by
        )
    else:
        # Of the device's documents the one that is missing: so the finding about it goes too (R5).
        topic = product_documents.next_missing(correction.msa_request) if kind == DocumentKind.PRODUCT_DOCUMENT else ""
        document = uploads.receive(correction.msa_request, upload, kind=kind, by=by, topic=topic, allow_pdf=True)
    with transaction.atomic():
        msa_request, fresh = _open_item(correction, by=by)
        fresh.answer_document = document
        _answered(
            msa_request, fresh, CorrectionAnswer.DOCUMENT, text.strip() or str(CorrectionAnswer.DOCUMENT.label), by=by
        )
    correction.refresh_from_db()
    return correction


def keep_draft(correction: Correction, typed: Mapping[str, str], *, by: User) -> None:
    """What is typed and not given as the answer yet, so that nothing is lost."""
    with transaction.atomic():
        _request, fresh = _open_item(correction, by=by)
        fresh.draft = {name[:80]: value[:LONGEST_DRAFT] for name, value in list(typed.items())[:20]}
        fresh.save(update_fields=["draft"])


def _open_item(correction: Correction, *, by: User, on_phone: bool = False) -> tuple[MSARequest, Correction]:
    """Both rows locked, the request's first."""
    msa_request = lock(correction.msa_request)
    fresh = lock(correction)
    permissions.check_enters(by, msa_request, on_phone=on_phone)
    if msa_request.status != enums.Status.CORRECTIONS_REQUIRED or fresh.closed_at is not None:
        raise history.stale(msa_request, to=by)
    return msa_request, fresh


def _answered(msa_request: MSARequest, correction: Correction, way: CorrectionAnswer, text: str, *, by: User) -> None:
    correction.way, correction.answer, correction.draft = way, text, {}
    correction.answered_by, correction.answered_at = by, timezone.now()
    correction.save(update_fields=["way", "answer", "answer_document", "draft", "answered_by", "answered_at"])
    deadlines.record_activity(msa_request, by=by)


# Staff judge the answers


def accept(correction: Correction, *, by: User, seen: Seen | None = None) -> StaffDecision:
    """The answer will do. So may be one that was kept open and has not gone back yet.

    `seen` None: decided on what is there now.
    """
    return _judge(correction, {"end": CorrectionEnd.ACCEPTED.value}, by=by, seen=seen)


def keep_open(correction: Correction, *, by: User, note: str, seen: Seen | None = None) -> StaffDecision:
    """The answer will not do: the item stays open with a new note, and goes back with the next decision."""
    if not note.strip():
        raise Refused(_("Say in a note what is still to be done."), code="no_note", fields={"note": ""})
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise Refused(
            _("Write a note of at most %(most)s characters.") % {"most": LONGEST_NOTE},
            code="note",
            fields={"note": note},
        )
    return _judge(correction, {"end": CorrectionEnd.KEPT_OPEN.value, "note": note.strip()}, by=by, seen=seen)


def _judge(correction: Correction, verdict: dict[str, str], *, by: User, seen: Seen | None) -> StaffDecision:
    msa_request = correction.msa_request
    return staff_decisions.decide(
        msa_request,
        DecisionKind.JUDGE,
        {"judged": {str(correction.pk): verdict}},
        by=by,
        seen=seen or seen_states.of(msa_request),
    )


def _act_on_judged(msa_request: MSARequest, decision: StaffDecision) -> None:
    """Released: each item that was judged closes, or opens again with the new note."""
    with locked(msa_request) as fresh:
        for pk, verdict in decision.content["judged"].items():
            _close_judged(fresh, int(pk), verdict, by=decision.decided_by, at=decision.decided_at)
        recount(fresh)
        fresh.save(update_fields=["open_corrections"])
    take_over(msa_request, fresh)


def _close_judged(msa_request: MSARequest, pk: int, verdict: Mapping[str, str], *, by: User, at: datetime) -> None:
    end = CorrectionEnd(verdict["end"])
    item = _item_on_the_desk(msa_request, pk, by=by, kept_open_too=end == CorrectionEnd.ACCEPTED)
    close_items(Correction.objects.filter(pk=pk), end, by=by, at=at)
    if end == CorrectionEnd.KEPT_OPEN:
        Correction.objects.create(
            msa_request=msa_request,
            screening=item.screening,
            reason=item.reason,
            field=item.field,
            document=item.document,
            photo_topic=item.photo_topic,
            note=verdict["note"],
            value_then=answers.answer_text(msa_request, item.field)[:200] if item.field else "",
            follows=item,
            required_by=by,
            required_at=at,
        )


def _item_on_the_desk(msa_request: MSARequest, pk: int, *, by: User, kept_open_too: bool) -> Correction:
    item = Correction.objects.select_related("reason", "screening").filter(pk=pk, msa_request=msa_request).first()
    if item is None:
        raise history.stale(msa_request, to=by)
    may_be_judged = item.answered_at is not None or (kept_open_too and item.follows_id is not None)
    if msa_request.status not in enums.SCREENABLE or item.closed_at is not None or not may_be_judged:
        raise history.stale(msa_request, to=by)
    return item


def connect() -> None:
    decision_acts.register(DecisionKind.JUDGE, _act_on_judged)


# What changed since


@dataclass(frozen=True)
class FactChange:
    """A fact at the decision and now, in words; `item` where an item asked for it."""

    label: str
    then: str
    now: str
    item: Correction | None


@dataclass(frozen=True)
class Changes:
    """What happened since corrections were required: the items, the facts, the files, nothing else."""

    screening: Screening
    items: list[Correction]
    facts: list[FactChange]
    documents: list[Document]

    @property
    def to_judge(self) -> list[Correction]:
        return [item for item in self.items if item.answered_at and not item.closed_at]


def since_last_decision(msa_request: MSARequest) -> Changes | None:
    """Beside the newest decision that required corrections; None where there was none."""
    sent_back = [screening for screening in msa_request.case.screenings if screening.decision == "corrections"]
    last = max(sent_back, key=lambda screening: screening.decided_at or screening.opened_at, default=None)
    if last is None or last.decided_at is None:
        return None
    corrections = (
        correction for correction in msa_request.case.corrections if correction.closed_as != CorrectionEnd.REPLACED
    )
    items = [
        correction
        for correction in corrections
        if correction.closed_at is None or correction.closed_at >= last.decided_at
    ]
    documents = Document.objects.filter(msa_request=msa_request, created_at__gt=last.decided_at).order_by("pk")
    return Changes(last, items, _fact_changes(msa_request, last, items), list(documents.select_related("created_by")))


def _fact_changes(msa_request: MSARequest, screening: Screening, items: list[Correction]) -> list[FactChange]:
    if screening.facts is None:
        return []
    now, by_field = facts_in_words(msa_request), {item.field: item for item in items if item.field}
    return [
        FactChange(steps.label(name), then, now[name], by_field.get(name))
        for name, then in screening.facts.items()
        if name in now and now[name] != then
    ]
