"""The staff desk's queue and screening page (program.md, C): read here, decided through services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from msa_portal.errors import Refused
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message
from requests_app.admin import decisions, one_per_account, phone
from requests_app.agreements import agreement_facts, versions
from requests_app.agreements import text as agreement_text
from requests_app.application import answers, completeness, steps
from requests_app.enums import EDITABLE, OWNER_HOLDS, CheckCode, CorrectionEnd, DecisionKind, Status
from requests_app.forms.screening import ChecksForm, CorrectionsForm, ExtensionForm, StaffWithdrawalForm
from requests_app.lifecycle import correction_items, decision_acts, policies, staff_decisions
from requests_app.lifecycle import seen as seen_states
from requests_app.lifecycle.seen import Seen
from requests_app.models import Agreement, Correction, MSARequest, RecordComparison
from requests_app.screening import claims, corrections, desk
from requests_app.utility_records import sources
from requests_app.utility_records.comparison import Comparison, check_now, compare


class QueueFilter(admin.SimpleListFilter):
    """The queues that staff work from."""

    title = gettext_lazy("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("screening", gettext_lazy("Waits for screening")),
            ("mine", gettext_lazy("On my desk")),
            ("order", gettext_lazy("Waits for a service order")),
            ("owner", gettext_lazy("Waits for the customer or agent")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[MSARequest]) -> QuerySet[MSARequest]:
        rows: Any = queryset
        match self.value():
            case "screening":
                return rows.awaiting_screening().order_by("waiting_since")
            case "mine":
                return rows.filter(screenings__taken_by=request.user, screenings__decided_at__isnull=True)
            case "order":
                return rows.awaiting_service_order().order_by("waiting_since")
            case "owner":
                return rows.filter(status__in=[Status.CORRECTIONS_REQUIRED, Status.SITE_VISIT_UNSUCCESSFUL])
        return queryset


@admin.register(MSARequest)
class MSARequestAdmin(admin.ModelAdmin):
    list_display = [
        "reference",
        "status_words",
        "taken_by",
        "decided",
        "request_type",
        "customer_name",
        "city",
        "company",
        "waiting",
    ]
    list_display_links = ["reference"]
    list_filter = [QueueFilter, "status", "request_type"]
    search_fields = ["reference", "customer_name", "account_number", "street", "project_number"]
    search_help_text = gettext_lazy("Reference, customer, account number, street or project number")
    list_select_related = ["agent_company", "authority"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["issue_service_orders"]
    change_list_template = "admin/requests_app/msarequest/queue.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[MSARequest]:
        rows = super().get_queryset(request).filter(pk__in=MSARequest.objects.visible_to(request.user).values("pk"))
        return rows.prefetch_related("screenings__taken_by", "staff_decisions__decided_by").annotate(
            **seen_states.columns()
        )

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_words(self, row: MSARequest) -> str:
        return row.get_status_display()

    @admin.display(description=gettext_lazy("agent of record"))
    def company(self, row: MSARequest) -> str:
        return str(row.agent_company) if row.has_agent else "–"

    @admin.display(description=gettext_lazy("waits since"), ordering="waiting_since")
    def waiting(self, row: MSARequest) -> str:
        days = (timezone.now() - row.waiting_since).days
        return _("today") if days == 0 else _("%(days)s days") % {"days": days}

    @admin.display(description=gettext_lazy("on the desk of"))
    def taken_by(self, row: MSARequest) -> str:
        return ", ".join(
            str(screening.taken_by)
            for screening in row.screenings.all()
            if not screening.decided_at and screening.taken_by
        )

    @admin.display(description=gettext_lazy("decided, not sent yet"))
    def decided(self, row: MSARequest) -> Any:
        """And, unseen, what this row showed: it goes along with an action on the list."""
        waiting = next((decision for decision in row.staff_decisions.all() if decision.is_waiting), None)
        words = f"{waiting.get_kind_display()} ({waiting.decided_by})" if waiting else "–"
        token = seen_states.of(row).token
        return format_html('{}<input type="hidden" name="seen_{}" value="{}">', words, row.pk, token)

    def has_issue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fieldwork.issue_serviceorder")

    @admin.action(description=gettext_lazy("Issue service orders"), permissions=["issue"])
    def issue_service_orders(self, request: HttpRequest, queryset: QuerySet[MSARequest]) -> None:
        """Each on its own: one that cannot be issued says why and does not hold up the others."""
        issued = waiting = 0
        for row in queryset:
            seen = seen_states.read(request.POST.get(f"seen_{row.pk}", ""))
            try:
                decision = staff_decisions.decide(row, DecisionKind.ORDER, {}, by=user_of(request), seen=seen)
            except Refused as refusal:
                self.message_user(request, f"{row.reference}: {refusal}", messages.ERROR)
            else:
                issued, waiting = issued + (not decision.is_waiting), waiting + decision.is_waiting
        if issued:
            self.message_user(request, _("Service orders issued: %(count)s.") % {"count": issued}, messages.SUCCESS)
        if waiting:
            words = _(
                "Service orders decided: %(count)s. They're sent in a few minutes; until then you can cancel each."
            )
            self.message_user(request, words % {"count": waiting}, messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        acts = {
            "take": _take,
            "hand-back": _hand_back,
            "keep-claim": decisions.keep,
            "take-over": decisions.take_over,
            "send-now": decisions.send_now,
            "cancel-decision": decisions.cancel,
            "note-read": decisions.mark_read,
            "check-record": _check_record,
            "checks": _answer_checks,
            "corrections": _require_corrections,
            "accept-item": _accept_item,
            "keep-item-open": _keep_item_open,
            "deem-valid": _deem_valid,
            "issue": _issue,
            "withdraw": _withdraw,
            "extend": _extend,
            "allow-second": one_per_account.allow,
        }
        own = [
            path("take-next/", self.admin_site.admin_view(self.take_next), name="requests_app_msarequest_take_next")
        ]
        own += [
            path(
                "<int:pk>/phone/<slug:step>/",
                self.admin_site.admin_view(self.on_phone),
                name="requests_app_msarequest_phone",
            )
        ]
        own += [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(self._act(name, act))),
                name=f"requests_app_msarequest_{name.replace('-', '_')}",
            )
            for name, act in acts.items()
        ]
        return own + super().get_urls()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        more = claims.desk_notes(user_of(request)) if request.method == "GET" else {}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def take_next(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return redirect("admin:requests_app_msarequest_changelist")
        with refusal_as_message(request):
            row = claims.take_next(by=user_of(request))
            if row is None:
                messages.info(request, _("Nothing waits for screening."))
                return redirect("admin:requests_app_msarequest_changelist")
            return redirect("admin:requests_app_msarequest_change", row.pk)
        return redirect("admin:requests_app_msarequest_changelist")

    def on_phone(self, request: HttpRequest, pk: int, step: str) -> HttpResponse:
        site = {**self.admin_site.each_context(request), "opts": self.opts}
        return phone.page(request, get_object_or_404(MSARequest.objects.visible_to(request.user), pk=pk), site, step)

    def _act(self, name: str, act: Callable[[HttpRequest, MSARequest], str]) -> Callable[..., HttpResponse]:
        """Load, act, and come back with what was done or why it was not; what was typed stays."""

        def view(request: HttpRequest, pk: int) -> HttpResponse:
            row = self._row(request, pk)
            try:
                done = act(request, row)
            except Refused as refusal:
                changed = refusal.fields.get("changed", [])
                if not changed:
                    messages.error(request, str(refusal))
                return self._page(request, self._row(request, pk), posted=True, changed=changed)
            except _Invalid:
                return self._page(request, row, posted=True)
            messages.success(request, done)
            if request.POST.get("form", name) != name:  # a button inside another form: what was typed there stays
                return self._page(request, self._row(request, pk), posted=True, status=200)
            return redirect("admin:requests_app_msarequest_change", row.pk)

        return view

    def _row(self, request: HttpRequest, pk: int) -> MSARequest:
        row = (
            MSARequest.objects.visible_to(request.user)
            .with_case(whole=True)
            .annotate(**seen_states.columns())
            .select_related("record_comparison")
            .filter(pk=pk)
            .first()
        )
        if row is None:
            raise Http404
        return row

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_view_permission(request) or not object_id.isdigit():
            raise Http404
        return self._page(request, self._row(request, int(object_id)))

    def _page(
        self,
        request: HttpRequest,
        row: MSARequest,
        *,
        posted: bool = False,
        changed: Sequence[str] = (),
        status: int = 409,
    ) -> HttpResponse:
        """`changed` is what happened since the page on which somebody decided; they decide again on this one."""
        shared = decisions.context(row, user_of(request)) | {
            "changed": changed,
            "posted": request.POST if posted else {},
        }
        if changes := _changes_to_judge(request, row):
            context = {**self.admin_site.each_context(request), **_changes_context(row, changes), **shared}
            context |= {"title": row.reference, "opts": self.opts}
            template = "admin/requests_app/msarequest/changes.html"
            return render(request, template, context, status=status if posted else 200)
        context = {**self.admin_site.each_context(request), **shared}
        context |= _page_context(request, row, posted=posted)
        context |= {"title": row.reference, "opts": self.opts}
        template = "admin/requests_app/msarequest/screening.html"
        return render(request, template, context, status=status if posted else 200)


_KEEP_OPEN = "keep-item-open"


class _Invalid(Exception):
    """The posted form has errors; the page shows them."""


def _changes_to_judge(request: HttpRequest, row: MSARequest) -> corrections.Changes | None:
    """What changed since it was sent back, while an answer waits to be judged; the rest is behind a link."""
    forms_of_the_whole = ("/checks/", "/corrections/", "/withdraw/", "/extend/", "/allow-second/")
    is_elsewhere = (
        "all" in request.GET
        or request.POST.get("form", _KEEP_OPEN) != _KEEP_OPEN
        or request.path.endswith(forms_of_the_whole)
    )
    if row.status != Status.REQUEST_SUBMITTED or is_elsewhere:
        return None
    if not request.user.has_perm("requests_app.screen_msarequest"):
        return None
    changes = corrections.since_last_decision(row)
    waiting = row.case.waiting_decision
    judged = waiting.content.get("judged", {}) if waiting else {}
    return changes if changes and any(str(item.pk) not in judged for item in changes.to_judge) else None


def _changes_context(row: MSARequest, changes: corrections.Changes) -> dict[str, Any]:
    return {
        "msa_request": row,
        "changes": changes,
        "rows": [_item_row(item, row) for item in changes.items],
        "may_screen": True,
        "screening": next(reversed(row.case.screenings), None),
    }


def _item_row(item: Correction, row: MSARequest) -> dict[str, Any]:
    now = answers.answer_text(row, item.field) if item.field else ""
    waiting = row.case.waiting_decision
    is_judged = waiting is not None and str(item.pk) in waiting.content.get("judged", {})
    proposal = correction_items.proposal_in_words(item)
    return {"item": item, "now": now, "proposal": proposal, "is_judged": is_judged}


def _page_context(request: HttpRequest, row: MSARequest, *, posted: bool) -> dict[str, Any]:
    latest = next(reversed(row.case.screenings), None)
    agreement, comparison = versions.current(row), compare(row)
    suggestions = desk.suggestions(row, comparison)
    kept_open = [correction for correction in row.case.corrections if correction.is_unanswered]
    waiting = row.case.waiting_decision
    posted_items = _posted_to(request, "corrections", posted)
    picker = _corrections_form(posted_items, row, comparison=comparison, suggestions=suggestions)
    return {
        "msa_request": row,
        "steps": _facts(row),
        "agreement": agreement,
        "agreement_rows": _agreement_rows(row, agreement),
        "comparison": comparison,
        "record_is_remote": sources.configured().is_remote,
        "record_rows": _record_rows(comparison, picker.found_by_field()),
        "verdict": completeness.form_of(row).verdict,
        "screening": latest,
        "checks_form": ChecksForm(_posted_to(request, "checks", posted), suggestions=suggestions, screening=latest),
        "corrections_form": picker,
        "kept_open": kept_open,
        "extension_form": ExtensionForm(_posted_to(request, "extend", posted), auto_id="extend_%s"),
        "extensions": row.extensions.select_related("extended_by"),
        "has_deadline": row.status in OWNER_HOLDS and row.owner_acts_by is not None,
        "withdrawal_form": StaffWithdrawalForm(_posted_to(request, "withdraw", posted)),
        "corrections": [_item_row(correction, row) for correction in row.case.corrections],
        "has_to_judge": row.status == Status.REQUEST_SUBMITTED
        and any(correction.is_to_judge for correction in row.case.corrections),
        "ended_decisions": decisions.ended(row),
        "notes_of_events": decisions.notes_of_events(row),
        "events": row.case.events[::-1],
        "may_screen": request.user.has_perm("requests_app.screen_msarequest"),
        "may_issue": request.user.has_perm("fieldwork.issue_serviceorder"),
        "may_withdraw": request.user.has_perm("requests_app.withdraw_msarequest"),
        "is_screenable": row.status == Status.REQUEST_SUBMITTED,
        "is_correctable": row.status in {Status.REQUEST_SUBMITTED, Status.PENDING_SERVICE_ORDER},
        "is_orderable": row.status in {Status.PENDING_SERVICE_ORDER, Status.RESCHEDULE_REQUESTED},
        "is_editable": row.status in EDITABLE,
        "first_step": steps.STEPS[0].slug,
        "is_open": row.status not in {Status.INSTALLATION_COMPLETE, Status.WITHDRAWN},
        "why_not_valid": policies.reason_against(
            policies.check_deem_valid, row, accepted=staff_decisions.accepted_in(waiting)
        ),
        "why_not_order": _why_not_order(row),
        **one_per_account.context(request, row, _posted_to(request, "allow-second", posted)),
    }


def _corrections_form(
    data: Any,
    row: MSARequest,
    *,
    comparison: Comparison | None = None,
    suggestions: Mapping[CheckCode, desk.Suggestion] | None = None,
) -> CorrectionsForm:
    comparison = comparison or compare(row)
    why_by_reason = desk.found_reasons(row, comparison, suggestions or desk.suggestions(row, comparison))
    record = {difference.field: difference.proposal for difference in comparison.differing}
    waiting = row.case.waiting_decision
    judged = waiting.content.get("judged", {}).values() if waiting else ()
    kept_open = any(correction.is_unanswered for correction in row.case.corrections)
    kept_open = kept_open or any(verdict["end"] == CorrectionEnd.KEPT_OPEN for verdict in judged)
    return CorrectionsForm(data, msa_request=row, why_by_reason=why_by_reason, record=record, kept_open=kept_open)


def _posted_to(request: HttpRequest, act: str, posted: bool) -> Any:
    """What was typed, for the form that it was typed into."""
    to = request.POST.get("form", "") or request.path.rstrip("/").rpartition("/")[2]
    return request.POST if posted and to == act else None


def _why_not_order(row: MSARequest) -> str:
    return policies.reason_against(lambda: policies.check_settled(policies.open_round(row)))


def _facts(row: MSARequest) -> list[tuple[Any, list[answers.Answer]]]:
    """The form's steps with the facts that apply, in words."""
    return [(step.title, answers.answers_of(row, step)) for step in steps.STEPS]


