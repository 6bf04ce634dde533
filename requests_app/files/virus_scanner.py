"""The virus scanner, where one is configured: clamd's protocol, over TCP or a Unix socket."""

from __future__ import annotations

import io
import logging
from urllib.parse import urlsplit

from clamav_client.clamd import ClamdError, ClamdNetworkSocket, ClamdUnixSocket
from django.conf import settings

from requests_app.enums import ScanState

logger = logging.getLogger(__name__)

_PORT = 3310


def scan(body: bytes) -> ScanState:
    """What the scanner says of it. `WAITING` where it does not answer, or with anything but a verdict."""
    if not settings.CLAMD_URL:
        return ScanState.NOT_SCANNED
    try:
        answer = _client().instream(io.BytesIO(body))
    except (ClamdError, OSError, ValueError) as error:
        logger.warning("virus scanner gives no answer, uploads wait in quarantine: %s", type(error).__name__)
        return ScanState.WAITING
    verdict, _what = answer.get("stream", ("", ""))
    if verdict == "FOUND":
        return ScanState.INFECTED
    if verdict == "OK":
        return ScanState.CLEAN
    logger.warning("virus scanner answers with no verdict, uploads wait in quarantine")
    return ScanState.WAITING


def _client() -> ClamdNetworkSocket:
    parts = urlsplit(settings.CLAMD_URL)
    if parts.scheme == "unix":
        return ClamdUnixSocket(parts.path, timeout=settings.CLAMD_TIMEOUT)
    return ClamdNetworkSocket(parts.hostname or "", parts.port or _PORT, timeout=settings.CLAMD_TIMEOUT)
