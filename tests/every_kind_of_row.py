"""On top of the demo, a row of every kind that it lacks: what its people haven't done yet, in every state of money.

For crawls, which open every page over them. `add()` writes most rows as the services would leave them, past the services.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessAttemptExpiration, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import models
from django.utils import timezone

from demo import accounts
from demo.models import ArrivedMail
from fieldwork import models as fieldwork
from msa_portal.accounts.models import Company, User
from msa_portal.accounts.roles import Role
from msa_portal.approvals import role_grants, rows
from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from msa_portal.business_days.calendar import local_day
from payments import models as payments
from payments.services import limits
from requests_app import enums
from requests_app import models as requests_app
from requests_app.lifecycle import seen
from requests_app.rule_changes import wordings
from tests import factories
from tests.payments import bookings
from tests.requests_app.readiness import pictures

WORDS = "As somebody typed it"
NO_HASH = "0" * 64


def add() -> None:
    staff, supervisor = person(accounts.STAFF), person(accounts.SUPERVISOR)
    money(supervisor)
    signing(supervisor)
    screening(staff)
    same_account()
    field(person(accounts.DISPATCHER))
    records(supervisor)
    files(supervisor)
    two_people(supervisor)


def two_people(supervisor: User) -> None:
    """A proposal of every kind beside the demo's waivers (D23)."""
    refund = first(payments.Refund, state="proposed", reason="goodwill")
    approvals.propose(
        limits.REFUND,
        limits.refund_target(refund.pk),
        subject=WORDS,
        payload={"refund": refund.pk, "cents": refund.amount_cents},
        by=supervisor,
        reason=WORDS,
    )
    role_grants.propose(person(accounts.COLLEAGUE), Role.DISPATCHER, by=supervisor, reason=WORDS)
    Proposal.objects.create(  # by `manage.py grant_role`
        kind="role", target="shell", subject=WORDS, payload={"user": supervisor.pk, "power": Role.SUPERVISOR}, reason=WORDS,
        operator=WORDS, state="approved", decided_at=timezone.now(), applied_at=timezone.now(),
    )  # fmt: skip
    reason = first(requests_app.OutcomeReason)
    reason.title = WORDS
    rows.propose(reason, ["title"], by=supervisor)
    starts_on = local_day(timezone.now()) + timedelta(days=30)
    fee = payments.FeeSchedule(request_type="install", amount_cents=30000, effective_from=starts_on)
    rows.propose(fee, ["request_type", "amount_cents", "effective_from"], by=supervisor)
    texts = dict.fromkeys(["customer_terms", "authorization", "submittal", "consent"], WORDS)
    wordings.propose(
        requests_app.AgreementWording.objects.create(version="next", effective_on=starts_on, **texts), by=supervisor
    )


def empty_models(labels: set[str]) -> Iterator[str]:
    """Models of those apps that have no row."""
    for model in apps.get_models():
        if model._meta.app_label in labels and not model._base_manager.exists():
            yield model._meta.label


def person(account: accounts.Account) -> User:
    return User.objects.get(email=account.email)


def first[Row: models.Model](model: type[Row], **conditions: Any) -> Row:
    return model._default_manager.filter(**conditions).order_by("pk")[0]


