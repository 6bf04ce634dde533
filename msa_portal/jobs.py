"""Jobs by name: ask a worker to run a task without importing it, so that services stay below the tasks that call them.

A job is named for its app and its function: `payments.render_receipt` is `payments.tasks.render_receipt`, and
`notices.deliver` is `msa_portal.notices.tasks.deliver`. A test checks that every name
used in the code is a registered task.
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
    """Ask a worker to run the job once the transaction commits, or now if none is open.

    If the broker is down, nothing is lost: the work is recorded as a row, and a sweeper finds it later.
    `priority` 0 runs first.
    """
    transaction.on_commit(partial(ask, job, *args, priority=priority))


def ask(job: str, *args: Argument, priority: int | None = None) -> None:
    """Hand the job to the broker at once. A broker that is down is logged, not raised."""
    try:
        app.send_task(job, args=args, retry=False, priority=priority)
    except (BrokerError, RedisConnectionError, RedisTimeoutError) as error:
        logger.warning("broker out of reach, %s%s waits for the sweeper: %s", job, args, type(error).__name__)
