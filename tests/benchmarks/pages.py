"""The pages, each called as the web server calls it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle, islice
from urllib.parse import urlencode

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory, override_settings
from django.test.client import FakePayload
from django.urls import reverse

from msa_portal.accounts.models import Company, User
from requests_app.models import MSARequest
from tests import factories
from tests.benchmarks.measure import Case

BARE, PAGE = "bare_view", "signed_in"
# What people open most, beside the least that a page of ours can be.
_OF_OURS = {"status", "list_1", "list_many", "screening"}
STATIONS: Sequence[Callable[..., MSARequest]] = (
    factories.submitted,
    factories.valid,
    factories.ordered,
    factories.failed,
    factories.completed,
    factories.complete_request,
)


def cases(many: int) -> list[Case]:
    """A bare view, the same behind the portal's middleware, and the pages, on data made here."""
    with override_settings(MIDDLEWARE=[]):
        bare_handler = WSGIHandler()
    handler = WSGIHandler()
    one, company = (factories.member_of(factories.CompanyFactory()) for _ in range(2))
    fill(one.companies.get(), 1)
    fill(company.companies.get(), many)
    factories.ServiceAccountFactory()
    visited, waiting = factories.failed(), factories.submitted()
    open_points = factories.complete_request(clear_meter_access=False, panel_model="MBED2O40B200BF")
    readiness = reverse("requests:readiness", args=[open_points.reference])
    screening = reverse("admin:requests_app_msarequest_change", args=[waiting.pk])
    plan: list[tuple[str, str, str, User | None]] = [
        ("middleware", "Bare view behind our middleware", "/bare/", None),
        (PAGE, "Signed-in page of one query and one template", "/bare/page/", visited.owner),
        ("landing", "Landing page", reverse("landing"), None),
        ("status", "Status page, after a failed visit", visited.get_absolute_url(), visited.owner),
        ("list_1", "Request list, 1 request", reverse("requests:list"), one),
        ("list_many", f"Request list, {many} requests", reverse("requests:list"), company),
        ("readiness", "Readiness check", readiness, open_points.owner),
        ("screening", "Screening page", screening, factories.staff()),
    ]
    pages = [
        Case(name, title, partial(get, handler, path, cookie_of(user)), against=PAGE if name in _OF_OURS else BARE)
        for name, title, path, user in plan
    ]
    saving = Case("autosave", "A change saved by itself", autosave(handler), against=BARE)
    bare = Case(BARE, "Bare Django view", partial(get, bare_handler, "/bare/", ""), against=BARE, batch=20)
    return [bare, *pages, saving]


def autosave(handler: WSGIHandler) -> Callable[[], None]:
    """The city of a draft is changed, each time to the other of two."""
    draft = factories.complete_request()
    path, token = reverse("requests:form", args=[draft.reference, "where"]), "t" * 32
    cookie = f"{cookie_of(draft.owner)}; {settings.CSRF_COOKIE_NAME}={token}"
    cities, version = cycle(["Arcadia", "Azusa"]), draft.version

    def save() -> None:
        nonlocal version
        answers = {"autosave": 1, "version": version, "changed": "city", "city": next(cities)}
        answer = call(handler, path, cookie, body=urlencode(answers).encode(), HTTP_X_CSRFTOKEN=token)
        version = json.loads(answer)["version"]

    return save


def fill(company: Company, many: int) -> None:
    """Requests of that company at every station."""
    for make in islice(cycle(STATIONS), many):
        make(company=company)


def cookie_of(user: User | None) -> str:
    if user is None:
        return ""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def get(handler: WSGIHandler, path: str, cookie: str) -> None:
    call(handler, path, cookie)


def call(handler: WSGIHandler, path: str, cookie: str, *, body: bytes = b"", **headers: str) -> bytes:
    """One whole request, body read and closed; anything but 200 ends the run."""
    environ = RequestFactory(SERVER_NAME="localhost")._base_environ(
        PATH_INFO=path,
        HTTP_COOKIE=cookie,
        REQUEST_METHOD="POST" if body else "GET",
        CONTENT_TYPE="application/x-www-form-urlencoded",
        CONTENT_LENGTH=str(len(body)),
        **headers,
        **{"wsgi.input": FakePayload(body)},
    )
    environ["wsgi.errors"] = io.StringIO()
    status: list[str] = []
    response = handler(environ, lambda line, _headers, *_rest: status.append(line))
    answer = b"".join(response)
    response.close()
    if status != ["200 OK"]:
        raise RuntimeError(f"{path} answered {status}")
    return answer
