"""Celery: the queues' consumer and the schedule. What runs when is said by each app's tasks."""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msa_portal.settings")

app = Celery("msa_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "deliver-notices": {"task": "msa_portal.notices.tasks.sweep", "schedule": 60.0},
}


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Django has configured logging; without a receiver Celery would do it again, its own way."""
