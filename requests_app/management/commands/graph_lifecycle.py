"""The lifecycle as a diagram and a table of its events, generated from `requests_app.events`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from requests_app import events
from requests_app.enums import FINAL, EventKind, Status
from requests_app.events import Actor, Row

PATH = Path("docs") / "lifecycle.md"

_HEAD = """# The lifecycle of a request

Made by `manage.py graph_lifecycle` from the table of events in `requests_app/events.py`;
`make check` fails when the two differ. Don't edit it by hand.

"""
_EVENTS = """## Every event

`Who` also names the staff permissions that suffice. `Clocks` are the 30 business days to the visit (V2) and the time to the
service order (V1). A notice in parentheses is sent by the service that records the event, where its own rows call for it.

"""


def diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    for status in Status:
        yield f'    state "{status.label}" as {status.value}'
    yield f"    [*] --> {Status.UNSUBMITTED.value}"
    for source, kind, target in events.transitions():
        yield f"    {source} --> {target}: {_words(kind)}"
    for status in Status:
        if status in FINAL:
            yield f"    {status.value} --> [*]"


def transition_table() -> Iterator[str]:
    yield "| from | event | to | turn |"
    yield "|---|---|---|---|"
    for source, kind, target in events.transitions():
        yield f"| {source.label} | {_words(kind)} | {target.label} | {events.turn_in(target).value} |"


def event_table() -> Iterator[str]:
    yield "| event | who | clocks | notices | payments and field work |"
    yield "|---|---|---|---|---|"
    for row in events.ROWS.values():
        yield f"| {_words(row.kind)} | {_who(row)} | {_clocks(row)} | {_notices(row)} | {_then(row)} |"


def document() -> str:
    parts = [f"```mermaid\n{'\n'.join(diagram())}\n```", "\n".join(transition_table())]
    return f"{_HEAD}{'\n\n'.join(parts)}\n\n{_EVENTS}{'\n'.join(event_table())}\n"


def _words(kind: EventKind) -> str:
    return kind.value.replace("_", " ")


def _who(row: Row) -> str:
    actors = [actor.value for actor in Actor if actor in row.by]
    return ", ".join([*actors, *(f"`{permission}`" for permission in row.permissions)])


def _clocks(row: Row) -> str:
    clocks = (("V2", row.visit_clock), ("V1", row.order_clock))
    return ", ".join(f"{name} {clock.value}" for name, clock in clocks if clock is not None)


def _notices(row: Row) -> str:
    sent = [path.rpartition(".")[2] for path in row.notices]
    return ", ".join([*sent, *(f"({name})" for name in row.told_by_service)])


def _then(row: Row) -> str:
    return ", ".join(then.name.lower().replace("_", " ") for then in events.Then if then in row.then)


class Command(BaseCommand):
    help = f"Write {PATH} from the table of events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the file differs")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PATH
        if not options["check"]:
            path.write_text(document(), encoding="utf-8")
            self.stdout.write(f"Wrote {PATH}.")
        elif not path.exists() or path.read_text(encoding="utf-8") != document():
            raise CommandError(
                f"{PATH} differs from the table of events: run manage.py graph_lifecycle and commit it."
            )
