"""Whatever is sent after a session ended leads to a page where it can be sent again, never to an error 405."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from tests import factories
from tests.test_access import ALL_ROUTES

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PAGE = {"Accept": "text/html,application/xhtml+xml"}
VALUES = ("1", str(uuid.uuid4()), "MSA-2026-000001", "2026-01-05")
MOST_HOPS = 5
ENDS_THE_SESSION = {"account_logout"}


def addresses() -> Iterator[tuple[str, str]]:
    """Each route with a value that its address takes."""
    for name, parts in ALL_ROUTES.items():
        for value in VALUES:
            try:
                if any(part.isdecimal() for part in parts):
                    yield name, reverse(name, args=[value] * sum(part.isdecimal() for part in parts))
                else:
                    yield name, reverse(name, kwargs=dict.fromkeys(parts, value))
            except NoReverseMatch:
                continue
            break


ADDRESSES = dict(addresses())
# Made of more than one value, or of a name: they take none of ours.
NOT_TRIED = set(ALL_ROUTES) - set(ADDRESSES)


@pytest.fixture
def somebody() -> User:
    """With every role, so that no guard answers before the view does."""
    return factories.UserFactory(is_superuser=True, is_staff=True, roles=list(Role), name="Sam Staff")


def lands(client: Client, address: str) -> tuple[Any, int]:
    """The page that somebody ends up on, and after how many redirects."""
    hops = 0
    while (response := client.get(address, headers=PAGE)).status_code in {301, 302, 303} and hops < MOST_HOPS:
        address, hops = response["Location"], hops + 1
    return response, hops


def test_few_addresses_take_none_of_these_values():
    assert len(NOT_TRIED) < 12, sorted(NOT_TRIED)


def test_no_address_ends_in_a_405_for_somebody_who_comes_back_from_the_sign_in(client, somebody):
    """The walk is over the URL conf: a new address is in it."""
    client.force_login(somebody)
    wrong, asked, led_back = {}, 0, 0
    for name, address in ADDRESSES.items():
        login = urlsplit(Client().post(address, {"note": "typed"}).get("Location", ""))
        asked += login.path == "/accounts/login/"
        [goes_to] = parse_qs(login.query).get("next", [address])
        if name in ENDS_THE_SESSION:
            continue
        landed, hops = lands(client, goes_to)
        led_back += hops > 0
        if landed.status_code == 405 or landed.status_code >= 500:
            wrong[name] = (goes_to, landed.status_code)
    assert wrong == {}
    assert asked > 100
    assert led_back > 40
