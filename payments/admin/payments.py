"""Fees, payments and the provider's events on the staff desk: read here, decided through services."""

from __future__ import annotations

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.errors import Refused
from msa_portal.guards import user_of
from payments import provider
from payments.admin.desk import MoneyAdmin, Step, nothing
from payments.forms.refunds import ProposeForm, WaiveForm, WriteOffForm
from payments.models import Allocation, Fee, Payment, ProviderEvent
from payments.services import events, limits, refunds, settle, waivers
from requests_app.models import MSARequest

__all__ = ["FeeAdmin", "MoneyAdmin", "PaymentAdmin", "ProviderEventAdmin", "Step"]


_PROPOSED = gettext_lazy("Proposed. Another supervisor approves it under “Approvals by a second person”.")


def _ask_provider(request: HttpRequest, payment: Payment, _form: Any) -> None:
    try:
        settle.settle_from_provider(payment)
    except (provider.ProviderUnavailable, provider.ProviderRefused) as error:
        raise Refused(
            _("The payment provider gave no answer. Nothing changed; try again in a minute."), code="no_answer"
        ) from error


def _waive(request: HttpRequest, fee: Fee, form: Any) -> Any:
    if waivers.waive(fee, by=user_of(request), reason=form.cleaned_data["reason"]):
        return _PROPOSED
    return None


def _write_off(request: HttpRequest, fee: Fee, form: Any) -> Any:
    if waivers.write_off(fee, by=user_of(request), reason=form.cleaned_data["reason"]):
        return _PROPOSED
    return None


def _who_decides(fee: Fee) -> list[tuple[Any, Any]]:
    """Whether one supervisor is enough, and what waits already."""
    limit, waiting = formats.usd(limits.limit_cents()), waivers.waiting_for(fee)
    alone = (
        _("You alone: with everything given up of this payment it stays within %(limit)s.")
        if waivers.may_alone(fee)
        else _("You propose it and another supervisor approves, since it's above %(limit)s.")
    )
    facts = [(_("Who decides"), alone % {"limit": limit})]
    return facts + ([(_("Waits already"), waiting.subject)] if waiting else [])


def _propose(request: HttpRequest, payment: Payment, form: ProposeForm) -> None:
    refunds.propose_by_staff(
        payment,
        by=user_of(request),
        amount_cents=form.amount_cents,
        note=form.cleaned_data["note"],
        fee_id=form.fee_id,
    )


def _parts(payment: Payment) -> list[tuple[int, str]]:
    """The fees of which something can still go back, with how much of each that is."""
    parts = payment.allocations.filter(state__in=Allocation.RECEIVED).select_related("fee__round__msa_request")
    return [
        (
            part.fee_id,
            _("%(reference)s, visit %(number)s: %(left)s left")
            % {
                "reference": part.fee.round.msa_request.reference,
                "number": part.fee.round.number,
                "left": formats.usd(part.remaining_cents),
            },
        )
        for part in parts
        if part.remaining_cents
    ]


@admin.register(Fee)
class FeeAdmin(MoneyAdmin):
    list_display = ["reference", "visit", "amount", "state", "quoted_on", "quote_holds_until"]
    list_filter = ["state"]
    search_fields = ["round__msa_request__reference"]
    list_select_related = ["round__msa_request"]
    steps = [
        Step(
            name="waive",
            title=gettext_lazy("Waive this fee"),
            what=gettext_lazy("The visit goes on without its fee. That cannot be taken back."),
            permission="payments.waive_fee",
            possible=lambda fee: fee.state == Fee.State.OPEN,
            form=lambda _fee: WaiveForm,
            initial=nothing,
            act=_waive,
            done=gettext_lazy("The fee is waived."),
            facts=_who_decides,
        ),
        Step(
            name="write_off",
            title=gettext_lazy("Write off this fee"),
            what=gettext_lazy(
                "The payer's bank took the money back. The fee is given up, and the visit is held no longer. "
                "That cannot be taken back."
            ),
            permission="payments.waive_fee",
            possible=waivers.can_write_off,
            form=lambda _fee: WriteOffForm,
            initial=nothing,
            act=_write_off,
            done=gettext_lazy("The fee is written off."),
            facts=_who_decides,
        ),
    ]

    @admin.display(description=gettext_lazy("request"))
    def reference(self, fee: Fee) -> MSARequest:
        return fee.round.msa_request

    @admin.display(description=gettext_lazy("visit"))
    def visit(self, fee: Fee) -> int:
        return fee.round.number


class PartsInline(admin.TabularInline):
    """What of the payment is for which fee, and what became of it."""

    model = Allocation
    fields = ("msa_request", "visit", "amount", "received", "refunded", "state", "held_reason")
    readonly_fields = fields
    extra = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("What it is for")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may see the payment sees its parts."""
        return bool(request.user.has_perm("payments.view_payment"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Allocation]:
        return super().get_queryset(request).select_related("payment", "fee__round__msa_request")

    @admin.display(description=gettext_lazy("request"))
    def msa_request(self, part: Allocation) -> MSARequest:
        return part.fee.round.msa_request

    @admin.display(description=gettext_lazy("visit"))
    def visit(self, part: Allocation) -> int:
        return part.fee.round.number

    @admin.display(description=gettext_lazy("amount"))
    def amount(self, part: Allocation) -> str:
        return formats.usd(part.amount_cents)

    @admin.display(description=gettext_lazy("received"))
    def received(self, part: Allocation) -> str:
        return formats.usd(part.received_cents)

    @admin.display(description=gettext_lazy("refunded or promised"))
    def refunded(self, part: Allocation) -> str:
        return formats.usd(part.refunded_cents)


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    list_display = ["pk", "references", "amount", "refunded", "state", "held_reason", "dispute", "payer", "paid_at"]
    list_filter = ["state", "dispute"]
    search_fields = ["fees__round__msa_request__reference", "session_id", "intent_id"]
    list_select_related = ["payer"]
    exclude = ["session_url"]
    inlines = [PartsInline]
    steps = [
        Step(
            name="ask",
            title=gettext_lazy("Ask the provider now"),
            what=gettext_lazy("The payment is looked up at the provider, and our records follow what it says."),
            permission="payments.view_payment",
            possible=lambda payment: payment.session_id is not None,
            form=lambda _payment: forms.Form,
            initial=nothing,
            act=_ask_provider,
            done=gettext_lazy("The provider was asked."),
        ),
        Step(
            name="propose",
            title=gettext_lazy("Propose a refund"),
            what=gettext_lazy(
                "A supervisor approves it. A supervisor who proposes more than the limit in the program settings "
                "needs another one for that."
            ),
            permission="payments.propose_refund",
            possible=lambda payment: (
                payment.state in Payment.RECEIVED and payment.received_cents > payment.refunded_cents
            ),
            form=lambda payment: partial(ProposeForm, parts=_parts(payment)),
            initial=nothing,
            act=_propose,
            done=gettext_lazy("The refund is proposed."),
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("fees__round__msa_request")

    @admin.display(description=gettext_lazy("request"))
    def references(self, payment: Payment) -> str:
        return ", ".join(sorted({str(fee.round.msa_request) for fee in payment.fees.all()}))

    @admin.display(description=gettext_lazy("refunded"))
    def refunded(self, payment: Payment) -> str:
        return formats.usd(payment.refunded_cents)


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
            initial=nothing,
            act=_look_into,
            done=gettext_lazy("Done."),
        )
    ]
