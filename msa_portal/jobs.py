"""Jobs by name: asks a worker for a task without importing it, so that services stay below the tasks that call them.

A job is named for its app and its function: `payments.render_receipt` is `payments.tasks.render_receipt`, and
`notices.deliver` is `msa_portal.notices.tasks.deliver`. A test holds every name that is asked for to a task
that exists.
"""

from __future__ import annotations

import logging
from functools import partial

from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from msa_portal.celery import app

logger = logging.getLogger(__name__)

type Argument = int | str | None


def kick(job: str, *args: Argument, priority: int | None = None) -> None:
    """Ask a worker once the transaction is committed, or now where none is open.

    A broker that is down costs nothing: what must be done is a row, and a sweeper finds it later.
    `priority` 0 comes first.
    """
    transaction.on_commit(partial(ask, job, *args, priority=priority))


def ask(job: str, *args: Argument, priority: int | None = None) -> None:
    """Hand the job to the broker at once. Raises nothing where the broker is down."""
    try:
        app.send_task(job, args=args, retry=False, priority=priority)
    except (BrokerError, RedisConnectionError, RedisTimeoutError) as error:
        logger.warning("broker out of reach, %s%s waits for the sweeper: %s", job, args, type(error).__name__)
