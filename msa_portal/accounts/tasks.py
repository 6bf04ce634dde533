"""Thin tasks: each may run twice."""

from __future__ import annotations

from celery import shared_task

from msa_portal.accounts.companies import reminders


@shared_task
def remind_of_licenses() -> None:
    reminders.run_due()
