"""Whatever a request holds stays out of the log: path, query, headers and body of each route, errors too (fault 52)."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.core import mail
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import IntegrityError
from django.http import Http404
from django.test import Client
from django.urls import NoReverseMatch, path, reverse
from gunicorn.config import Config

from commands import services
from commands.console import ROOT
from commands.processes import Family, answers, free_port
from msa_portal.accounts.models import User
from msa_portal.celery import app
from msa_portal.logs.web_server import WebServerLog
from tests import factories, servers
from tests.test_access import ALL_ROUTES, STAFF, drain, kind_of

MARK = "zqmark"  # of everything that a stranger could have typed
QUERY = f"?name={MARK}-Kim&next=/x/{MARK}&token={MARK}&q={MARK}%40example.com"
HEADERS = {
    name: f"{MARK}-{name}"
    for name in (
        *("HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_COOKIE", "HTTP_AUTHORIZATION", "HTTP_X_REQUEST_ID", "HTTP_ORIGIN"),
        *(
            "HTTP_X_CORRELATION_ID",
            "HTTP_X_FORWARDED_FOR",
            "HTTP_X_REAL_IP",
            "HTTP_ACCEPT_LANGUAGE",
            "HTTP_IF_NONE_MATCH",
        ),
        *("HTTP_STRIPE_SIGNATURE", "HTTP_X_PHONE_TIME", "HTTP_IDEMPOTENCY_KEY", "HTTP_X_FORWARDED_HOST"),
    )
}
FIELDS = (
    *(
        "name",
        "email",
        "password",
        "login",
        "code",
        "token",
        "key",
        "note",
        "reason",
        "street",
        "customer_email",
        "phone",
    ),
    *("drawing", "reference", "q", "panel_model", "answer", "account_number", "company_name", "license_number"),
)
BODY = {field: f"{MARK} {field}" for field in FIELDS}


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the process's own console handler prints, with its own formatter and filters."""
    handlers = [handler for handler in logging.getLogger().handlers if handler.get_name() == "console"]
    (console,) = handlers
    assert isinstance(console, logging.StreamHandler)
    out, before = io.StringIO(), console.stream
    console.setStream(out)
    yield out
    console.setStream(before)


def marked(log: io.StringIO) -> list[str]:
    return [line for line in log.getvalue().splitlines() if MARK in line.lower()]


def address(name: str, **known: str) -> str:
    """Each part of it a marked text where the route lets one through, else a number, a UUID or a hash."""
    parts = sorted(ALL_ROUTES[name])
    if "0" in parts:
        return reverse(name, args=["1"] * len(parts))
    fixed: dict[str, Any] = {"month": date(2026, 10, 1), "app_label": "requests_app", "uidb36": "1", **known}
    for chosen in product(
        *([fixed[part]] if part in fixed else [f"{MARK}-{part}", 1, str(uuid.UUID(int=1)), "0" * 64] for part in parts)
    ):
        with contextlib.suppress(NoReverseMatch):
            return reverse(name, kwargs=dict(zip(parts, chosen, strict=True)))
    raise AssertionError(f"No address of {name} could be made.")


def ask_all(client: Client, names: list[str], **known: Any) -> None:
    for name in names:
        where = address(name, **known)
        drain(client.get(where + QUERY, **HEADERS))
        drain(client.post(where + QUERY, BODY, **HEADERS))
        drain(client.post(where + QUERY, f'{{"{MARK}": "{MARK}"', content_type="application/json", **HEADERS))


PAGES = sorted(name for name in ALL_ROUTES if kind_of(name) != STAFF)
DESK = sorted(name for name in ALL_ROUTES if kind_of(name) == STAFF and not name.endswith("_history"))


