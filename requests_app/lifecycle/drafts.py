"""Starting a request and changing its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from msa_portal.accounts.companies import details
from msa_portal.accounts.models import Company, User
from msa_portal.business_days.calendar import local_day
from msa_portal.db import hold, lock
from msa_portal.errors import Refused, Stale
from msa_portal.notices import outbox
from requests_app import deadlines, eligibility, fee_rules, history, permissions
from requests_app.agreements import versions
from requests_app.application import steps
from requests_app.enums import EventKind, RecordCheck, Status
from requests_app.lifecycle import agency, notices, policies
from requests_app.models import AgentAuthority, MSARequest, VisitRound
from requests_app.readiness import readiness
from requests_app.utility_records import comparison


def start(
    *, by: User, company: Company | None = None, answers: Mapping[str, Any] | None = None, key: UUID | None = None
) -> MSARequest:
    """A new draft: the person's own, or one that their company makes as agent for a customer.

    `answers` are facts from the eligibility check that the form takes over. `key` is the page's: sent twice, as by
    two clicks, it returns the draft that the first one started.
    """
    if key:
        key = uuid5(key, str(company.pk if company else ""))  # the page may be sent again for somebody else
    try:
        return _started(by, key) or _start(by, company, answers, key)
    except IntegrityError:
        if (msa_request := _started(by, key)) is None:
            raise
        return msa_request


def _started(by: User, key: UUID | None) -> MSARequest | None:
    return MSARequest.objects.filter(created_by=by, start_key=key).first() if key else None


def _start(by: User, company: Company | None, answers: Mapping[str, Any] | None, key: UUID | None) -> MSARequest:
    if company is not None and company.pk not in by.company_ids:
        raise Refused(_("You are not a member of that company."), code="not_allowed")
    with transaction.atomic():
        _check_may_start(by, company)
        msa_request = MSARequest(created_by=by, owner=None if company else by, agent_company=company, start_key=key)
        if company is None:
            msa_request.customer_name, msa_request.customer_email, msa_request.customer_phone = (
                by.name,
                by.email,
                by.phone,
            )
        else:
            msa_request.agent = by
        for name, value in (answers or {}).items():
            if name in steps.ALL_FIELDS:
                setattr(msa_request, name, value)
        today = local_day(timezone.now())
        hold(msa_request)
        msa_request.owner_acts_by = deadlines.new_deadline(msa_request)
        msa_request.save()
        msa_request.reference = f"MSA-{today.year}-{msa_request.pk:06d}"
        fee = fee_rules.first_visit()
        VisitRound.objects.create(msa_request=msa_request, number=1, fee_due=fee.due, fee_reason=fee.rule)
        msa_request.case.now_has(last_link=None, agreement=None)
        history.record(msa_request, EventKind.CREATED, by=by, save=["reference"])
    return msa_request


# Below its quota by more than could be started at once, nobody waits for a lock.
_NEAR = 20


def _check_may_start(by: User, company: Company | None) -> None:
    """Raises `Refused` where the company's license has lapsed, or there is no room for one more draft."""
    drafts = MSARequest.objects.filter(status=Status.UNSUBMITTED)
    if company is not None:
        details.check_license(lock(company))
        if not company.memberships.filter(user=by.pk).exists():  # removed since the page was opened
            raise Refused(_("You are not a member of that company."), code="not_allowed")
        _check_room(
            drafts.filter(agent_company=company),
            settings.QUOTAS["drafts_of_company"],
            company,
            _(
                "Your company has %(count)s requests that aren't submitted, and can't start another one. Submit or cancel"
                " some of them first, or call the program. Nothing is lost."
            ),
        )
        return
    _check_room(
        drafts.filter(owner=by, agent_company__isnull=True),
        settings.QUOTAS["drafts_of_person"],
        by,
        _(
            "You have %(count)s requests that you haven't submitted, and can't start another one. Submit or cancel one of"
            " them first. Nothing is lost."
        ),
    )


def _check_room(drafts: QuerySet[MSARequest], most: int, whose: User | Company, words: str) -> None:
    """Near the quota it's counted under a lock, so that two at once don't both take the last place."""
    count = drafts.count()
    if count + _NEAR > most:
        lock(whose)
        count = drafts.count()
    if count >= most:
        raise Refused(words % {"count": most}, code="quota")


@dataclass(frozen=True)
class Sender:
    """The open page that a save comes from, and which of its saves that is. A page without scripts names neither.

    `before` is the page in the same tab whose unsaved answers it took over.
    """

    page: str = ""
    turn: int = 0
    before: str = ""


