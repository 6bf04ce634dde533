"""What this app does with its own events; each receiver runs in the transaction of its cause."""

from __future__ import annotations

from typing import Any

from msa_portal.approvals import rows
from requests_app import deadlines, notices, sections, signals
from requests_app.models import CorrectionReason, Document, MSARequest, OutcomeReason, PaperReason, ProgramSettings
from requests_app.rule_changes import wordings
from requests_app.signing import invitations, paper


def connect() -> None:
    """Called once when the app is ready."""
    deadlines.connect()
    paper.connect()
    invitations.connect()
    sections.connect()
    notices.connect("requests_app")
    wordings.register()
    for model in (OutcomeReason, CorrectionReason, PaperReason, ProgramSettings):
        rows.register(model)
    signals.file_infected.connect(tell_of_infected, sender=Document, dispatch_uid="notices of infected files")


def tell_of_infected(sender: Any, row: Document, msa_request: MSARequest, **_kwargs: Any) -> None:
    notices.upload_removed(msa_request, key=str(row.pk), file_name=row.name, sender=row.created_by)