@dataclass(frozen=True)
class _Row:
    """One fact twice: as stated there, and as the application has it."""

    label: str
    stated: str
    now: str
    differs: bool
    reason_pk: int | None = None
    because: str = ""


def _agreement_rows(row: MSARequest, agreement: Agreement | None) -> list[_Row]:
    """What the agreement states beside what the request says now (A3)."""
    if agreement is None:
        return []
    now, stated = versions.covered_facts(row), agreement.facts
    differing = agreement_facts.differing(stated, now)
    return [
        _Row(
            agreement_text.label(name),
            agreement_text.value(name, stated),
            agreement_text.value(name, now),
            name in differing,
        )
        for name in now
    ]


def _record_rows(comparison: Comparison, reasons: Mapping[str, int]) -> list[_Row]:
    """What the utility's record says beside what the request says (C5)."""
    return [
        _Row(
            str(field.label),
            agreement_text.value(field.field, {field.field: field.theirs}),
            agreement_text.value(field.field, {field.field: field.ours}),
            not field.agrees,
            reasons.get(desk.reason_field(field.field)),
            field.because,
        )
        for field in comparison.fields
    ]


def _check_record(request: HttpRequest, row: MSARequest) -> str:
    """Ask the record again; it may take some seconds."""
    check_now(row, by=user_of(request))
    kept = RecordComparison.objects.filter(msa_request=row).first()
    if kept is None or kept.failure:
        raise Refused(_("The utility's record does not answer. It is asked again by itself."), code="out_of_reach")
    return _("Compared with the record.")