def save_facts(
    msa_request: MSARequest,
    changes: Mapping[str, Any],
    *,
    by: User,
    version: int,
    sender: Sender = Sender(),
    on_phone: bool = False,
) -> MSARequest:
    """Write changed facts, whole or in part; `version` is the one that the person saw.

    A fact that somebody else changed since is refused with both versions in `fields`, and nothing is written (fault
    16). A save that was overtaken by a later one of the same page writes nothing either (fault 64). A covered fact
    that changes supersedes the agreement (A3). The record is checked again where its fields changed.
    `on_phone`: program staff enter what the customer says. It's recorded as theirs, and never moves the email address.
    """
    unknown = set(changes) - set(steps.ALL_FIELDS)
    if unknown:
        raise ValueError(f"not fields of the form: {sorted(unknown)}")
    with transaction.atomic():
        fresh = lock(msa_request)
        _check_may_save(fresh, changes, by=by, on_phone=on_phone)
        if sender.page and not fresh.takes_turn(sender.page, sender.turn):
            return fresh
        changed = {name: value for name, value in changes.items() if getattr(fresh, name) != value}
        if not changed:
            if sender.page:
                fresh.save(update_fields=["fact_writes"])
            return fresh
        _refuse_stale(fresh, changed, version=version, sender=sender)
        before = fresh.customer_email
        _write(fresh, changed, page=sender.page)
        versions.supersede_if_changed(fresh, by=by, changed=changed)
        if set(eligibility.FIELDS) & set(changed):
            readiness.supersede_uncovered(fresh)
        if on_phone:
            record_phone_entry(fresh, list(changed), by=by)
        if "customer_email" in changed:
            outbox.cancel_to(before, reference=fresh.reference or "")
            notices.draft_started_for_you(fresh, by=by)
    return fresh


def _write(fresh: MSARequest, changed: Mapping[str, Any], *, page: str) -> None:
    for name, value in changed.items():
        setattr(fresh, name, value)
    if comparison.IDENTIFYING_FIELDS & set(changed):
        fresh.record_check, fresh.service_account = RecordCheck.NOT_YET, None
    fresh.facts_changed(changed, page=page)
    if fresh.status == Status.UNSUBMITTED or {"device", "request_type"} & set(changed):
        fresh.judged_on = None
    fresh.owner_acts_by = deadlines.extended_deadline(fresh)
    fresh.save()


def _check_may_save(fresh: MSARequest, changes: Mapping[str, Any], *, by: User, on_phone: bool) -> None:
    permissions.check_enters(by, fresh, on_phone=on_phone)
    policies.check_editable(fresh)
    if on_phone and "customer_email" in changes:
        raise Refused(_("A corrected email address is confirmed by its owner."), code="address")


def record_phone_entry(msa_request: MSARequest, fields: Sequence[str], *, by: User, item: int | None = None) -> None:
    """Program staff entered what the customer said on the phone. The caller holds the request's lock."""
    codes: dict[str, Any] = {"channel": "phone", "fields": sorted(fields)} | ({"item": item} if item else {})
    history.record(msa_request, EventKind.ANSWERS_BY_PHONE, by=by, codes=codes)


def _refuse_stale(fresh: MSARequest, changed: Mapping[str, Any], *, version: int, sender: Sender) -> None:
    """Raises `Stale` where somebody else wrote one of these facts since. A page that names no version knows of none."""
    own = (sender.page, sender.before)
    stale = [name for name in changed if version < 1 or fresh.is_changed_since(name, version, own=own)]
    if stale:
        raise Stale(
            _(
                "Somebody changed this form while you were filling it in. Both versions are shown: choose, and save"
                " again."
            ),
            code="stale_version",
            fields={name: {"theirs": getattr(fresh, name), "yours": changed[name]} for name in stale},
        )


def claim(msa_request: MSARequest, *, by: User, address: str = "") -> None:
    """The customer of an agent takes the request into their own account (D10).

    The caller has proof that the person reads mail to `address`, by default the one that the request names. Nobody
    is customer and agent at once: if the person belongs to the agent's company, the company acts on this request no
    longer. It isn't refused, since any company could then keep a customer out by making them a colleague.
    """
    with transaction.atomic():
        fresh = lock(msa_request)
        if fresh.owner_id == by.pk:
            return
        if fresh.owner_id is not None:
            raise Refused(_("This request belongs to another account already."), code="claimed")
        if fresh.created_by_id == by.pk:
            raise Refused(
                _("You started this request for a customer, so you can't be that customer."), code="not_allowed"
            )
        fresh.owner = by
        fresh.save(update_fields=["owner"])
        _is_now_theirs(fresh, by, (address or fresh.customer_email).lower())
        history.record(fresh, EventKind.CLAIMED, by=by)
        if permissions.is_agent_of(by, fresh):
            agency.stop_acting(fresh, by=by, why="taken_over")
    msa_request.refresh_from_db()


def _is_now_theirs(msa_request: MSARequest, customer: User, address: str) -> None:
    """The authority that this customer gave by an emailed link belongs to their account."""
    rows = AgentAuthority.objects.filter(pk=msa_request.authority_id or 0, customer=None, customer_email=address)
    rows.update(customer=customer)
