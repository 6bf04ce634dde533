"""The staff desk's queue and screening page (program.md, C): read here, decided through services."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from msa_portal.errors import Refused
from msa_portal.guards import user_of
from msa_portal.refusals import refusal_as_message
from requests_app.admin import one_per_account
from requests_app.agreements import agreement_facts, versions
from requests_app.agreements import text as agreement_text
from requests_app.application import answers, completeness, steps
from requests_app.enums import OWNER_HOLDS, CheckCode, Status, WithdrawalReason
from requests_app.forms.screening import ChecksForm, CorrectionsForm, ExtensionForm, StaffWithdrawalForm
from requests_app.lifecycle import correction_items, expiry, policies, transitions
from requests_app.models import Agreement, Correction, MSARequest, RecordComparison
from requests_app.screening import corrections, desk
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
        "request_type",
        "customer_name",
        "city",
        "company",
        "waiting",
        "taken_by",
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
        return rows.prefetch_related("screenings__taken_by")

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

    def has_issue_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("fieldwork.issue_serviceorder")

    @admin.action(description=gettext_lazy("Issue service orders"), permissions=["issue"])
    def issue_service_orders(self, request: HttpRequest, queryset: QuerySet[MSARequest]) -> None:
        """Each on its own: one that cannot be issued says why and does not hold up the others."""
        issued = 0
        for row in queryset:
            try:
                transitions.issue_service_order(row, by=user_of(request))
            except Refused as refusal:
                self.message_user(request, f"{row.reference}: {refusal}", messages.ERROR)
            else:
                issued += 1
        if issued:
            self.message_user(request, _("Service orders issued: %(count)s.") % {"count": issued}, messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        acts = {
            "take": _take,
            "hand-back": _hand_back,
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
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(self._act(act))),
                name=f"requests_app_msarequest_{name.replace('-', '_')}",
            )
            for name, act in acts.items()
        ]
        return own + super().get_urls()

    def take_next(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return redirect("admin:requests_app_msarequest_changelist")
        with refusal_as_message(request):
            row = desk.take_next(by=user_of(request))
            if row is None:
                messages.info(request, _("Nothing waits for screening."))
                return redirect("admin:requests_app_msarequest_changelist")
            return redirect("admin:requests_app_msarequest_change", row.pk)
        return redirect("admin:requests_app_msarequest_changelist")

    def _act(self, act: Callable[[HttpRequest, MSARequest], str]) -> Callable[..., HttpResponse]:
        """Load, act, and come back with what was done or why it was not; what was typed stays."""

        def view(request: HttpRequest, pk: int) -> HttpResponse:
            row = self._row(request, pk)
            try:
                done = act(request, row)
            except Refused as refusal:
                messages.error(request, str(refusal))
                return self._page(request, row, posted=True)
            except _Invalid:
                return self._page(request, row, posted=True)
            messages.success(request, done)
            return redirect("admin:requests_app_msarequest_change", row.pk)

        return view

    def _row(self, request: HttpRequest, pk: int) -> MSARequest:
        row = (
            MSARequest.objects.visible_to(request.user)
            .with_case(whole=True)
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

    def _page(self, request: HttpRequest, row: MSARequest, *, posted: bool = False) -> HttpResponse:
        if changes := _changes_to_judge(request, row):
            context = {**self.admin_site.each_context(request), **_changes_context(row, changes)}
            context |= {"title": row.reference, "opts": self.opts}
            template = "admin/requests_app/msarequest/changes.html"
            return render(request, template, context, status=409 if posted else 200)
        context = {**self.admin_site.each_context(request), **_page_context(request, row, posted=posted)}
        context |= {"title": row.reference, "opts": self.opts}
        status = 409 if posted else 200
        return render(request, "admin/requests_app/msarequest/screening.html", context, status=status)


class _Invalid(Exception):
    """The posted form has errors; the page shows them."""


def _changes_to_judge(request: HttpRequest, row: MSARequest) -> corrections.Changes | None:
    """What changed since it was sent back, while an answer waits to be judged; the rest is behind a link."""
    forms_of_the_whole = ("/checks/", "/corrections/", "/withdraw/", "/extend/", "/allow-second/")
    if row.status != Status.REQUEST_SUBMITTED or "all" in request.GET or request.path.endswith(forms_of_the_whole):
        return None
    if not request.user.has_perm("requests_app.screen_msarequest"):
        return None
    changes = corrections.since_last_decision(row)
    return changes if changes and changes.to_judge else None


def _changes_context(row: MSARequest, changes: corrections.Changes) -> dict[str, Any]:
    return {
        "msa_request": row,
        "changes": changes,
        "rows": [_item_row(item, row) for item in changes.items],
        "screening": next(reversed(row.case.screenings), None),
    }


def _item_row(item: Correction, row: MSARequest) -> dict[str, Any]:
    now = answers.answer_text(row, item.field) if item.field else ""
    return {"item": item, "now": now, "proposal": correction_items.proposal_in_words(item)}


def _page_context(request: HttpRequest, row: MSARequest, *, posted: bool) -> dict[str, Any]:
    latest = next(reversed(row.case.screenings), None)
    agreement, comparison = versions.current(row), compare(row)
    suggestions = desk.suggestions(row, comparison)
    kept_open = [correction for correction in row.case.corrections if correction.is_unanswered]
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
        "events": row.case.events[::-1],
        "may_screen": request.user.has_perm("requests_app.screen_msarequest"),
        "may_issue": request.user.has_perm("fieldwork.issue_serviceorder"),
        "may_withdraw": request.user.has_perm("requests_app.withdraw_msarequest"),
        "is_screenable": row.status == Status.REQUEST_SUBMITTED,
        "is_correctable": row.status in {Status.REQUEST_SUBMITTED, Status.PENDING_SERVICE_ORDER},
        "is_orderable": row.status in {Status.PENDING_SERVICE_ORDER, Status.RESCHEDULE_REQUESTED},
        "is_open": row.status not in {Status.INSTALLATION_COMPLETE, Status.WITHDRAWN},
        "why_not_valid": policies.reason_against(policies.check_deem_valid, row),
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
    kept_open = any(correction.is_unanswered for correction in row.case.corrections)
    return CorrectionsForm(data, msa_request=row, why_by_reason=why_by_reason, record=record, kept_open=kept_open)


def _posted_to(request: HttpRequest, act: str, posted: bool) -> Any:
    """What was typed, for the form that it was typed into."""
    return request.POST if posted and request.path.endswith(f"/{act}/") else None


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
    desk.take(row, by=user_of(request))
    return _("This request is on your desk.")


def _hand_back(request: HttpRequest, row: MSARequest) -> str:
    desk.hand_back(row, by=user_of(request))
    return _("Back in the queue.")


def _answer_checks(request: HttpRequest, row: MSARequest) -> str:
    form = ChecksForm(
        request.POST, suggestions=desk.suggestions(row), screening=next(reversed(row.case.screenings), None)
    )
    if not form.is_valid():
        raise _Invalid
    desk.answer_checks(row, form.answers(), by=user_of(request))
    if "then_valid" in request.POST:
        return _deem_valid(request, row)
    return _("Answers saved.")


def _deem_valid(request: HttpRequest, row: MSARequest) -> str:
    transitions.deem_valid(row, by=user_of(request))
    return _("Found valid. It now waits for its service order.")


def _require_corrections(request: HttpRequest, row: MSARequest) -> str:
    form = _corrections_form(request.POST, row)
    if not form.is_valid():
        raise _Invalid
    transitions.require_corrections(row, by=user_of(request), items=form.items())
    return _("Sent back. The customer has been told what to correct.")


def _accept_item(request: HttpRequest, row: MSARequest) -> str:
    item = _item(request, row)
    corrections.accept(item, by=user_of(request))
    return _("Accepted: %(item)s.") % {"item": item.reason.title}


def _keep_item_open(request: HttpRequest, row: MSARequest) -> str:
    item = _item(request, row)
    corrections.keep_open(item, by=user_of(request), note=request.POST.get("note", ""))
    return _("Kept open: %(item)s. It goes back to the customer when you send the request back.") % {
        "item": item.reason.title
    }


def _item(request: HttpRequest, row: MSARequest) -> Correction:
    posted = request.POST.get("item", "")
    msa_request = (
        row.corrections.select_related("reason", "msa_request").filter(pk=posted if posted.isdecimal() else 0).first()
    )
    if msa_request is None:
        raise Refused(_("This item is not there any more."), code="no_item")
    return msa_request


def _issue(request: HttpRequest, row: MSARequest) -> str:
    transitions.issue_service_order(row, by=user_of(request))
    return _("Service order issued. A dispatcher plans the visit now.")


def _withdraw(request: HttpRequest, row: MSARequest) -> str:
    form = StaffWithdrawalForm(request.POST)
    if not form.is_valid():
        raise _Invalid
    data = form.cleaned_data
    transitions.withdraw(row, by=user_of(request), reason=WithdrawalReason(data["reason"]), note=data["note"])
    return _("Withdrawn on the customer's word.")


def _extend(request: HttpRequest, row: MSARequest) -> str:
    form = ExtensionForm(request.POST)
    if not form.is_valid():
        raise _Invalid
    data = form.cleaned_data
    expiry.extend(row, to=data["to"], reason=data["reason"], by=user_of(request))
    return _("More time is given. Whoever has the ball has been told.")