def client_of(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("role", ["nobody", "customer", "agent", "technician", "staff", "supervisor"])
def test_no_route_has_what_it_was_sent_in_the_log(log: io.StringIO, role: str) -> None:
    msa_request = factories.submitted()
    people: dict[str, Any] = {
        "nobody": lambda: None,
        "customer": lambda: msa_request.owner,
        "agent": lambda: factories.member_of(factories.CompanyFactory()),
        "technician": factories.technician,
        "staff": factories.staff,
        "supervisor": factories.supervisor,
    }
    user = people[role]()
    names = PAGES if role not in {"staff", "supervisor"} else DESK
    ask_all(client_of(user), names, reference=msa_request.reference if role == "customer" else MARK)
    assert log.getvalue().count("request_started") > 2 * len(names)
    assert marked(log) == []
    assert mail.outbox == [] or all(MARK not in message.subject for message in mail.outbox)


@pytest.mark.django_db
@pytest.mark.parametrize("where", [f"/{MARK}/", f"/sign/{MARK}", f"/requests/{MARK}/x.php", f"/static/{MARK}.js"])
def test_missing_page_is_logged_without_its_address(log: io.StringIO, where: str) -> None:
    assert client_of(None).get(where + QUERY, **HEADERS).status_code in {301, 302, 404}
    assert "[no such page]" in log.getvalue()
    assert marked(log) == []


@pytest.mark.django_db
def test_line_of_a_request_names_the_route_its_numbers_and_its_reference(log: io.StringIO) -> None:
    client = client_of(None)
    client.get(f"/sign/{MARK}/?name=Kim")
    client.get("/requests/MSA-2026-000123/documents/7/?x=1")
    lines = re.findall(r"request='?(GET [^']+?)'? ", log.getvalue())
    assert {line for line in lines if line.startswith("GET /")} == {
        "GET /sign/<str:token>/",
        "GET /requests/MSA-2026-000123/documents/7/",
    }


@pytest.mark.django_db
def test_false_host_and_forged_form_are_logged_without_their_words(log: io.StringIO) -> None:
    assert client_of(None).get("/", HTTP_HOST=f"{MARK}.example").status_code == 400
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(f"/sign/{MARK}/{QUERY}", BODY, **HEADERS).status_code == 403
    assert "DisallowedHost" in log.getvalue()
    assert marked(log) == []


def _break(error: BaseException) -> Any:
    def view(_request: Any, word: str) -> Any:
        try:
            raise LookupError(word)
        except LookupError as before:
            raise error from before

    return view


ERRORS: dict[str, BaseException] = {
    "broken": ValueError(f"invalid: {MARK}"),
    "group": ExceptionGroup(MARK, [KeyError(MARK)]),
    "database": IntegrityError(f"duplicate key\nDETAIL: Key (email)=({MARK}@example.com) already exists."),
    "suspicious": SuspiciousOperation(MARK),
    "refused": PermissionDenied(MARK),
    "missing": Http404(MARK),
    "bad": BadRequest(MARK),
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ERRORS)
def test_error_is_logged_without_its_words(log: io.StringIO, settings: Any, kind: str) -> None:
    broken = ModuleType("broken")
    broken.urlpatterns = [path("b/<str:word>/", _break(ERRORS[kind]))]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = broken
    settings.DEBUG = False
    settings.ADMINS = ["ops@example.com"]
    answer = client_of(None).post(f"/b/{MARK}/{QUERY}", BODY, **HEADERS)
    assert answer.status_code >= 400
    assert "POST /b/<str:word>/" in log.getvalue()
    assert marked(log) == []
    assert mail.outbox == []


def test_failed_task_is_logged_without_what_it_was_asked(log: io.StringIO) -> None:
    def fail(word: str) -> None:
        raise ValueError(f"no {word}")

    task = app.task(fail, name="tests.fail", shared=False)
    try:
        with pytest.raises(ValueError, match=MARK):
            task.apply(args=[MARK], kwargs={}, throw=False).get()
    finally:
        app.tasks.unregister("tests.fail")
    assert "Task tests.fail" in log.getvalue()
    assert "in fail: raise ValueError" in log.getvalue()
    assert marked(log) == []


def test_broker_out_of_reach_is_logged_without_the_password(log: io.StringIO) -> None:
    logging.getLogger("celery.worker").error(
        "consumer: Cannot connect to %s: %s.", f"redis://:{MARK}@redis:6379/0", "x"
    )
    assert "Cannot connect to redis://[hidden]redis:6379/0" in log.getvalue()


def lines_of(record: logging.LogRecord) -> str:
    config = Config()
    web_log = WebServerLog(config)
    (handler,) = web_log.error_log.handlers
    assert all(entry.filter(record) for entry in handler.filters)
    return handler.format(record)


def test_crash_outside_django_is_logged_without_its_address() -> None:
    try:
        raise ValueError(MARK)
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    words = ("Error handling request %s %s", ("GET", f"/sign/{MARK}"))
    text = lines_of(logging.LogRecord("gunicorn.error", logging.ERROR, "", 0, *words, info))
    assert MARK not in text
    assert "Error handling a request" in text
    assert "ValueError" in text


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The real web server on a database of its own, with the access log turned on. Its port, and its log."""
    port, family = free_port(), Family()
    database = tmp_path / "portal.sqlite3"
    database.write_bytes(servers.migrated_file().read_bytes())
    env = {
        "DJANGO_SETTINGS_MODULE": "msa_portal.settings",
        "DATABASE_URL": f"sqlite:///{database}",
        "MEDIA_ROOT": str(tmp_path / "media"),
        "PORT": str(port),
        "PUBLIC_URL": f"http://localhost:{port}",
        "REDIS_URL": "",
        "WEB_CONCURRENCY": "1",
        "DEBUG": "1",
        "DEMO": "1",
        "GUNICORN_CMD_ARGS": "--access-logfile=- --access-logformat='%(r)s %(U)s?%(q)s %(f)s %(a)s %({cookie}i)s %(s)s'",
    }
    table = [sys.executable, "manage.py", "createcachetable"]
    subprocess.run(table, cwd=ROOT, env=os.environ | env, check=True, capture_output=True)
    child = services.web(port, env, tmp_path)
    try:
        family.wait_until(lambda: answers(f"http://localhost:{port}/healthz"), family.start(child), 60)
        yield port, tmp_path / "web.log"
    finally:
        family.end()


def raw(port: int, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096)


@pytest.mark.server
def test_real_web_server_logs_nothing_of_a_request(web: tuple[int, Path]) -> None:
    port, file = web
    headers = {name.removeprefix("HTTP_").replace("_", "-"): value for name, value in HEADERS.items()}
    for where in (f"/sign/{MARK}/", f"/calendar/{MARK}.ics", f"/{MARK}", "/eligibility/"):
        try:
            urlopen(Request(f"http://localhost:{port}{where}{QUERY}", headers=headers)).read()
        except HTTPError as error:
            assert error.code in {400, 403, 404}  # noqa: PT017
    for request in (
        f"GET /sign/{MARK} HTTP/9.9\r\n\r\n",
        f"{MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{MARK}: a\x01b{MARK}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\n{MARK} : bad\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {MARK}\r\n\r\n",
    ):
        assert b"400" in raw(port, request)
    text = file.read_text()
    assert "Invalid request from ip=127.0.0.1: it is malformed" in text
    assert re.search(r"^- -\?- - - - 404$", text, re.MULTILINE)
    assert "GET /sign/<str:token>/" in text
    assert [line for line in text.splitlines() if MARK in line.lower()] == []
