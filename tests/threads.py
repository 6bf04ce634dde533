"""Several acts at the same moment, each in its own thread, on its own connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection

SECONDS = 60


def at_once(*acts: Callable[[], Any]) -> tuple[list[Any], list[BaseException]]:
    """What they returned and what they raised, in the order they ended. Fails if one of them hangs."""
    ready = threading.Barrier(len(acts), timeout=20)
    answers: list[Any] = []
    failures: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            ready.wait()
            answers.append(act())
        except BaseException as error:  # noqa: BLE001  (the test's own thread looks at it)
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act], daemon=True) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads), f"An act has not ended after {SECONDS} seconds."
    return answers, failures


def meeting(function: Callable[..., Any], *, seconds: float = 10) -> Callable[..., Any]:
    """The function, after which both wait for each other; where the other waits for a lock, it goes on."""
    both = threading.Barrier(2)

    def met(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        try:
            both.wait(seconds)
        except threading.BrokenBarrierError:
            return answer
        return answer

    return met
