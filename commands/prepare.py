"""One process that brings the database up to date and, in demo, fills it."""

from __future__ import annotations

import sys

import django
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate() -> None:
    """Runs `migrate` only where something is to be applied: looking is much quicker."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=1)


def main() -> int:
    django.setup()
    migrate()
    if not settings.REDIS_URL:
        call_command("createcachetable")
    if settings.DEMO and "seed_demo" in get_commands():
        call_command("seed_demo")
    return 0


if __name__ == "__main__":
    sys.exit(main())