def money(supervisor: User) -> None:
    customer, manager, now = person(accounts.CUSTOMER), person(accounts.MANAGER), timezone.now()
    for payer, company in ((customer, None), (manager, first(Company, members=manager))):
        msa_request = bookings.request_of(company, payer)
        fees = iter(bookings.fees_of(msa_request, 12))
        comes = msa_request.rounds.filter(closed_at=None)  # the visit to come is the last
        comes.update(number=0)
        for visit in msa_request.rounds.exclude(pk__in=comes):
            requests_app.VisitRound.objects.filter(pk=visit.pk).update(number=visit.number - 1)
        comes.update(number=13)
        for state in (payments.Allocation.State.HELD, payments.Allocation.State.DUPLICATE):
            bookings.paid(payer, [next(fees)], company=company, state=state)
        for state in ("created", "open", "pending", "expired", "failed"):
            fee = next(fees)
            payment = payments.Payment.objects.create(
                amount_cents=fee.amount_cents,
                state=state,
                payer=payer,
                payer_name=payer.name,
                payer_email=payer.email,
                company=company,
                session_expires_at=now + timedelta(hours=1),
            )
            payments.Allocation.objects.create(payment=payment, fee=fee, amount_cents=fee.amount_cents)
        paid = [bookings.paid(payer, [fee], company=company) for fee in fees]
        refunds(paid[0], supervisor)
        bookings.disputed(paid[1])
        for payment, won in ((paid[2], True), (paid[3], False)):
            bookings.decided(bookings.disputed(payment), won=won)
        statement = payments.Statement(
            company=company,
            user=None if company else payer,
            month=timezone.localdate().replace(day=1),
            sha256=NO_HASH,
            size=8,
        )
        statement.file.save("statement.pdf", ContentFile(b"%PDF-1.7"))
    waived = {"waiver_reason": WORDS, "state": "waived", "waived_by": supervisor, "settled_at": now}
    payments.Fee.objects.filter(pk=payments.Fee.objects.filter(state="open").latest("pk").pk).update(**waived)
    for visit in requests_app.VisitRound.objects.filter(closed_at=None, msa_request__agent=manager):
        payments.PayInvitation.objects.create(
            round=visit, email=customer.email, name=WORDS, invited_by=manager, expires_at=now + timedelta(days=7)
        )
    payments.ProviderEvent.objects.create(event_id="evt_1", type="charge.updated", object_id="ch_1", error=WORDS)
    payments.ReconciliationLease.objects.create(holder=uuid.uuid4(), until=now)
    differences(supervisor)


def refunds(payment: payments.Payment, supervisor: User) -> None:
    """One in every state, of a payment of one fee."""
    fee, cents, now = payment.fees.get(), 100, timezone.now()
    bookings.promised(payment, fee, cents)
    bookings.sent(bookings.promised(payment, fee, cents))
    failed = bookings.promised(payment, fee, cents)
    bookings.sent(failed)
    bookings.came_back(failed)
    decision = {"decided_by": supervisor, "decided_at": now}
    for state, more in (
        ("sent", {"provider_id": f"re_{payment.pk}", "sent_at": now}),
        ("declined", decision),
        ("proposed", {}),
    ):
        payments.Refund.objects.create(
            payment=payment, fee=fee, amount_cents=cents, reason="goodwill", state=state, note=WORDS, last_error=WORDS, **more
        )  # fmt: skip


def differences(supervisor: User) -> None:
    now = timezone.now()
    for ago, state in enumerate(payments.ReconciledDay.State):
        day = payments.ReconciledDay.objects.create(
            day=timezone.localdate() - timedelta(days=ago + 1), state=state, checked_at=now
        )
        for kind in payments.ReconciliationItem.Kind:
            item = payments.ReconciliationItem(
                day=day, kind=kind, category="charge", provider_id=f"txn_{kind}", ours_cents=0, theirs_cents=100
            )
            item.payment = first(payments.Payment)
            if state == "explained":
                item.state, item.note, item.resolved_at, item.resolved_by = "resolved", WORDS, now, supervisor
            item.save()


def signing(supervisor: User) -> None:
    agreement = first(requests_app.Agreement, state=enums.AgreementState.SIGNING)
    requests_app.SigningReminder.objects.create(
        agreement=agreement, party="customer", number=1, sent_at=timezone.now()
    )
    paper = requests_app.PaperSigning.objects.create(
        agreement=agreement, party="customer", sent_from=accounts.CUSTOMER.email
    )
    paper.documents.add(document(agreement.msa_request, enums.DocumentKind.PAPER_AGREEMENT))
    now, reason = timezone.now(), first(requests_app.PaperReason)
    for section, state in zip(enums.Section, ("sent", "sent_back", "accepted"), strict=False):
        decision = {} if state == "sent" else {"decided_at": now, "decided_by": supervisor, "reason": reason}
        requests_app.PaperSection.objects.create(paper=paper, section=section, state=state, note=WORDS, **decision)
    sealed = first(requests_app.Document, kind=enums.DocumentKind.AGREEMENT)
    requests_app.Seal.objects.create(
        document=sealed, name="MSA portal", certificate_sha256=NO_HASH, is_self_signed=True
    )


def document(msa_request: requests_app.MSARequest, kind: enums.DocumentKind) -> requests_app.Document:
    body = b"%PDF-1.7"
    return requests_app.Document.objects.create(
        msa_request=msa_request,
        kind=kind,
        name="typed.pdf",
        file=ContentFile(body, name="typed.pdf"),
        content_type="application/pdf",
        sha256=NO_HASH,
        size=len(body),
    )


