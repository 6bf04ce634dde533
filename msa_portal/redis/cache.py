"""The cache in Redis; in the database while Redis does not answer, so that limits hold (fault 62, ADR 33)."""

from __future__ import annotations

from typing import Any

import structlog
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.retry import Retry

from msa_portal.redis.breaker import OUT_OF_REACH, breaker

log = structlog.get_logger(__name__)

# Who counts an attempt never waits long for it.
_PATIENCE = {"socket_connect_timeout": 0.5, "socket_timeout": 1, "retry": Retry(NoBackoff(), 0)}


class RedisOrDatabaseCache(BaseCache):
    """`LOCATION` is the address of Redis; `OPTIONS["TABLE"]` the table that stands in for it.

    What one of them holds the other doesn't: a count starts again when Redis goes and when it comes back.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = dict(params.get("OPTIONS", {}))
        table = options.pop("TABLE")
        self._redis = RedisCache(server, {**params, "OPTIONS": dict(_PATIENCE)})
        self._database = DatabaseCache(table, {**params, "OPTIONS": {"MAX_ENTRIES": options.pop("MAX_ENTRIES")}})

    def _ask(self, what: str, *args: Any, **kwargs: Any) -> Any:
        try:
            return breaker.call(getattr(self._redis, what), *args, **kwargs)
        except OUT_OF_REACH as error:
            log.warning("cache_in_database", error=type(error).__name__)
            return getattr(self._database, what)(*args, **kwargs)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        return bool(self._ask("add", key, value, timeout=timeout, version=version))

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._ask("get", key, default=default, version=version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> None:
        self._ask("set", key, value, timeout=timeout, version=version)

    def touch(self, key: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> bool:
        return bool(self._ask("touch", key, timeout=timeout, version=version))

    def delete(self, key: Any, version: Any = None) -> bool:
        return bool(self._ask("delete", key, version=version))

    def has_key(self, key: Any, version: Any = None) -> bool:
        return bool(self._ask("has_key", key, version=version))

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> int:
        try:
            return int(breaker.call(self._redis.incr, key, delta=delta, version=version))
        except OUT_OF_REACH:
            self._database.add(key, 0, version=version)  # it may have been set while Redis was there
            return self._database.incr(key, delta=delta, version=version)

    def clear(self) -> None:
        self._ask("clear")