def _take(request: HttpRequest, row: MSARequest) -> str:
    claims.take(row, by=user_of(request))
    return _("This request is assigned to you.")


def _hand_back(request: HttpRequest, row: MSARequest) -> str:
    claims.hand_back(row, by=user_of(request))
    return _("Returned to the queue.")


def _answer_checks(request: HttpRequest, row: MSARequest) -> str:
    form = ChecksForm(
        request.POST, suggestions=desk.suggestions(row), screening=next(reversed(row.case.screenings), None)
    )
    if not form.is_valid():
        raise _Invalid
    desk.answer_checks(row, form.answers(), by=user_of(request), seen=_seen_or_refuse(request))
    if "then_valid" in request.POST:
        # The answers that were just saved are the person's own: all else is as they saw it.
        seen = replace(_seen_or_refuse(request), answers=seen_states.of(MSARequest(pk=row.pk)).answers)
        return _decide(request, row, DecisionKind.VALID, {}, _FOUND_VALID, seen=seen)
    return _("Answers saved.")


_FOUND_VALID = gettext_lazy("Found valid. It now waits for its service order.")


def _decide(
    request: HttpRequest,
    row: MSARequest,
    kind: DecisionKind,
    content: Mapping[str, Any],
    done: Any,
    seen: Seen | None = None,
) -> str:
    """Through the one door, with what the page showed; the message says until when it can be canceled."""
    seen = seen or decisions.seen_in(request)
    return decisions.decided(staff_decisions.decide(row, kind, content, by=user_of(request), seen=seen), str(done))


