"""Logs as data, without personal data, tokens or card numbers (fault 52)."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"(password|token|secret|key|cookie|authorization|email|phone|name|address|card)", re.IGNORECASE
)
_SECRET_TEXT = [
    re.compile(r"/(?:sign|pay)/[^/\s\"']+"),
    re.compile(r"[\w.+-]+(?:@|%40)[\w-]+\.[\w.-]+"),
    re.compile(r"\b(?:\d[ -]?){13,19}\b"),
    re.compile(r"\b(?:sk|rk|whsec|cs)_[A-Za-z0-9_]{8,}"),
    re.compile(r"\b(?:pi|seti)_\w+_secret_\w+"),
]
_KEPT_NAMES = {"logger_name", "logger", "name_of_task", "task_name"}


def hide_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
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
    structlog.processors.format_exc_info,
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
        "before_breadcrumb": scrub_event,
    }


def scrub_event(event: Any, _hint: Any) -> Any:
    """Sentry's hook: an event or a breadcrumb, scrubbed as the log is."""
    return _scrub_report(event)


def _scrub_report(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _scrub_report(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub_report(inner) for inner in value]
    return scrub(value) if isinstance(value, str) else value
