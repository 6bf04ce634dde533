"""Jobs of the request: each takes an id, is thin, and may run twice."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from msa_portal.jobs import ask
from requests_app.files import inspectors, quarantine
from requests_app.lifecycle import expiry, staff_decisions
from requests_app.models import Agreement, Document
from requests_app.signing import authority, reminders, rendering
from requests_app.utility_records import comparison

_A_SWEEP = 200
_PATIENCE = timedelta(minutes=1)


@shared_task(time_limit=120)
def render_agreement(agreement_id: int) -> None:
    rendering.render(agreement_id)


@shared_task
def sweep_agreements() -> None:
    """Agreements that lack a document for longer than rendering takes."""
    late = Agreement.objects.lacking_document(since=timezone.now() - _PATIENCE)
    for agreement_id in late.order_by("pk").values_list("pk", flat=True)[:_A_SWEEP]:
        ask("requests_app.render_agreement", agreement_id)


@shared_task
def remind_signers() -> None:
    reminders.run_due()


@shared_task
def scan_quarantine() -> None:
    quarantine.look_again(Document.objects.all())


@shared_task(time_limit=60)
def inspect_next() -> None:
    """The file that is first in line, whichever it was asked for."""
    inspectors.inspect_next()


@shared_task
def sweep_inspections() -> None:
    for _file in range(inspectors.sweep()):
        ask("requests_app.inspect_next")


@shared_task(time_limit=1800)
def run_due_deadlines() -> None:
    expiry.run_due()


@shared_task(time_limit=300)
def release_decisions() -> None:
    staff_decisions.run_due()


@shared_task(time_limit=1800)
def run_due_authorities() -> None:
    authority.run_due()


@shared_task(time_limit=900)
def compare_with_record() -> None:
    """What a record out of reach left undone."""
    comparison.run_due()
