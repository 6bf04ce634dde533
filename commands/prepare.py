"""`python -m commands.prepare [FILE]`: bring the database up to date and, in demo, fill it.

What `seed_demo` prints, the demo sign-ins, goes to the file.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate() -> None:
    """Runs `migrate` only where something is to be applied: looking is much quicker."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def main(notes: Path) -> int:
    django.setup()
    migrate()
    with notes.open("w", encoding="utf-8") as output:
        if settings.DEMO and "seed_demo" in get_commands():
            call_command("seed_demo", stdout=output)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else os.devnull)))
