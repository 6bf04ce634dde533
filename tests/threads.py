"""Several acts in the same moment, each in a thread and on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

SECONDS = 60


def at_once(*acts: Callable[[], Any]) -> tuple[list[Any], list[BaseException]]:
    """What they answered and what they raised, in the order of coming."""
    ready = threading.Barrier(len(acts), timeout=20)
    answers: list[Any] = []
    failures: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            ready.wait()
            answers.append(act())
        except BaseException as error:  # noqa: BLE001  (told by the test's own thread)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    return answers, failures
