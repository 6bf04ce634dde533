"""What the other tests rely on: cached databases, stand-ins, and simulated commits."""

from __future__ import annotations

import ast
import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models.signals import post_migrate
from django.utils import timezone

from commands.console import ROOT
from msa_portal import db as platform_db
from msa_portal import pdf
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import ROLE_PERMISSIONS, sync_role_groups
from requests_app import history
from requests_app.models import AgreementWording, ProgramSettings
from tests import factories, prepared
from tests.stations import Stations

HASHED = set(prepared.files(prepared.MIGRATED_FROM))


def imported_by(path: Path) -> set[Path]:
    """Our own modules that the file imports, as files."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    ours = {name for name in names if name.split(".")[0] in prepared.OURS and name in sys.modules}
    return {Path(inspect.getfile(sys.modules[name])) for name in ours}


def test_migrated_database_is_named_after_all_that_its_migrations_import():
    migrations = [path for path in HASHED if path.parent.name == "migrations"]
    assert len(migrations) > len(prepared.OURS)
    used = set().union(*(imported_by(path) for path in migrations))
    assert {path.relative_to(ROOT) for path in used - HASHED if path.stat().st_size} == set()


def test_migrated_database_is_named_after_what_listens_to_the_migrations():
    files = {
        Path(inspect.getfile(receiver))
        for app in apps.get_app_configs()
        for receiver in post_migrate._live_receivers(app)[0]
    }
    ours = {path for path in files if path.relative_to(path.anchor).parts and ROOT in path.parents}
    ours = {path for path in ours if path.relative_to(ROOT).parts[0] in prepared.OURS}
    assert ours
    assert ours - HASHED == set()


def test_hash_changes_with_a_file_and_a_name_without_a_file_is_a_mistake(tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "ROOT", tmp_path)
    file = tmp_path / "a.py"
    file.write_text("1")
    one = prepared.digest([file])
    file.write_text("2")
    assert prepared.digest([file]) != one
    with pytest.raises(LookupError, match=r"gone\.py"):
        prepared.files(["gone.py"])


def test_entry_is_made_once_and_an_unfinished_one_never_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(prepared, "CACHE", tmp_path / "cache")
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "data").write_text("x")
        if len(made) == 1:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        prepared.copied("kind", "1", make, tmp_path / "a")
    for target in ("b", "c"):
        prepared.copied("kind", "1", make, tmp_path / target)
        assert (tmp_path / target / "data").read_text() == "x"
    assert len(made) == 2
    for key in "2345":
        prepared.copied("kind", key, make, tmp_path / key)
    assert len(list((tmp_path / "cache").glob("kind-*"))) == prepared.KEPT


def test_role_groups_follow_the_last_app_alone():
    heard_by = [
        app.label for app in apps.get_app_configs() if sync_role_groups in post_migrate._live_receivers(app)[0]
    ]
    assert heard_by == [list(apps.get_app_configs())[-1].label]


@pytest.mark.django_db
@pytest.mark.both_databases
@pytest.mark.parametrize("role", ROLE_PERMISSIONS)
def test_every_role_has_all_its_permissions_after_the_migrations(role):
    wanted = {(app, codename) for part in ROLE_PERMISSIONS[role] for app, names in part.items() for codename in names}
    held = Group.objects.get(name=role.value).permissions.values_list("content_type__app_label", "codename")
    assert set(held) == wanted


@transaction.atomic
def fails(after: Callable[[], None]) -> None:
    transaction.on_commit(after)
    raise ZeroDivisionError


@pytest.mark.both_databases
@pytest.mark.usefixtures("commits")
def test_what_waits_runs_after_the_outermost_block_and_never_after_a_rollback():
    done = []
    transaction.on_commit(lambda: done.append("outside"))
    with transaction.atomic():
        with transaction.atomic():
            transaction.on_commit(lambda: done.append("inside"))
        assert done == ["outside"]
    assert done == ["outside", "inside"]
    with transaction.atomic():
        transaction.on_commit(lambda: done.append("rolled back"))
        transaction.set_rollback(True)
    with pytest.raises(ZeroDivisionError):
        fails(lambda: done.append("failed"))
    with transaction.atomic():
        transaction.on_commit(lambda: done.append("later"))
    assert done == ["outside", "inside", "later"]


@pytest.mark.usefixtures("commits")
def test_lock_outside_a_transaction_of_the_tested_code_is_refused():
    user = factories.UserFactory()
    with pytest.raises(transaction.TransactionManagementError):
        platform_db.lock(user)
    with transaction.atomic():
        assert platform_db.lock(user) == user


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_database_is_as_it_was_after_a_test_that_commits(turn):
    assert not User.objects.exists()
    assert Group.objects.exists()
    factories.UserFactory()


def test_blank_page_is_another_one_for_another_text():
    one, two = (pdf.render_pdf("pdf/base.html", {"reference": name}) for name in ("MSA-1", "MSA-2"))
    assert one.startswith(b"%PDF")
    assert one != two


STATIONS = (factories.submitted, factories.valid, factories.ordered, factories.failed, factories.withdrawn)


@pytest.fixture
def unknown(db: None, request: pytest.FixtureRequest) -> Iterator[Stations]:
    """As in a process's first test."""
    fresh = Stations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.stations.stations", fresh)
        with fresh.watching(request.node):
            yield fresh


