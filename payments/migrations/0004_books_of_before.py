"""What was raised, paid and refunded before the ledger was kept is booked, each row once."""

from django.db import migrations

PAYMENT_TO_PART = {"paid": "settled", "held": "held", "duplicate": "duplicate"}
RECEIVED = {
    "settled": ("fee_paid", "receivable", "F2"),
    "held": ("money_held", "unapplied", "D15"),
    "duplicate": ("paid_twice", "unapplied", "F1"),
}
ENDED = {
    "canceled": ("fee_canceled", "fees", "receivable", "D4"),
    "waived": ("fee_waived", "waived", "receivable", "D3"),
}
RULE_OF_REFUND = {"duplicate": "F1", "cannot_submit": "D15", "goodwill": "F4"}


def book(apps, kind, debit, credit, fee, cents, rule, key, at, **more):
    entries = apps.get_model("payments", "LedgerEntry").objects
    row = entries.create(
        kind=kind,
        debit=debit,
        credit=credit,
        amount_cents=cents,
        rule=rule,
        key=key,
        fee=fee,
        request_id=fee.round.request_id,
        **more,
    )
    entries.filter(pk=row.pk).update(at=at)


def book_fees(apps):
    for fee in apps.get_model("payments", "Fee").objects.select_related("round").order_by("pk"):
        raised = (fee.amount_cents, fee.round.fee_reason, f"fee-{fee.pk}-raised", fee.created_at)
        book(apps, "fee_raised", "receivable", "fees", fee, *raised)
        quoted = (fee.amount_cents, "D9", f"fee-{fee.pk}-quoted", fee.created_at)
        book(apps, "fee_quoted", "receivable", "receivable", fee, *quoted)
        if fee.state in ENDED:
            kind, debit, credit, rule = ENDED[fee.state]
            ended = (fee.amount_cents, rule, f"fee-{fee.pk}-{fee.state}", fee.settled_at or fee.updated_at)
            book(apps, kind, debit, credit, fee, *ended, by=fee.waived_by)


def bring_payments_up_to_date(apps):
    payments = apps.get_model("payments", "Payment").objects
    for payment in payments.select_related("payer", "receipt").order_by("pk"):
        payment.payer_name, payment.payer_email = payment.payer.name[:120], payment.payer.email
        part = payment.allocations.select_related("fee__round").get()
        part.state = PAYMENT_TO_PART.get(payment.state, "waiting")
        foreign = payment.held_reason in {"currency", "livemode"}
        if part.state != "waiting" and not foreign:
            payment.received_cents = part.received_cents = payment.amount_cents
        part.refunded_cents, part.held_reason, part.receipt = payment.refunded_cents, payment.held_reason, payment.receipt
        part.save()
        payment.save()
        if part.received_cents:
            kind, credit, rule = RECEIVED[part.state]
            book(
                apps, kind, "provider", credit, part.fee, part.received_cents, rule,
                f"allocation-{part.pk}-received", payment.paid_at, by=payment.payer, payment=payment,
                moved_at=payment.paid_at, provider_id=payment.intent_id or "",
            )  # fmt: skip


def bring_refunds_up_to_date(apps):
    refunds = apps.get_model("payments", "Refund").objects
    for refund in refunds.select_related("payment").order_by("pk"):
        part = refund.payment.allocations.select_related("fee__round").get()
        refund.fee = part.fee
        if refund.provider_id:
            refund.sent_at = refund.finished_at or refund.updated_at
        if refund.state == "declined":
            refund.decided_at = refund.decided_at or refund.updated_at
        refund.save()
        source = "refunded" if part.state == "settled" else "unapplied"
        rule, cents = RULE_OF_REFUND.get(refund.reason, "D4"), refund.amount_cents
        decided = refund.decided_at or refund.updated_at
        about = {"payment": refund.payment, "refund": refund}

        def booked(kind, debit, credit, at, *, refund=refund, part=part, cents=cents, rule=rule, about=about, **more):
            key = f"refund-{refund.pk}-{kind}-1"
            book(apps, kind, debit, credit, part.fee, cents, rule, key, at, **about, **more)

        if refund.state in {"proposed", "declined"}:
            continue
        booked("refund_promised", source, "refunds_due", decided, by=refund.decided_by)
        if refund.provider_id:
            there = {"moved_at": refund.sent_at, "provider_id": refund.provider_id}
            booked("refund_sent", "refunds_due", "provider", refund.sent_at, **there)
        if refund.state == "failed":
            if refund.provider_id:
                booked("refund_returned", "provider", "refunds_due", refund.sent_at, **there)
            booked("refund_released", "refunds_due", source, refund.finished_at or refund.updated_at)


def bring_up_to_date(apps, _editor):
    book_fees(apps)
    bring_payments_up_to_date(apps)
    bring_refunds_up_to_date(apps)


class Migration(migrations.Migration):
    dependencies = [("payments", "0003_ledger")]

    operations = [migrations.RunPython(bring_up_to_date, migrations.RunPython.noop)]
