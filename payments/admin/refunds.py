"""Refunds and disputes on the staff desk: a supervisor decides about the first, a bank about the second."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from msa_portal import formats
from msa_portal.errors import Refused
from msa_portal.guards import user_of
from payments.admin.desk import MoneyAdmin, Step, nothing
from payments.forms.refunds import ApproveForm, DeclineForm
from payments.models import Dispute, Refund
from payments.services import limits, refunds
from requests_app.models import MSARequest


def _approve(request: HttpRequest, refund: Refund, form: Any) -> Any:
    if refunds.approve(refund, by=user_of(request), **form.cleaned_data):
        return _("You approved it. No money has gone yet: a second supervisor has to approve it too, and was told.")
    return None


def _decline(request: HttpRequest, refund: Refund, form: Any) -> None:
    refunds.decline(refund, by=user_of(request), note=form.cleaned_data["note"])


def _facts(refund: Refund) -> list[tuple[Any, Any]]:
    """Who wants it, for what and why, and who may approve it."""
    limit = formats.usd(limits.limit_cents())
    facts = [
        (_("Request"), refund.fee.round.msa_request),
        (_("Visit"), refund.fee.round.number),
        (_("Left of this payment for it"), formats.usd(refunds.part_of(refund).remaining_cents)),
        (_("Why"), refund.get_reason_display()),
        (_("Proposed by"), refund.proposed_by or _("the portal")),
        (_("Proposed on"), formats.moment(refund.created_at)),
        (_("Note"), refund.note),
        (_("Refunded, waived or waiting of this payment"), formats.usd(limits.given_up_of(refund.payment))),
        (_("Who approves"), _who_approves(refund) % {"limit": limit}),
    ]
    first = refunds.first_approval(refund)
    if first and first.proposed_by:
        facts.append((_("Approved first by"), f"{first.proposed_by}, {formats.moment(first.created_at)}"))
    return [(name, value) for name, value in facts if value]


def _who_approves(refund: Refund) -> str:
    if refunds.takes_two(refund):
        return _(
            "Two supervisors, since no rule owes this money and it's above %(limit)s a payment. The second one's approval sends it."
        )
    return _("Above %(limit)s a payment, another supervisor than the proposer.")


def _not_yours(request: HttpRequest, refund: Refund) -> str:
    try:
        refunds.check_may_approve(refund, by=user_of(request))
    except Refused as refusal:
        return str(refusal)
    return ""


@admin.register(Refund)
class RefundAdmin(MoneyAdmin):
    list_display = [
        "pk",
        "reference",
        "amount",
        "reason",
        "state",
        "proposed_by",
        "decided_by",
        "sent_at",
        "last_error",
    ]
    list_filter = ["state", "reason"]
    search_fields = ["=fee__round__msa_request__reference", "=provider_id"]
    search_help_text = gettext_lazy("A request's reference, or the provider's id of a refund")
    list_select_related = ["fee__round__msa_request", "proposed_by", "decided_by"]
    steps = [
        Step(
            name="approve",
            title=gettext_lazy("Approve this refund"),
            what=gettext_lazy(
                "With the last approval that it takes, the money is sent to the card or account that paid. That cannot be taken "
                "back."
            ),
            permission="payments.approve_refund",
            possible=lambda refund: refund.state == Refund.State.PROPOSED,
            form=lambda _refund: ApproveForm,
            initial=lambda refund: {
                "expected_cents": refunds.part_of(refund).remaining_cents,
                "amount_cents": refund.amount_cents,
            },
            act=_approve,
            done=gettext_lazy("Approved. The money is being sent."),
            facts=_facts,
            obstacle=_not_yours,
        ),
        Step(
            name="decline",
            title=gettext_lazy("Decline this refund"),
            what=gettext_lazy("No money goes back. The customer reads the reason."),
            permission="payments.approve_refund",
            possible=lambda refund: refund.state == Refund.State.PROPOSED,
            form=lambda _refund: DeclineForm,
            initial=nothing,
            act=_decline,
            done=gettext_lazy("The refund is declined."),
            facts=_facts,
        ),
    ]

    @admin.display(description=gettext_lazy("request"))
    def reference(self, refund: Refund) -> MSARequest:
        return refund.fee.round.msa_request


@admin.register(Dispute)
class DisputeAdmin(MoneyAdmin):
    """As the provider tells it; nothing is decided here."""

    list_display = [
        "provider_id",
        "references",
        "amount",
        "state",
        "opened_at",
        "withdrawn_at",
        "reinstated_at",
        "closed_at",
    ]
    list_filter = ["state"]
    search_fields = ["=provider_id", "=payment__fees__round__msa_request__reference"]
    search_help_text = gettext_lazy("A request's reference, or the provider's id of a dispute")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .select_related("payment")
            .prefetch_related("payment__fees__round__msa_request")
        )

    @admin.display(description=gettext_lazy("request"))
    def references(self, dispute: Dispute) -> str:
        return ", ".join(sorted({str(fee.round.msa_request) for fee in dispute.payment.fees.all()}))
