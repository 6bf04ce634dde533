"""Logs as data, without personal data, tokens or card numbers (fault 52)."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from structlog.typing import ExcInfo

_HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"(password|token|secret|key|cookie|authorization|email|phone|name|address|card)", re.IGNORECASE
)
# Each takes time in proportion to the text, whatever the text: a run of characters is tried once, from its beginning.
_SECRET_TEXT = [
    re.compile(r"/(?:sign|pay|calendar|reset/key)/[^/\s\"'<]+"),
    re.compile(r"\?[\w.%+~-]++=[^\s\"'<>]*"),
    re.compile(r"(?<=://)[^\s/?#@\"']++@"),
    re.compile(r"(?<![\w.+-])[\w.+-]++(?:@|%40)[\w-]++\.[\w.-]+"),
    re.compile(r"\b(?:\d[ -]?){13,19}\b"),
    re.compile(r"\b(?:sk|rk|whsec|cs)_[A-Za-z0-9_]{8,}"),
    re.compile(r"\b(?:pi|seti)_\w+_secret_\w+"),
]
# These say what is wrong with the code or the database; the words of other errors can hold what somebody typed.
_SPOKEN_ERRORS = (AttributeError, ImportError, NameError, TypeError, ImproperlyConfigured, OperationalError)
_PLACE = re.compile(r"(?<!\?P)<(?:\w+:)?(\w+)>")
_PLAIN = re.compile(r"[0-9]{1,9}|[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?|MSA-[0-9]{4}-[0-9]{1,9}")
_KEPT_NAMES = {"logger_name", "logger", "name_of_task", "task_name"}


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("user_agent", None)  # a stranger's words
    for key, value in event.items():
        if key not in _KEPT_NAMES and _SECRET_NAMES.search(key):
            event[key] = _HIDDEN
        else:
            event[key] = scrub_all(value)
    return event


def scrub_all(value: Any) -> Any:
    """The value with the texts in it scrubbed, however deep they lie, and the values of secret names hidden."""
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, Mapping):
        return {
            name: _HIDDEN if isinstance(name, str) and _SECRET_NAMES.search(name) else scrub_all(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub_all(inner) for inner in value]
    return value


def scrub(text: str) -> str:
    for pattern in _SECRET_TEXT:
        text = pattern.sub(_HIDDEN, text)
    return text


def traceback_text(exc_info: ExcInfo) -> str:
    """Where it broke and what the errors are called, without their words, which can hold what somebody typed."""
    return "\n".join(_lines_of_error(exc_info[1], set()))


def _lines_of_error(error: BaseException, told: set[int]) -> Iterator[str]:
    told.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _lines_of_error(before, told)
        yield "That led to:" if error.__cause__ else "While handling it:"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}: {frame.line}'
    yield _name_of_error(error)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _lines_of_error(part, told)


def _name_of_error(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, _SPOKEN_ERRORS):
        return f"{name}: {scrub(str(error).partition('\n')[0])}"
    state = getattr(error, "sqlstate", None)
    return f"{name} {state}" if isinstance(state, str) else name


class NoWordsOfStrangers(logging.Filter):
    """Django's and Celery's own lines name paths, hosts and errors: here they name the route and the kind alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if record.name.startswith("django.security."):
            record.msg, record.args = record.name.removeprefix("django.security."), ()
        elif isinstance(request, HttpRequest):
            record.msg, record.args = f"{getattr(record, 'status_code', '')} {request_line(request)}", ()
        elif isinstance(record.args, dict) and {"exc", "traceback"} & record.args.keys():
            record.args = record.args | dict.fromkeys(("exc", "traceback", "args", "kwargs"), _HIDDEN)
        return True


def request_line(request: HttpRequest) -> str:
    """The method and where it went: the route with the numbers and references in it, no other part, no query."""
    return f"{request.method} {_route(request.path_info)}"


def _route(path: str) -> str:
    try:
        match = resolve(path)
    except Resolver404:
        return "[no such page]"
    return f"/{_PLACE.sub(lambda place: _shown(match.kwargs.get(place[1]), place[0]), match.route)}"


def _shown(value: Any, place: str) -> str:
    """A number, a month or a request's reference, in its place; of anything else the place alone."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else place


class NoBodies(logging.Filter):
    """The payment client tells whole requests and answers at DEBUG, with names and addresses: never let through."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno > logging.DEBUG


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.ExceptionRenderer(traceback_text),
    hide_secrets,
]


def formatter(json: bool) -> structlog.stdlib.ProcessorFormatter:
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def configure(json: bool, sentry_dsn: str) -> None:
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if sentry_dsn:
        import sentry_sdk  # noqa: PLC0415  (only where it is configured)

        sentry_sdk.init(dsn=sentry_dsn, **sentry_options())


_NOTHING = {"mode": "off"}


def sentry_options() -> dict[str, Any]:
    """What may leave for the error tracker: where it broke, without who, what was typed, or the values at hand."""
    return {
        # In place of `send_default_pii=False`, which is deprecated; each is on unless it is named here.
        "data_collection": {
            "user_info": False,
            "cookies": _NOTHING,
            "http_headers": {"request": _NOTHING},
            "http_bodies": [],
            "url_query_params": _NOTHING,
            "graphql": {"document": False, "variables": False},
            "gen_ai": {"inputs": False, "outputs": False},
            "database_query_data": False,
            "queues": False,
            "stack_frame_variables": False,
        },
        "traces_sample_rate": 0.0,
        "before_send": scrub_event,
        "before_breadcrumb": scrub_breadcrumb,
    }


def scrub_event(event: Any, _hint: Any) -> Any:
    """Sentry's hook: an event or a breadcrumb, scrubbed as the log is; no address, and no words of an error."""
    event = _scrub_report(event)
    event.pop("request", None)
    for error in event.get("exception", {}).get("values", ()):
        if error.get("type") not in {spoken.__name__ for spoken in _SPOKEN_ERRORS}:
            error["value"] = _HIDDEN
    return event


def scrub_breadcrumb(crumb: Any, _hint: Any) -> Any:
    """None for those of Django, which name paths."""
    return None if str(crumb.get("category", "")).startswith("django") else _scrub_report(crumb)


def _scrub_report(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _scrub_report(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub_report(inner) for inner in value]
    return scrub(value) if isinstance(value, str) else value
