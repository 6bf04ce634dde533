"""Jobs by name: ask a worker to run a task without importing it, so that services stay below the tasks that call them.

A job is named for its app and its function: `payments.render_receipt` is `payments.tasks.render_receipt`, and
`notices.deliver` is `msa_portal.notices.tasks.deliver`. A test checks that every name
used in the code is a registered task.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module

from django.conf import settings
from django.db import connections, transaction

from msa_portal.celery import app
from msa_portal.redis.breaker import OUT_OF_REACH, breaker

logger = logging.getLogger(__name__)

type Argument = int | str | None

_MODULE_OF = {"notices.deliver": "msa_portal.notices.tasks"}  # what is done here while the broker doesn't answer
_background = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jobs-without-broker")


def kick(job: str, *args: Argument, priority: int | None = None) -> None:
    """Ask a worker to run the job once the transaction commits, or now if none is open.

    If the broker is down, nothing is lost: the work is recorded as a row, and a sweeper finds it later.
    `priority` 0 runs first.
    """
    transaction.on_commit(partial(ask, job, *args, priority=priority))


def ask(job: str, *args: Argument, priority: int | None = None) -> None:
    """Hand the job to the broker at once. A broker that is down is logged, not raised, and then left alone.

    Messages are sent by a thread of this process meanwhile: somebody waits for a code at the screen (fault 62).
    """
    try:
        breaker.call(app.send_task, job, args=args, retry=False, priority=priority)
    except OUT_OF_REACH as error:
        _without_broker(job, args)
        logger.warning("broker out of reach, %s%s waits for the sweeper: %s", job, args, type(error).__name__)


def _without_broker(job: str, args: tuple[Argument, ...]) -> None:
    """A job that is lost here, with the process, is found by its sweeper like any other."""
    if job in _MODULE_OF and settings.REDIS_URL:
        _background.submit(_run, job, args)


def _run(job: str, args: tuple[Argument, ...]) -> None:
    try:
        getattr(import_module(_MODULE_OF[job]), job.rpartition(".")[2])(*args)
    except Exception:
        logger.exception("%s%s failed without the broker", job, args)
    finally:
        connections.close_all()
