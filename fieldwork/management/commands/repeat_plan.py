"""`manage.py repeat_plan RUN`: whether the seed gives the very plan again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from fieldwork.models import PlanRun
from fieldwork.planning import execution

WORDS = {
    execution.Repeat.SAME: "Run %s gives the same plan again.",
    execution.Repeat.OTHER_PLAN: "Run %s gives another plan now.",
    execution.Repeat.OTHER_PROBLEM: "Visits, technicians or days changed since run %s: it cannot be repeated.",
}


class Command(BaseCommand):
    help = "Plan a finished run again with its seed, write nothing, and say whether the same plan comes out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        run = PlanRun.objects.filter(pk=options["run"], state=PlanRun.State.DONE).first()
        if run is None:
            raise CommandError("There is no finished run with that number.")
        repeat = execution.repeat(run)
        if repeat is not execution.Repeat.SAME:
            raise CommandError(WORDS[repeat] % run.pk)
        self.stdout.write(WORDS[repeat] % run.pk)
