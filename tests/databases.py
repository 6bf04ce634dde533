"""Each process's own copy of the migrated database, and its way back to it after a test that commits."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

from tests import servers


class SQLiteCopy:
    """In a file rather than in memory, where SQLite knows neither WAL nor a busy timeout."""

    def __init__(self, worker: str) -> None:
        self.template = Path(connection.settings_dict["NAME"])
        self.path = servers.scratch_folder() / f"test-{worker}.sqlite3"
        self.name = str(self.path)

    def make(self) -> None:
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        shutil.copyfile(self.template, self.path)


class PostgresCopy:
    def __init__(self, worker: str) -> None:
        self.settings = dict(connection.settings_dict)
        self.name = f"test_{worker}"

    def make(self) -> None:
        address = {"host": self.settings["HOST"], "port": self.settings["PORT"], "user": self.settings["USER"]}
        name, template = sql.Identifier(self.name), sql.Identifier(servers.MIGRATED)
        with psycopg.connect(**address, dbname="postgres", autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(name, template))


class Copy:
    """Point this process's connection at that database from now on."""

    def __init__(self, worker: str) -> None:
        kind = PostgresCopy if connection.vendor == "postgresql" else SQLiteCopy
        self.database = kind(worker)
        self.make()
        connection.settings_dict["NAME"] = self.database.name

    def make(self) -> None:
        connection.close()
        self.database.make()
