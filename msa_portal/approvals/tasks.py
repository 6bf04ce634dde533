"""Jobs of this app. Each may run twice."""

from celery import shared_task

from msa_portal.approvals import services


@shared_task
def run_due() -> None:
    services.run_due()
