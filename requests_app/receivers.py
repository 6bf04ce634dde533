"""What this app does with its own events; each receiver runs in the transaction of its cause."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from msa_portal.approvals import rows
from msa_portal.notices import recipients
from requests_app import deadlines, decision_guard, notices, permissions, sections, signals
from requests_app.models import CorrectionReason, Document, MSARequest, OutcomeReason, PaperReason, ProgramSettings
from requests_app.rule_changes import wordings
from requests_app.screening import corrections
from requests_app.signing import address_corrections, company_changes, invitations, paper


def connect(app: AppConfig) -> None:
    """Called once when the app is ready."""
    post_migrate.connect(decision_guard.keep, sender=app, dispatch_uid="requests_app.decision_guard")
    deadlines.connect()
    corrections.connect()
    address_corrections.connect()
    paper.connect()
    invitations.connect()
    company_changes.connect()
    sections.connect()
    notices.connect("requests_app")
    recipients.register(notices.takes_no_part)
    wordings.register()
    for model in (OutcomeReason, CorrectionReason, PaperReason, ProgramSettings):
        rows.register(model)
    signals.file_infected.connect(tell_of_infected, sender=Document, dispatch_uid="notices of infected files")


def tell_of_infected(sender: Any, row: Document, msa_request: MSARequest, **_kwargs: Any) -> None:
    """To its sender while they act on the request, else to the person who does."""
    sender = row.created_by
    if sender is not None and not permissions.acts_for(sender, msa_request):
        sender = msa_request.agent if msa_request.has_agent else msa_request.owner
    notices.upload_removed(msa_request, key=str(row.pk), file_name=row.name, sender=sender)
