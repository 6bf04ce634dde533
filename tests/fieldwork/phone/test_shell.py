"""The service worker's two forms."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

IMPORT = 'import { sendInBackground as SEND } from "/static/fieldwork/app/outbox.js";'


def test_worker_imports_the_sender_only_where_it_runs_as_a_module(client: Client):
    """A phone that registered it as a classic script before must still get one, or it would never be updated."""
    assert client.get("/field/sw.js?module").text.startswith(IMPORT)
    classic = client.get("/field/sw.js").text
    assert classic.startswith("const SEND = null;")
    assert "import " not in classic.split("// The app's files")[0]
