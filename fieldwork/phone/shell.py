"""What the field app is made of, and its version: a hash of all that a phone keeps of it.

The service worker fetches these files anew when the version changes, each held to its hash, so that no phone
ever mixes the files of two versions (fault 57).
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from fieldwork.phone.words import WORDS

WORKER = "fieldwork/app/sw.js"
SENDER = "fieldwork/app/outbox.js"
MODULES = (
    "acts", "api", "app", "bar", "clock", "closeout", "closeout-checks", "closeout-end", "closeout-photos",
    "closeout-serial", "day", "db", "dom", "done", "drafts", "exporting", "flyer", "give-back", "marks", "more",
    "on-site", "outbox", "outbox-page", "photos", "portal", "report", "router", "scanner", "sender", "shelf", "sync", "time",
    "times", "updates", "visit", "words",
)  # fmt: skip
FILES = (
    *(f"fieldwork/app/{name}.js" for name in MODULES),
    "fieldwork/app/app.css",
    "fieldwork/app/icon.svg",
    "fieldwork/app/icon-192.png",
    "idb/index.js",
    "zxing/index.min.js",
)


def version() -> str:
    """Changes with any of the files, any word, and `FIELD_APP_RELEASE`. At most 20 characters."""
    return _release(get_language())[0]


def page() -> str:
    """The shell: the same for everybody, with nothing of anybody in it. It is kept on phones."""
    return _release(get_language())[1]


def worker(*, is_module: bool = False) -> str:
    """The service worker's script, told its version and what to keep. As a module it imports the app's own sender."""
    kept = [{"url": address(name), "integrity": f"sha256-{_digest(name)}"} for name in FILES]
    told = {"version": version(), "page": reverse("fieldwork:app"), "files": kept}
    sender = f'import {{ sendInBackground as SEND }} from "{address(SENDER)}";' if is_module else "const SEND = null;"
    return f"{sender}\nconst APP = {json.dumps(told)};\n{_read(WORKER).decode()}"


def address(name: str) -> str:
    """Without a hash in the name: modules import each other by it, and the service worker sees to freshness."""
    return f"/{settings.STATIC_URL.lstrip('/')}{name}"


def _release(language: str | None) -> tuple[str, str]:
    return _made(language) if settings.DEBUG else _made_once(language)


def _made(_language: str | None) -> tuple[str, str]:
    parts = [settings.FIELD_APP_RELEASE, _render(""), *(_digest(name) for name in (*FILES, WORKER))]
    made = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]
    return made, _render(made)


_made_once = lru_cache(maxsize=8)(_made)


def _render(made: str) -> str:
    context: dict[str, Any] = {
        "version": made,
        "words": WORDS,
        "script": address("fieldwork/app/app.js"),
        "style": address("fieldwork/app/app.css"),
        "icon": address("fieldwork/app/icon.svg"),
        "touch_icon": address("fieldwork/app/icon-192.png"),
        "zone": settings.TIME_ZONE,
        "zxing": address("zxing/index.min.js"),
        "options": f"{settings.PUBLIC_URL}{reverse('requests:after_visit', args=['REFERENCE'])}",
    }
    return render_to_string("fieldwork/app/shell.html", context)


def _digest(name: str) -> str:
    return base64.b64encode(hashlib.sha256(_read(name)).digest()).decode()


def _read(name: str) -> bytes:
    """From where it is written, else from where it was collected: an image for production has no npm folder."""
    path = finders.find(name)
    if isinstance(path, str):
        return Path(path).read_bytes()
    with staticfiles_storage.open(name) as file:
        body: bytes = file.read()
    return body
