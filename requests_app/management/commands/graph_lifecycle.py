"""The lifecycle as a diagram, generated from the transitions themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from requests_app.enums import FINAL, EventKind, Status
from requests_app.models import MSARequest

PATH = Path("docs") / "lifecycle.md"

_HEAD = """# The lifecycle of a request

Made by `manage.py graph_lifecycle` from the transitions in `requests_app/models/request.py`;
`make check` fails when the two differ. Don't edit it by hand.

"""


def transitions() -> list[tuple[str, str, str]]:
    """Each (from, event, to), in the order in which statuses and events are declared."""
    found: Any = MSARequest()
    statuses, events = list(Status.values), list(EventKind.values)
    rows = [(str(each.source), each.name, str(each.target)) for each in found.get_all_status_transitions()]
    return sorted(rows, key=lambda row: (statuses.index(row[0]), events.index(row[1])))


def diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    for status in Status:
        yield f'    state "{status.label}" as {status.value}'
    yield f"    [*] --> {Status.UNSUBMITTED.value}"
    for source, event, target in transitions():
        yield f"    {source} --> {target}: {event.replace('_', ' ')}"
    for status in Status:
        if status in FINAL:
            yield f"    {status.value} --> [*]"


def table() -> Iterator[str]:
    yield "| from | event | to |"
    yield "|---|---|---|"
    for source, event, target in transitions():
        yield f"| {Status(source).label} | {event.replace('_', ' ')} | {Status(target).label} |"


def document() -> str:
    return f"{_HEAD}```mermaid\n{'\n'.join(diagram())}\n```\n\n{'\n'.join(table())}\n"


class Command(BaseCommand):
    help = f"Write {PATH} from the transitions of the state machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the file differs")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PATH
        if not options["check"]:
            path.write_text(document(), encoding="utf-8")
            self.stdout.write(f"Wrote {PATH}.")
        elif not path.exists() or path.read_text(encoding="utf-8") != document():
            raise CommandError(f"{PATH} differs from the state machine: run manage.py graph_lifecycle and commit it.")
