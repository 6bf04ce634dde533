"""What the web server says: nothing of what a request holds (fault 52)."""

from __future__ import annotations

import logging
import re
from typing import Any

from gunicorn.glogging import Logger

from msa_portal import logs

_REFUSED = re.compile(r"(Invalid request from ip=[^ ]+:).*", re.DOTALL)
# Of a line of the access log: who asked, when, how, and how long it took. The portal's own log names the route.
_ATOMS = frozenset("htmsBbHTDMLp")


class _Line(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802  (logging's own name)
        return logs.traceback_text(ei)


class _NoAddresses(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str) and record.msg.startswith("Error handling request %s"):
            record.msg, record.args = "Error handling a request", ()
        elif isinstance(record.msg, BaseException):
            record.msg = type(record.msg).__name__
        else:
            record.msg = _REFUSED.sub(r"\1 it is malformed", str(record.msg))
        return True


class WebServerLog(Logger):
    """Gunicorn's logger. A request that never reaches Django is told of without its address and headers."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_Line(self.error_fmt, self.datefmt))
            handler.addFilter(_NoAddresses())

    def atoms(self, resp: Any, req: Any, environ: Any, request_time: Any) -> dict[str, Any]:
        return {
            name: value for name, value in super().atoms(resp, req, environ, request_time).items() if name in _ATOMS
        }
