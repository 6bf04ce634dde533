"""What a start without DEBUG refuses, in words that name the setting, and what `check --deploy` says of it."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from django.template import engines
from django.test import Client

from commands.console import ROOT
from msa_portal.notices.account_mail import UnknownAccount
from msa_portal.notices.rendering import render
from msa_portal.unsafe_settings import DEVELOPMENT_FACTOR_KEY, check_unsafe_settings, unsafe_values

SMTP = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"use_tls": True, "use_ssl": False}}
SAFE = {
    "SECRET_KEY": "k3" * 30,
    "ALLOWED_HOSTS": ["portal.example.org"],
    "PUBLIC_HOST": "portal.example.org",
    "PUBLIC_URL": "https://portal.example.org",
    "SECOND_FACTOR_KEYS": ["a key"],
    "SEAL_KEY": "a seal",
    "STAGING": False,
    "MAILERS": {"default": SMTP},
    "EMAIL_CONFIGURED": True,
    "STRIPE_SECRET_KEY": "sk_live_" + "0" * 24,
    "STRIPE_WEBHOOK_SECRET": "whsec_" + "0" * 24,
    "STRIPE_API_BASE": "https://api.stripe.com",
    "REDIS_URL": "redis://redis:6379/0",
}


def complaints(*, demo: bool = False, **changes: Any) -> str:
    return "; ".join(unsafe_values(SimpleNamespace(**SAFE | changes), demo=demo))


def mailer(backend: str = "smtp", **options: Any) -> dict[str, Any]:
    kind = f"django.core.mail.backends.{backend}.EmailBackend"
    return {"default": {"BACKEND": kind, "OPTIONS": {"use_tls": False, "use_ssl": False} | options}}


def test_safe_values_are_let_through() -> None:
    assert complaints() == ""


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be"),
        ({"ALLOWED_HOSTS": ["*"]}, "ALLOWED_HOSTS must name"),
        ({"PUBLIC_URL": "http://portal.example.org"}, "PUBLIC_URL must begin"),
        ({"SEAL_KEY": ""}, "SEAL_KEY must be"),
        ({"SECOND_FACTOR_KEYS": []}, "SECOND_FACTOR_KEYS must hold"),
        ({"SECOND_FACTOR_KEYS": [DEVELOPMENT_FACTOR_KEY]}, "SECOND_FACTOR_KEYS must hold"),
        ({"MAILERS": mailer()}, "EMAIL_URL must use TLS"),
        ({"MAILERS": mailer("console")}, "EMAIL_URL must name a mail server"),
        ({"STRIPE_SECRET_KEY": ""}, "STRIPE_SECRET_KEY must be"),
        ({"STRIPE_SECRET_KEY": "sk_test_" + "0" * 24}, "STRIPE_SECRET_KEY is a test-mode key"),
        ({"STRIPE_SECRET_KEY": "rk_test_" + "0" * 24}, "STRIPE_SECRET_KEY is a test-mode key"),
        ({"STAGING": True}, "STRIPE_SECRET_KEY is a live key"),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_sandbox"}, "STRIPE_WEBHOOK_SECRET must be"),
        ({"STRIPE_API_BASE": "http://provider.example.org"}, "STRIPE_API_BASE must begin"),
        ({"REDIS_URL": ""}, "REDIS_URL must name"),
    ],
)
def test_each_unsafe_value_is_named(changes: dict[str, Any], complaint: str) -> None:
    assert complaints(**changes).startswith(complaint)


@pytest.mark.parametrize("changes", [{"MAILERS": mailer(use_ssl=True)}, {"MAILERS": mailer(use_tls=True)}])
def test_mail_over_tls_is_let_through(changes: dict[str, Any]) -> None:
    assert complaints(**changes) == ""


def test_test_site_may_take_test_keys() -> None:
    assert complaints(STAGING=True, STRIPE_SECRET_KEY="sk_test_" + "0" * 24) == ""


def test_demo_needs_neither_mail_nor_payments() -> None:
    assert complaints(demo=True, STRIPE_SECRET_KEY="", MAILERS=mailer("console"), REDIS_URL="") == ""
    assert complaints(demo=True, SEAL_KEY="").startswith("SEAL_KEY")


def test_check_says_the_same_as_the_start(settings: Any) -> None:
    for name, value in SAFE.items():
        setattr(settings, name, value)
    settings.DEBUG = settings.DEMO = False
    assert check_unsafe_settings() == []
    settings.STRIPE_SECRET_KEY = "sk_test_" + "0" * 24
    assert [(error.id, error.msg[:36]) for error in check_unsafe_settings()] == [
        ("msa_portal.E001", "STRIPE_SECRET_KEY is a test-mode key")
    ]


@pytest.mark.parametrize(
    ("command", "changes", "complaint"),
    [
        ("check", {"DEBUG": "0", "EMAIL_URL": "smtp://mail.example.org:25"}, "EMAIL_URL must use TLS"),
        ("check", {"DEBUG": "0", "STRIPE_SECRET_KEY": "sk_test_" + "0" * 24}, "STAGING=1"),
        ("check --deploy", {"DEBUG": "1", "STRIPE_API_BASE": "http://localhost:12111"}, "(msa_portal.E001)"),
    ],
)
def test_process_refuses_to_start(command: str, changes: dict[str, str], complaint: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "DEMO": "0",
        "SECRET_KEY": "k3" * 30,
        "SECOND_FACTOR_KEYS": "a2V5LW9mLTMyLWJ5dGVzLWZvci1zZWNvbmQtZmFjdG8=",
        "ALLOWED_HOSTS": "portal.example.org",
        "PUBLIC_URL": "https://portal.example.org",
        "EMAIL_URL": "smtp+tls://mail.example.org:587",
        "REDIS_URL": "redis://redis:6379/0",
        "STRIPE_SECRET_KEY": "sk_live_" + "0" * 24,
        "STRIPE_WEBHOOK_SECRET": "whsec_" + "0" * 24,
        "SEAL_KEY": "a seal",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *command.split()],
        cwd=ROOT, env=environment | changes, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode != 0, complaint in done.stderr) == (True, True), done.stderr[-2000:]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/help/", "/accounts/login/", "/admin/login/"])
def test_test_site_says_so_on_every_page(client: Client, settings: Any, path: str) -> None:
    settings.STAGING = True
    page = client.get(path, follow=True).content.decode()
    assert "This is a test site. Pay with test cards only" in page
    settings.STAGING = False
    assert "This is a test site" not in client.get(path, follow=True).content.decode()


def test_every_page_of_its_own_says_so() -> None:
    """Templates with an <html> of their own, but for the error page that is shown when nothing else works."""
    pages = [path for path in (ROOT / "templates").rglob("*.html") if "<html" in path.read_text()]
    silent = {str(path.relative_to(ROOT / "templates")) for path in pages if "taging" not in path.read_text().lower()}
    assert silent == {"500.html", "pdf/base.html"}
    assert engines["django"].get_template("partials/staging_strip.html").render({"STAGING": False}).strip() == ""


def test_test_site_says_so_in_every_email(settings: Any) -> None:
    """Each email is made of a base, which says so."""
    settings.STAGING = True
    mail = render(UnknownAccount.name, {"action_url": "https://portal.example.org/"})
    assert "This email is from a test site" in mail.text
    assert "This email is from a test site" in mail.html
    folder = ROOT / "templates" / "notices"
    bodies = [*folder.rglob("body.txt"), *folder.rglob("body.html")]
    bases = ('extends "notices/base', 'extends "notices/account/base')
    assert [path for path in bodies if not any(base in path.read_text() for base in bases)] == []
    for path in (folder / "account").glob("base.*"):
        assert f'extends "notices/base{path.suffix}"' in path.read_text()