def all_rows(stations: Stations) -> dict[str, Any]:
    return stations.read_outside(0)


@pytest.mark.django_db
@pytest.mark.both_databases
@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station.__name__)
def test_kept_way_to_a_station_is_the_services_to_the_letter(station, unknown, request):
    with transaction.atomic():
        walked = station()
        written = all_rows(unknown)
        transaction.set_rollback(True)
    with unknown.watching(request.node):
        again = station()
        assert (again.pk, again.status) == (walked.pk, walked.status)
        assert all_rows(unknown) == written
        assert len(unknown.walks) == 1
        assert list(history.broken_links()) == []
        second = station()
        assert second.pk != again.pk
        assert list(history.broken_links()) == []


@pytest.mark.django_db
def test_station_that_leans_on_the_one_before_is_kept_for_that_one_alone(unknown, request):
    """The second request shares the first one's wording, which is another row where the first way was another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.stations.clock", lambda: ("the same ten minutes",))
        _walk_four_times(unknown, request)
    assert len(unknown.walks) == 4


def _walk_four_times(unknown: Stations, request: pytest.FixtureRequest) -> None:
    for minutes in (50, 60, 50, 60):
        with transaction.atomic(), unknown.watching(request.node):
            ProgramSettings.objects.update(visit_minutes=minutes)
            first = factories.submitted()
            ProgramSettings.objects.update(visit_minutes=70)
            second = factories.submitted()
            wordings = {
                agreement.wording_id for msa_request in (first, second) for agreement in msa_request.agreements.all()
            }
            assert len(wordings) == AgreementWording.objects.filter(pk__in=wordings).count() == 1
            transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["row", "role", "setting", "function", "time"])
def test_services_walk_where_the_test_changed_what_may_matter(change, unknown, request, settings, monkeypatch):
    with transaction.atomic():
        kept = factories.submitted()
        transaction.set_rollback(True)
    with unknown.watching(request.node), contextlib.ExitStack() as stack:
        if change == "row":
            ProgramSettings.objects.update(visit_minutes=50)
        elif change == "role":
            factories.staff()
        elif change == "setting":
            settings.LANGUAGE_CODE = "en-us"
        elif change == "function":
            monkeypatch.setattr(prepared, "KEPT", 3)
        else:
            stack.enter_context(time_machine.travel(timezone.now() + timedelta(days=1)))
        assert factories.submitted().pk != kept.pk
