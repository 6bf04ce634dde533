"""The demo's mailbox: what the portal sends arrives on a page."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from demo.models import ArrivedMail
from msa_portal.notices import delivery
from msa_portal.notices.account_mail import queue_account_mail
from msa_portal.notices.limits import Cause
from msa_portal.notices.models import NoticeMessage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox(settings: Any) -> None:
    settings.MAILERS = {"default": {"BACKEND": "demo.mailbox.MailboxBackend"}}


def arrive(to: str = "alice@example.com", subject: str = "Hello", text: str = "Text", html: str = "") -> ArrivedMail:
    mail = EmailMultiAlternatives(subject, text, to=[to])
    if html:
        mail.attach_alternative(html, "text/html")
    mail.send()
    return ArrivedMail.objects.latest("pk")


def test_sign_in_code_arrives_for_a_newcomer_without_an_account(client: Client) -> None:
    queue_account_mail("account/email/login_code", "alice@example.com", {"code": "QXZ-739"}, cause=Cause())
    delivery.deliver(NoticeMessage.objects.get().pk)
    mail = ArrivedMail.objects.get()
    assert "Your sign-in code" in client.get(reverse("demo:mailbox")).content.decode()
    assert "QXZ-739" in client.get(mail.get_absolute_url()).content.decode()
    assert "QXZ-739" in client.get(reverse("demo:mail_html", args=[mail.pk])).content.decode()


def test_newest_comes_first_and_one_address_can_be_chosen(client: Client) -> None:
    arrive(subject="First")
    arrive(to="bob@example.com", subject="Second")
    arrive(subject="Third")
    every = client.get(reverse("demo:mailbox")).content.decode()
    assert every.index("Third") < every.index("Second") < every.index("First")
    hers = client.get(reverse("demo:mailbox"), {"to": "Alice@example.com"}).content.decode()
    assert ("First" in hers, "Second" in hers, "Third" in hers) == (True, False, True)


def test_list_takes_the_same_queries_for_many(client: Client, django_assert_num_queries: Any) -> None:
    arrive()
    with CaptureQueriesContext(connection) as one:
        client.get(reverse("demo:mailbox"))
    for _n in range(30):
        arrive()
    with django_assert_num_queries(len(one)):
        client.get(reverse("demo:mailbox"))


def test_empty_mailbox_says_what_to_do(client: Client) -> None:
    assert "Nothing has arrived yet." in client.get(reverse("demo:mailbox")).content.decode()


def test_html_of_a_mail_cannot_act(client: Client) -> None:
    mail = arrive(text="see javascript:alert(1) <b>", html="<html><head></head><script>alert(1)</script></html>")
    response = client.get(reverse("demo:mail_html", args=[mail.pk]))
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox allow-top-navigation-by-user-activation")
    page = client.get(mail.get_absolute_url()).content.decode()
    assert "<script>alert(1)" not in page
    assert 'href="javascript:' not in page
    assert "&lt;b&gt;" in page


def test_link_in_the_text_can_be_clicked(client: Client) -> None:
    mail = arrive(text="Open http://localhost:8000/sign/abc/ now")
    assert 'href="http://localhost:8000/sign/abc/"' in client.get(mail.get_absolute_url()).content.decode()


def test_mail_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get(reverse("demo:mail", args=[999])).status_code == 404