def _seen_or_refuse(request: HttpRequest) -> Seen:
    seen = decisions.seen_in(request)
    if seen is None:
        raise seen_states.unreadable()
    return seen


def _deem_valid(request: HttpRequest, row: MSARequest) -> str:
    return _decide(request, row, DecisionKind.VALID, {}, _FOUND_VALID)


def _require_corrections(request: HttpRequest, row: MSARequest) -> str:
    form = _corrections_form(request.POST, row)
    if not form.is_valid():
        raise _Invalid
    content = {"items": decision_acts.items_as_content(form.items())}
    done = _("Sent back. The customer has been told what to correct.")
    return _decide(request, row, DecisionKind.SEND_BACK, content, done)


def _accept_item(request: HttpRequest, row: MSARequest) -> str:
    item = _item(request, row)
    decision = corrections.accept(item, by=user_of(request), seen=_seen_or_refuse(request))
    return decisions.decided(decision, _("Accepted: %(item)s.") % {"item": item.reason.title})


def _keep_item_open(request: HttpRequest, row: MSARequest) -> str:
    item = _item(request, row)
    note = request.POST.get("note", "")
    decision = corrections.keep_open(item, by=user_of(request), note=note, seen=_seen_or_refuse(request))
    done = _("Kept open: %(item)s. It goes back to the customer when you send the request back.")
    return decisions.decided(decision, done % {"item": item.reason.title})


