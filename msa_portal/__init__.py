"""The platform. Celery's app is made with it, so that tasks know their broker in every process."""

from msa_portal.celery import app as celery_app

__all__ = ["celery_app"]
