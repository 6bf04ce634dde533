"""Celery: the queues' consumer and the schedule. What runs when is said by each app's tasks."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msa_portal.settings")

app = Celery("msa_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "deliver-notices": {"task": "msa_portal.notices.tasks.sweep", "schedule": 15.0},
    "render-agreements": {"task": "requests_app.tasks.sweep_agreements", "schedule": 15.0},
    "scan-uploads-in-quarantine": {"task": "requests_app.tasks.scan_quarantine", "schedule": 60.0},
    "sweep-visit-photos-on-their-way": {
        "task": "fieldwork.tasks.sweep_uploads",
        "schedule": crontab(minute=35, hour=2),
    },
    "scan-visit-photos-in-quarantine": {"task": "fieldwork.tasks.scan_quarantine", "schedule": 60.0},
    "remind-signers": {"task": "requests_app.tasks.remind_signers", "schedule": 3600.0},
    "tend-agents-authorities": {"task": "requests_app.tasks.run_due_authorities", "schedule": 3600.0},
    "compare-with-record": {"task": "requests_app.tasks.compare_with_record", "schedule": 300.0},
    "tend-deadlines": {"task": "requests_app.tasks.run_due_deadlines", "schedule": 3600.0},
    "expire-and-follow-payments": {"task": "payments.tasks.sweep_payments", "schedule": 300.0},
    "look-into-payment-events": {"task": "payments.tasks.sweep_events", "schedule": 15.0},
    "render-receipts": {"task": "payments.tasks.sweep_receipts", "schedule": 300.0},
    "make-monthly-statements": {"task": "payments.tasks.make_statements", "schedule": 3600.0},
    "issue-due-orders": {"task": "fieldwork.tasks.issue_due_orders", "schedule": 3600.0},
    "remind-of-visits": {"task": "fieldwork.tasks.remind_of_visits", "schedule": crontab(minute=5)},
    "watch-arrivals": {"task": "fieldwork.tasks.watch_arrivals", "schedule": 300.0},
    "begin-silent-planning-runs-again": {"task": "fieldwork.tasks.sweep_plans", "schedule": 15.0},
    "tend-service-orders": {"task": "fieldwork.tasks.tend_orders", "schedule": crontab(minute=10, hour=2)},
    "learn-visit-durations": {"task": "fieldwork.tasks.learn_durations", "schedule": crontab(minute=40, hour=2)},
    # By the utility's clock (TIME_ZONE), when the provider's list of yesterday is complete.
    "compare-days-with-provider": {"task": "payments.tasks.reconcile_days", "schedule": crontab(minute=20, hour=3)},
    "compare-today-with-provider": {"task": "payments.tasks.reconcile_today", "schedule": crontab(minute=50)},
    "propose-rules": {"task": "fieldwork.tasks.propose_rules", "schedule": crontab(minute=40, hour=2)},
    "send-and-follow-refunds": {"task": "payments.tasks.sweep_refunds", "schedule": 120.0},
}


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Django has configured logging; without a receiver Celery would do it again, its own way."""
