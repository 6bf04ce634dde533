"""Celery: the queues' consumer and the schedule. What runs when is said by each app's tasks."""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "msa_portal.settings")


class NamedByApp(Celery):
    """Celery that names a task for its app: a module called `tasks` adds nothing to a name."""

    def gen_task_name(self, name: str, module: str) -> str:
        return f"{module.removesuffix('.tasks').removeprefix('msa_portal.')}.{name}"


app = NamedByApp("msa_portal")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "deliver-notices": {"task": "notices.sweep", "schedule": 15.0},
    "render-agreements": {"task": "requests_app.sweep_agreements", "schedule": 15.0},
    "scan-uploads-in-quarantine": {"task": "requests_app.scan_quarantine", "schedule": 60.0},
    "sweep-visit-photos-on-their-way": {
        "task": "fieldwork.sweep_uploads",
        "schedule": crontab(minute=35, hour=2),
    },
    "scan-visit-photos-in-quarantine": {"task": "fieldwork.scan_quarantine", "schedule": 60.0},
    "sweep-inspections": {"task": "requests_app.sweep_inspections", "schedule": 10.0},
    "release-staff-decisions": {"task": "requests_app.release_decisions", "schedule": 15.0},
    "remind-signers": {"task": "requests_app.remind_signers", "schedule": 3600.0},
    "tend-agents-authorities": {"task": "requests_app.run_due_authorities", "schedule": 3600.0},
    "remind-of-licenses": {"task": "accounts.remind_of_licenses", "schedule": crontab(minute=20, hour=7)},
    "apply-approvals": {"task": "approvals.run_due", "schedule": 300.0},
    "compare-with-record": {"task": "requests_app.compare_with_record", "schedule": 300.0},
    "tend-deadlines": {"task": "requests_app.run_due_deadlines", "schedule": 3600.0},
    "expire-and-follow-payments": {"task": "payments.sweep_payments", "schedule": 300.0},
    "look-into-payment-events": {"task": "payments.sweep_events", "schedule": 15.0},
    "render-receipts": {"task": "payments.sweep_receipts", "schedule": 300.0},
    "make-monthly-statements": {"task": "payments.make_statements", "schedule": 3600.0},
    "issue-due-orders": {"task": "fieldwork.issue_due_orders", "schedule": 3600.0},
    "remind-of-visits": {"task": "fieldwork.remind_of_visits", "schedule": crontab(minute=5)},
    "watch-arrivals": {"task": "fieldwork.watch_arrivals", "schedule": 300.0},
    "begin-silent-planning-runs-again": {"task": "fieldwork.sweep_plans", "schedule": 15.0},
    "tend-service-orders": {"task": "fieldwork.tend_orders", "schedule": crontab(minute=10, hour=2)},
    "learn-visit-durations": {"task": "fieldwork.learn_durations", "schedule": crontab(minute=40, hour=2)},
    # By the utility's clock (TIME_ZONE), when the provider's list of yesterday is complete.
    "compare-days-with-provider": {"task": "payments.reconcile_days", "schedule": crontab(minute=20, hour=3)},
    "compare-today-with-provider": {"task": "payments.reconcile_today", "schedule": crontab(minute=50)},
    "propose-rules": {"task": "fieldwork.propose_rules", "schedule": crontab(minute=40, hour=2)},
    "send-and-follow-refunds": {"task": "payments.sweep_refunds", "schedule": 120.0},
}


@setup_logging.connect
def keep_logging(**_: object) -> None:
    """Django has configured logging; without a receiver Celery would do it again, its own way."""
