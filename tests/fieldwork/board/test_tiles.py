"""The map asks nobody for tiles unless a server is named; then the policy lets browsers ask that one alone."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from msa_portal import env
from tests.fieldwork.board.conftest import BOARD

TILES = "https://{s}.tiles.example.com/{z}/{x}/{y}.png?key=1"


def test_without_a_server_no_other_origin_may_give_images(client, dan):
    assert settings.TILE_URL == ""
    policy = client.get(reverse(BOARD)).headers["Content-Security-Policy"]
    assert "img-src 'self' data: blob:;" in f"{policy};"


@pytest.mark.parametrize(
    ("address", "origins"),
    [("", []), (TILES, ["https://*.tiles.example.com"]), ("http://tiles:8080/{z}/{x}/{y}", ["http://tiles:8080"])],
)
def test_policy_allows_just_the_servers_of_the_tiles(monkeypatch, address, origins):
    monkeypatch.setenv("TILE_URL", address)
    assert env.tile_origins(env.tile_address("TILE_URL")) == origins


@pytest.mark.parametrize(
    "address", ["tiles", "ftp://a.example/{z}/{x}/{y}", "https://a.example/{z}/{x}", "https://a.example;*/{z}/{x}/{y}"]
)
def test_address_that_is_none_stops_the_start(monkeypatch, address):
    monkeypatch.setenv("TILE_URL", address)
    with pytest.raises(ImproperlyConfigured, match="TILE_URL"):
        env.tile_address("TILE_URL")


def test_map_gets_its_districts_and_tiles(client, dan, settings, tess):
    settings.TILE_URL, settings.TILE_ATTRIBUTION = TILES, "Example"
    shown = client.get(reverse(BOARD)).context["map"]
    assert (shown["tiles"], shown["attribution"], shown["districts"]) == (TILES, "Example", [])
