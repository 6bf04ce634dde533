"""Saves of the form as they come over a bad network: late, twice, in another order, from two tabs (faults 16 and 64)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from msa_portal.accounts.models import User
from msa_portal.errors import Stale
from requests_app.lifecycle import drafts
from requests_app.lifecycle.drafts import Sender
from requests_app.models import MSARequest
from tests import factories

pytestmark = pytest.mark.django_db

PAGE, OTHER_PAGE = "a1", "b2"


@pytest.fixture
def alice(client) -> User:
    user = factories.UserFactory(name="Alice Sample", email="alice@example.com")
    client.force_login(user)
    return user


def step_of(msa_request: MSARequest, step: str = "where") -> str:
    return reverse("requests:form", args=[msa_request.reference, step])


def autosave(client, msa_request: MSARequest, step: str = "where", *, version: int | None = None, **answers) -> Any:
    msa_request.refresh_from_db()
    seen = msa_request.version if version is None else version
    return client.post(
        step_of(msa_request, step), {"autosave": "1", "version": seen, "changed": list(answers), **answers}
    )


def facts(msa_request: MSARequest, *names: str) -> tuple[Any, ...]:
    msa_request.refresh_from_db()
    return tuple(getattr(msa_request, name) for name in names)


@pytest.mark.parametrize(
    ("step", "field"),
    [
        ("where", "request_type"),
        ("panel", "service"),
        ("panel", "double_sided_clips"),
        ("adapter", "has_solar"),
        ("adapter", "device_id"),
    ],
)
def test_empty_choice_is_no_answer(client, alice, step, field):
    msa_request = factories.complete_request(owner=alice)
    before = facts(msa_request, field)
    assert before not in [("",), (None,)]
    name = field.removesuffix("_id")
    autosave(client, msa_request, step, **{name: ""})
    client.post(step_of(msa_request, step), {name: "", "version": msa_request.version, "go": "stay"})
    assert facts(msa_request, field) == before


def test_answer_that_was_named_and_not_sent_stays(client, alice):
    msa_request = factories.complete_request(owner=alice)
    posted = {"autosave": "1", "version": msa_request.version, "changed": ["city", "request_type", "street"]}
    client.post(step_of(msa_request), posted | {"city": "Duarte"})
    assert facts(msa_request, "city", "request_type", "street") == ("Duarte", "install", "12 Oak Avenue")


def test_text_can_be_emptied_and_a_tick_taken_back(client, alice):
    msa_request = factories.complete_request(owner=alice, unit="4")
    autosave(client, msa_request, unit="")
    autosave(client, msa_request, "adapter", device_purchased="false")
    assert facts(msa_request, "unit", "device_purchased") == ("", False)


def test_box_that_was_not_on_the_page_is_not_taken_back(client, alice):
    msa_request = factories.complete_request(owner=alice)
    posted = {"version": msa_request.version, "go": "stay", "shown": ["existing_adapter"], "existing_adapter": "none"}
    client.post(step_of(msa_request, "adapter"), posted)
    assert facts(msa_request, "device_purchased") == (True,)


def test_two_tabs_that_change_different_answers_are_no_conflict(client, alice):
    msa_request = factories.complete_request(owner=alice)
    seen = msa_request.version
    assert autosave(client, msa_request, version=seen, city="Duarte").status_code == 200
    assert autosave(client, msa_request, version=seen, street="1 Elm Street").status_code == 200
    assert autosave(client, msa_request, version=seen, city="Azusa").status_code == 409
    assert facts(msa_request, "city", "street") == ("Duarte", "1 Elm Street")


def test_line_ends_of_a_form_and_of_a_script_are_the_same_answer(client, alice):
    msa_request = factories.complete_request(owner=alice)
    autosave(client, msa_request, "site", access_notes="Gate 4\nDog")
    seen = msa_request.version
    autosave(client, msa_request, "site", version=1, access_notes="Gate 4\r\nDog")
    msa_request.refresh_from_db()
    assert (msa_request.access_notes, msa_request.version) == ("Gate 4\nDog", seen + 1)
    longest = "\r\n".join(["x" * 49] * 10)
    assert "access_notes" in autosave(client, msa_request, "site", access_notes=longest).json()["errors"]
    assert facts(msa_request, "access_notes") == (longest.replace("\r\n", "\n"),)


def test_button_right_behind_a_save_of_the_same_page_is_no_conflict(client, alice):
    """The answer to the save isn't there yet, so the form names the version from before."""
    msa_request = factories.draft(owner=alice)
    own = {"page": PAGE, "version": 1}
    client.post(step_of(msa_request), own | {"autosave": "1", "turn": 1, "changed": "city", "city": "Azus"})
    response = client.post(step_of(msa_request), own | {"turn": 2, "city": "Azusa", "go": "leave"})
    assert response.status_code == 302
    assert facts(msa_request, "city") == ("Azusa",)
    late = own | {"autosave": "1", "turn": 1, "changed": "city", "city": "Azus"}
    assert client.post(step_of(msa_request), late).status_code == 200
    assert facts(msa_request, "city") == ("Azusa",)
    assert client.post(step_of(msa_request), late | {"page": OTHER_PAGE}).status_code == 409