def same_account() -> None:
    """A draft that staff allowed beside another request for its account."""
    taken = first(requests_app.MSARequest, holds_account__isnull=False)
    draft = first(requests_app.MSARequest, status=enums.Status.UNSUBMITTED)
    draft.account_number, draft.request_type = taken.account_number, taken.request_type
    draft.allowed_account, draft.allowed_account_because = taken.holds_account, WORDS
    draft.save()


def screening(staff: User) -> None:
    today, now = timezone.localdate(), timezone.now()
    asked = first(requests_app.Correction, answered_at=None)
    answered = {"way": "right", "answer": WORDS, "answered_by": person(accounts.CUSTOMER), "answered_at": now}
    for more in ({"draft": {"answer": WORDS}}, {"field": "street", "document": "", "proposal": WORDS}, answered):
        correction = deepcopy(asked)
        correction.pk, correction._state.adding = None, True
        for name, value in more.items():
            setattr(correction, name, value)
        correction.save()
        if correction.draft:
            correction.draft = {f"r{correction.pk}-answer": WORDS}
            correction.save()
    for undecided in requests_app.Screening.objects.filter(decided_at=None):
        for code in enums.CheckCode:
            answer = {"answer": enums.CheckAnswer.NO, "note": WORDS, "answered_by": staff}
            requests_app.ScreeningAnswer.objects.update_or_create(
                screening=undecided, check_code=code, defaults=answer
            )
    decisions(staff)
    for msa_request in requests_app.MSARequest.objects.exclude(status=enums.Status.WITHDRAWN):
        by = factories.actor_of(msa_request)
        requests_app.PanelModelAnswer.objects.create(
            msa_request=msa_request, typed=WORDS, suggested=WORDS, was_meant=False, answered_by=by
        )
        requests_app.ReadinessStatement.objects.create(
            msa_request=msa_request,
            findings=[{"rule": "E13", "field": "device_in_waterproof_package", "message": WORDS, "todo": WORDS}],
            text=WORDS,
            stated_by=by,
        )
        requests_app.DeadlineExtension.objects.create(
            msa_request=msa_request, from_on=today, to_on=today + timedelta(days=30), reason=WORDS, extended_by=staff
        )
        requests_app.DeadlineReminder.objects.create(msa_request=msa_request, kind="nudge", deadline_on=today)
    failed = first(requests_app.VisitRound, outcome=enums.VisitOutcome.UNSUCCESSFUL, reasons__isnull=False)
    requests_app.Cure.objects.create(
        round=failed, reason=failed.reasons.all()[0], proof="statement", statement=WORDS,
        stated_by=factories.actor_of(failed.msa_request),
    )  # fmt: skip
    device = first(requests_app.Product)
    requests_app.PanelRestriction.objects.create(panel_model="Other 9", device=device, explanation=WORDS)
    for number, state in enumerate(fieldwork.RuleProposal.State):
        fieldwork.RuleProposal.objects.create(
            panel_model=f"Other {number}", panel_normalized=f"OTHER{number}", device=device, reason=failed.reasons.all()[0],
            note=WORDS, state=state, decided_at=None if state == "open" else now,
        )  # fmt: skip
    requests_app.Product.objects.update(required_documents=[WORDS])


def decisions(staff: User) -> None:
    """Waiting, of each kind that shows words; ended without being sent; and what the desk says of it."""
    now = timezone.now()
    reason, item = first(requests_app.CorrectionReason), first(requests_app.Correction)
    contents = {
        "send_back": {"items": [{"reason": reason.pk, "note": WORDS, "proposal": None}]},
        "withdraw": {"reason": "changed_plans", "note": WORDS},
        "paper": {"paper": first(requests_app.PaperSigning).pk, "verdicts": [], "words": [WORDS]},
        "judge": {"judged": {str(item.pk): {"end": "kept_open", "note": WORDS}}},
    }
    open_requests = requests_app.MSARequest.objects.exclude(status__in=enums.FINAL).order_by("pk")
    for msa_request, (kind, content) in zip(open_requests, contents.items(), strict=False):
        decided = {
            "kind": kind, "content": content, "decided_by": staff, "release_at": now + timedelta(days=1),
            "seen": seen.stored(seen.of(msa_request)),
        }  # fmt: skip
        requests_app.StaffDecision.objects.create(msa_request=msa_request, **decided)
        ended = requests_app.StaffDecision.objects.create(
            msa_request=msa_request, state="not_sent", ended_at=now, ended_why=WORDS, **decided
        )
        for note in enums.DeskNoteKind.values:
            requests_app.DeskNote.objects.create(
                recipient=staff, msa_request=msa_request, kind=note, decision=ended, by=staff, text=WORDS
            )
        requests_app.AddressCorrection.objects.create(
            msa_request=msa_request, from_email="old@example.com", to_email="new@example.com", asked_by=staff,
            expires_at=now + timedelta(days=1),
        )  # fmt: skip


