"""Fees, payments and refunds on the staff desk: read here, decided through services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.errors import Refused
from payments import provider
from payments.forms import ApproveForm, DeclineForm, ProposeForm, WaiveForm
from payments.models import Fee, Payment, ProviderEvent, Refund
from payments.services import events, fees, refunds, settle
from requests_app.models import MSARequest


@dataclass(frozen=True)
class Step:
    """Something staff can do with a row: a page that says what it does, and a form that does it."""

    name: str
    title: Any
    what: Any
    permission: str
    possible: Callable[[Any], bool]
    form: Callable[[Any], type[forms.Form]]
    initial: Callable[[Any], dict[str, Any]]
    act: Callable[[HttpRequest, Any, Any], None]
    done: Any


class MoneyAdmin(admin.ModelAdmin):
    """Read-only; what can be done are steps, each with a page of its own."""

    steps: list[Step] = []
    change_form_template = "payments/admin/change_form.html"
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = f"payments_{self.opts.model_name}"
        own = [
            path(
                f"<int:pk>/{step.name}/",
                self.admin_site.admin_view(partial(self.take_step, step=step)),
                name=f"{name}_{step.name}",
            )
            for step in self.steps
        ]
        return own + super().get_urls()

    def open_steps(self, request: HttpRequest, row: Any) -> list[Step]:
        user: Any = request.user
        return [step for step in self.steps if user.has_perm(step.permission) and step.possible(row)]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        steps = (
            [] if row is None else [(step.title, self._address(step, row)) for step in self.open_steps(request, row)]
        )
        return super().change_view(request, object_id, form_url, {"steps": steps, **(extra_context or {})})

    def _address(self, step: Step, row: Any) -> str:
        return reverse(f"admin:payments_{self.opts.model_name}_{step.name}", args=[row.pk])

    def take_step(self, request: HttpRequest, pk: int, step: Step) -> HttpResponse:
        """A GET asks, a POST acts. Without the permission the address is not there."""
        user: Any = request.user
        row = self.get_object(request, str(pk))
        if row is None or not (self.has_view_permission(request, row) and user.has_perm(step.permission)):
            raise Http404
        form = step.form(row)(request.POST if request.method == "POST" else None, initial=step.initial(row))
        if request.method == "POST" and form.is_valid():
            try:
                step.act(request, row, form)
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(request, str(step.done))
                return redirect(f"admin:payments_{self.opts.model_name}_change", row.pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": step.title,
            "what": step.what,
            "row": row,
            "form": form,
            "amount": formats.usd(row.amount_cents) if hasattr(row, "amount_cents") else "",
        }
        return render(request, "payments/admin/step.html", context)

    @admin.display(description=gettext_lazy("amount"), ordering="amount_cents")
    def amount(self, row: Any) -> str:
        return formats.usd(row.amount_cents)


def _nothing(_row: Any) -> dict[str, Any]:
    return {}


def _ask_provider(request: HttpRequest, payment: Payment, _form: Any) -> None:
    try:
        settle.settle_from_provider(payment)
    except (provider.ProviderUnavailable, provider.ProviderRefused) as error:
        raise Refused(
            _("The payment provider gave no answer. Nothing changed; try again in a minute."), code="no_answer"
        ) from error


def _waive(request: HttpRequest, fee: Fee, form: Any) -> None:
    fees.waive(fee, by=request.user, reason=form.cleaned_data["reason"])  # type: ignore[arg-type]  # staff only


def _propose(request: HttpRequest, payment: Payment, form: ProposeForm) -> None:
    refunds.propose_by_staff(
        payment,
        by=request.user,  # type: ignore[arg-type]  # staff only
        amount_cents=form.amount_cents,
        note=form.cleaned_data["note"],
    )


def _approve(request: HttpRequest, refund: Refund, form: Any) -> None:
    refunds.approve(refund, by=request.user, expected_cents=form.cleaned_data["expected_cents"])  # type: ignore[arg-type]  # staff only


def _decline(request: HttpRequest, refund: Refund, form: Any) -> None:
    refunds.decline(refund, by=request.user, note=form.cleaned_data["note"])  # type: ignore[arg-type]  # staff only


@admin.register(Fee)
class FeeAdmin(MoneyAdmin):
    list_display = ["reference", "visit", "amount", "state", "quoted_on", "quote_holds_until"]
    list_filter = ["state"]
    search_fields = ["round__request__reference"]
    list_select_related = ["round__request"]
    steps = [
        Step(
            name="waive",
            title=gettext_lazy("Waive this fee"),
            what=gettext_lazy("The visit goes on without its fee. That cannot be taken back."),
            permission="payments.waive_fee",
            possible=lambda fee: fee.state == Fee.State.OPEN,
            form=lambda _fee: WaiveForm,
            initial=_nothing,
            act=_waive,
            done=gettext_lazy("The fee is waived."),
        )
    ]

    @admin.display(description=gettext_lazy("request"))
    def reference(self, fee: Fee) -> MSARequest:
        return fee.round.request

    @admin.display(description=gettext_lazy("visit"))
    def visit(self, fee: Fee) -> int:
        return fee.round.number


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    list_display = ["pk", "references", "amount", "refunded", "state", "held_reason", "dispute", "payer", "paid_at"]
    list_filter = ["state", "dispute"]
    search_fields = ["fees__round__request__reference", "session_id", "intent_id"]
    list_select_related = ["payer"]
    exclude = ["session_url"]
    steps = [
        Step(
            name="ask",
            title=gettext_lazy("Ask the provider now"),
            what=gettext_lazy("The payment is looked up at the provider, and our records follow what it says."),
            permission="payments.view_payment",
            possible=lambda payment: payment.session_id is not None,
            form=lambda _payment: forms.Form,
            initial=_nothing,
            act=_ask_provider,
            done=gettext_lazy("The provider was asked."),
        ),
        Step(
            name="propose",
            title=gettext_lazy("Propose a refund"),
            what=gettext_lazy("A supervisor other than you has to approve it."),
            permission="payments.propose_refund",
            possible=lambda payment: (
                payment.state in Payment.RECEIVED and payment.received_cents > payment.refunded_cents
            ),
            form=lambda _payment: ProposeForm,
            initial=_nothing,
            act=_propose,
            done=gettext_lazy("The refund is proposed."),
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("fees__round__request")

    @admin.display(description=gettext_lazy("request"))
    def references(self, payment: Payment) -> str:
        return ", ".join(sorted({str(fee.round.request) for fee in payment.fees.all()}))

    @admin.display(description=gettext_lazy("refunded"))
    def refunded(self, payment: Payment) -> str:
        return formats.usd(payment.refunded_cents)


@admin.register(Refund)
class RefundAdmin(MoneyAdmin):
    list_display = ["pk", "references", "amount", "reason", "state", "proposed_by", "decided_by", "last_error"]
    list_filter = ["state", "reason"]
    search_fields = ["payment__fees__round__request__reference", "provider_id"]
    list_select_related = ["payment", "proposed_by", "decided_by"]
    steps = [
        Step(
            name="approve",
            title=gettext_lazy("Approve this refund"),
            what=gettext_lazy("The money is sent to the card or account that paid. That cannot be taken back."),
            permission="payments.approve_refund",
            possible=lambda refund: refund.state == Refund.State.PROPOSED,
            form=lambda _refund: ApproveForm,
            initial=lambda refund: {"expected_cents": refunds.part_of(refund).remaining_cents},
            act=_approve,
            done=gettext_lazy("Approved. The money is being sent."),
        ),
        Step(
            name="decline",
            title=gettext_lazy("Decline this refund"),
            what=gettext_lazy("No money goes back. The reason is kept."),
            permission="payments.approve_refund",
            possible=lambda refund: refund.state == Refund.State.PROPOSED,
            form=lambda _refund: DeclineForm,
            initial=_nothing,
            act=_decline,
            done=gettext_lazy("The refund is declined."),
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("payment__fees__round__request")

    @admin.display(description=gettext_lazy("request"))
    def references(self, refund: Refund) -> str:
        return ", ".join(sorted({str(fee.round.request) for fee in refund.payment.fees.all()}))


def _look_into(request: HttpRequest, row: ProviderEvent, _form: Any) -> None:
    try:
        events.process(row)
    except provider.ProviderUnavailable as error:
        raise Refused(
            _("The payment provider gave no answer. Nothing changed; try again in a minute."), code="no_answer"
        ) from error


@admin.register(ProviderEvent)
class ProviderEventAdmin(MoneyAdmin):
    list_display = ["event_id", "type", "received_at", "processed_at", "error"]
    list_filter = ["type", ("processed_at", admin.EmptyFieldListFilter)]
    search_fields = ["event_id", "object_id"]
    steps = [
        Step(
            name="ask",
            title=gettext_lazy("Look into it now"),
            what=gettext_lazy("The payment that the event is about is looked up at the provider."),
            permission="payments.view_payment",
            possible=lambda row: row.processed_at is None,
            form=lambda _row: forms.Form,
            initial=_nothing,
            act=_look_into,
            done=gettext_lazy("Done."),
        )
    ]
