"""The state machine's methods: one for each row of `requests_app.events` that takes a request to another status."""

from __future__ import annotations

from collections.abc import Callable

from django.db import models
from django_fsm import FSMModelMixin, transition

from requests_app.events import TRANSITIONS, Row


class StateMachine(FSMModelMixin, models.Model):
    """`submit`, `require_corrections` and so on: each checks the source and sets the target. `lifecycle` calls them."""

    class Meta:
        abstract = True


def _method_for(row: Row) -> Callable[[StateMachine], None]:
    def change_status(self: StateMachine) -> None: ...

    change_status.__name__ = row.kind.value
    change_status.__qualname__ = f"{StateMachine.__qualname__}.{row.kind.value}"
    method: Callable[[StateMachine], None] = transition("status", source=sorted(row.sources), target=row.target)(
        change_status
    )
    return method


for _row in TRANSITIONS.values():
    setattr(StateMachine, _row.kind.value, _method_for(_row))