def field(dispatcher: User) -> None:
    now, today = timezone.now(), timezone.localdate()
    fieldwork.VisitDuration.objects.create(request_type="install", set_minutes=60)
    closed = first(fieldwork.CloseOut)
    photo = fieldwork.VisitPhoto(close_out=closed, sha256=NO_HASH, original_sha256=NO_HASH)
    photo.file.save("photo.jpg", ContentFile(pictures.jpeg(size=(40, 30))))
    fieldwork.PhotoUpload.objects.create(
        close_out_id=uuid.uuid4(), visit=closed.visit, technician=closed.by, sha256=NO_HASH, size=2
    )
    fieldwork.PhoneContact.objects.create(technician=closed.by, phone=uuid.uuid4(), reports=2, photos=3, seen_at=now)
    conflict = fieldwork.CloseOut(
        visit=closed.visit, by=closed.by, outcome=closed.outcome, body_hash=NO_HASH, conflict="already_closed"
    )
    conflict.notes = conflict.review_note = conflict.serial_number = WORDS
    conflict.save()
    visit = first(fieldwork.SiteVisit, scheduled_on__isnull=False)
    by = factories.actor_of(visit.order.round.msa_request)
    fieldwork.UnsuitableDay.objects.create(order=visit.order, on=today, named_by=by)
    fieldwork.DayChange.objects.create(
        order=visit.order, visit=visit, was_on=visit.scheduled_on, was_window=visit.window, asked_by=by
    )
    fieldwork.CalendarFeed.objects.create(user=by)
    plan = {"routes": [], "unserved": [], "left_out": [], "moved": [], "iterations": 0}
    for state in fieldwork.PlanRun.State:
        over = state not in fieldwork.PlanRun.OPEN_STATES
        fieldwork.PlanRun.objects.create(
            state=state, from_on=today, until_on=today, requested_by=dispatcher, finished_at=now if over else None,
            error=WORDS if state == "failed" else "", result=plan if state == "done" else {},
        )  # fmt: skip


def files(sender: User) -> None:
    """A form that waits, and its file."""
    form = requests_app.HeldForm.objects.create(
        person=sender, path="/verify/", page="/verify/", fields={"note": [WORDS]}
    )
    requests_app.Inspection.objects.create(
        form=form,
        field="file",
        what=enums.Inspect.SEAL,
        person=sender,
        is_stranger=False,
        name=WORDS,
        size=1,
        sha256=NO_HASH,
    )


def records(supervisor: User) -> None:
    """What Django and its apps keep of people."""
    LogEntry.objects.create(
        user=supervisor,
        content_type=ContentType.objects.get_for_model(requests_app.Product),
        object_id=str(first(requests_app.Product).pk),
        object_repr=WORDS,
        action_flag=CHANGE,
    )
    agent = {
        "user_agent": WORDS,
        "username": WORDS,
        "http_accept": WORDS,
        "path_info": WORDS,
        "ip_address": "127.0.0.1",
    }
    AccessLog.objects.create(**agent)
    AccessFailureLog.objects.create(**agent)
    attempt = AccessAttempt.objects.create(**agent, get_data=WORDS, post_data=WORDS, failures_since_start=1)
    AccessAttemptExpiration.objects.create(access_attempt=attempt, expires_at=timezone.now())
    technician = person(accounts.SECOND_TECHNICIAN)
    Authenticator.objects.create(user=technician, type=Authenticator.Type.RECOVERY_CODES, data={"migrated_codes": []})
    for kept in (requests_app.PaperReason, requests_app.AgreementWording):
        first(kept).save()  # an earlier version of it
    ArrivedMail.objects.create(to_email=supervisor.email, from_email=supervisor.email, subject=WORDS, text=WORDS)