def _item(request: HttpRequest, row: MSARequest) -> Correction:
    posted = request.POST.get("item", "")
    msa_request = (
        row.corrections.select_related("reason", "msa_request").filter(pk=posted if posted.isdecimal() else 0).first()
    )
    if msa_request is None:
        raise Refused(_("This item is not there any more."), code="no_item")
    return msa_request


def _issue(request: HttpRequest, row: MSARequest) -> str:
    done = _("Service order issued. A dispatcher plans the visit now.")
    return _decide(request, row, DecisionKind.ORDER, {}, done)


def _withdraw(request: HttpRequest, row: MSARequest) -> str:
    form = StaffWithdrawalForm(request.POST)
    if not form.is_valid():
        raise _Invalid
    content = {"reason": form.cleaned_data["reason"], "note": form.cleaned_data["note"]}
    return _decide(request, row, DecisionKind.WITHDRAW, content, _("Withdrawn on the customer's word."))


def _extend(request: HttpRequest, row: MSARequest) -> str:
    form = ExtensionForm(request.POST)
    if not form.is_valid():
        raise _Invalid
    content = {"to": form.cleaned_data["to"].isoformat(), "reason": form.cleaned_data["reason"]}
    done = _("More time is given. The person whose turn it is has been told.")
    return _decide(request, row, DecisionKind.EXTEND, content, done)
