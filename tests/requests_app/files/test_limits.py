"""Too large: 413 with the limit in the message (fault 33)."""

from __future__ import annotations

import pytest

from tests import crafted, factories

pytestmark = pytest.mark.django_db


def test_body_that_says_it_is_too_large_is_not_read(client, settings):
    settings.MAX_BODY_BYTES = 3_000_000
    client.force_login(factories.UserFactory())
    answer = client.post("/requests/new/", {"file": crafted.upload(bytes(3_000_001))})
    shown = answer.content.decode()
    assert (answer.status_code, "15 MB at most" in shown, "one form 3 MB" in shown) == (413, True, True)


def test_body_at_the_limit_is_read(client, settings):
    settings.MAX_BODY_BYTES = 3_000_000
    client.force_login(factories.UserFactory())
    assert client.post("/requests/new/", {"file": crafted.upload(bytes(2_900_000))}).status_code != 413


def test_form_without_files_that_is_too_large_is_told_so(client):
    answer = client.post("/accounts/login/", "x" * 2_600_000, content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, "MB at most" in answer.content.decode()) == (413, True)