def test_page_that_took_over_what_was_typed_knows_the_saves_of_the_one_before(client, alice):
    """The answer to its last save was lost with it."""
    msa_request = factories.draft(owner=alice)
    save = {"autosave": "1", "version": 1, "turn": 1, "changed": "city"}
    client.post(step_of(msa_request), save | {"page": PAGE, "city": "Azus"})
    assert client.post(step_of(msa_request), save | {"page": OTHER_PAGE, "city": "Azusa"}).status_code == 409
    taken_over = save | {"page": OTHER_PAGE, "before": PAGE, "turn": 2, "city": "Azusa"}
    assert client.post(step_of(msa_request), taken_over).status_code == 200
    assert facts(msa_request, "city") == ("Azusa",)


@pytest.mark.parametrize(
    "sender", [{"page": "", "turn": "1"}, {"page": "a1", "turn": "x"}, {"page": "ü", "turn": "1"}]
)
def test_page_without_a_proper_number_counts_by_its_version_alone(client, alice, sender):
    msa_request = factories.draft(owner=alice)
    assert client.post(step_of(msa_request), sender | {"version": 1, "city": "Azusa"}).status_code == 302
    assert client.post(step_of(msa_request), sender | {"version": 1, "city": "Duarte"}).status_code == 409
    assert facts(msa_request, "city") == ("Azusa",)


def test_what_was_typed_is_shown_where_it_can_no_longer_be_saved(client, alice):
    msa_request = factories.executed(factories.complete_request(owner=alice))
    MSARequest.objects.filter(pk=msa_request.pk).update(frozen_until=timezone.now() + timedelta(minutes=30))
    posted = {"version": msa_request.version, "street": "1 <Elm> Street", "go": "next"}
    response = client.post(step_of(msa_request), posted)
    assert response.status_code == 409
    assert "A payment is open" in response.text
    assert "1 &lt;Elm&gt; Street" in response.text
    assert facts(msa_request, "street") == ("12 Oak Avenue",)


def saves(typed: list[str]) -> Iterator[tuple[int, str]]:
    """A page's saves: each holds the newest value."""
    yield from enumerate(typed, start=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.lists(st.sampled_from(["", "A", "B", "C"]), min_size=1, max_size=6), data=st.data())
def test_in_whatever_order_and_however_often_saves_come_the_newest_stays(typed, data):
    msa_request = factories.draft()
    sent = list(saves(typed))
    order = data.draw(st.permutations(sent + data.draw(st.lists(st.sampled_from(sent), max_size=4))))
    for turn, city in order:
        drafts.save_facts(msa_request, {"city": city}, by=msa_request.owner, version=1, sender=Sender(PAGE, turn))
    assert facts(msa_request, "city") == (typed[-1],)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([PAGE, OTHER_PAGE]), st.sampled_from(["city", "street"]), st.sampled_from("ABC")),
        min_size=2,
        max_size=8,
    )
)
def test_nobody_writes_over_what_another_page_wrote_since(writes):
    """Two pages that never learn of a newer version: the first to write a fact keeps it, unless both agree."""
    msa_request = factories.draft()
    first: dict[str, str] = {}
    expected: dict[str, str] = {}
    for turn, (page, name, value) in enumerate(writes, start=1):
        sender, may = Sender(page, turn), first.get(name, page) == page or expected.get(name) == value
        try:
            drafts.save_facts(msa_request, {name: value}, by=msa_request.owner, version=1, sender=sender)
            assert may
        except Stale:
            assert not may
            continue
        first.setdefault(name, page)
        expected[name] = value
    assert facts(msa_request, *expected) == tuple(expected.values())
