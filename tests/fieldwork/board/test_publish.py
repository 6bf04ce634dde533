"""Publishing: first what would be told, then the telling."""

from __future__ import annotations

from django.urls import reverse

from fieldwork.board import publishing
from fieldwork.models import SiteVisit
from tests.fieldwork.board.conftest import BOARD, place, waiting
from tests.fieldwork.board.test_moves import form_values
from tests.fieldwork.conftest import business_day, planned

PUBLISH = f"{BOARD}_publish"


def days(after: int = 1) -> dict[str, str]:
    return {"view": "day", "on": business_day(after).isoformat()}


def listed(client) -> list[tuple[str, str]]:
    return [
        (str(change.visit.order), str(change.kind))
        for change in client.get(reverse(PUBLISH), days()).context["changes"]
    ]


def test_list_names_each_difference_and_what_is_told(client, dan, tess, theo):
    new, moved, other, same = waiting(), planned(tess), planned(tess), planned(tess)
    place(new, tess)
    place(moved, tess, window="afternoon")
    place(other, theo)
    assert dict(listed(client)) == {str(new.order): "new", str(moved.order): "moved", str(other.order): "technician"}
    html = client.get(reverse(PUBLISH), days()).content.decode()
    assert "The visit moved to" in html
    assert "Nothing: day and window stay" in html
    assert str(same.order) not in html
    assert SiteVisit.objects.get(pk=new.pk).state == SiteVisit.State.UNSCHEDULED


def test_light_count_is_that_of_the_list(client, dan, tess, theo):
    new, moved, other, off = waiting(), planned(tess), planned(tess), planned(tess)
    planned(tess)
    place(new, tess)
    place(moved, tess, window="afternoon")
    place(other, theo)
    off.placement.delete()
    SiteVisit.objects.filter(pk=planned(theo).pk).update(state=SiteVisit.State.ON_SITE)
    on = business_day()
    assert publishing.untold_count(on, on) == len(publishing.changes(on, on)) == 4


def test_publishing_tells_and_says_how_many(client, dan, tess):
    visit = waiting()
    place(visit, tess)
    seen = form_values(client.get(reverse(PUBLISH), days()).content.decode())
    answer = client.post(reverse(PUBLISH), days() | {"seen": seen}, follow=True)
    assert "1 visit published: 1 new. The customers are told now." in answer.content.decode()
    fresh = SiteVisit.objects.get(pk=visit.pk)
    assert (fresh.state, fresh.technician, fresh.scheduled_on) == (SiteVisit.State.SCHEDULED, tess, business_day())
    assert listed(client) == []
    again = client.post(reverse(PUBLISH), days() | {"seen": seen}, follow=True)
    assert "There was nothing to publish" in again.content.decode()


def test_a_board_that_changed_since_is_not_published(client, dan, tess):
    first, second = waiting(), waiting()
    place(first, tess)
    seen = form_values(client.get(reverse(PUBLISH), days()).content.decode())
    place(second, tess)
    html = client.post(reverse(PUBLISH), days() | {"seen": seen}).content.decode()
    assert "Nothing was published. Dora Dispatch changed Tess Lund" in html
    assert str(second.order) in html
    assert not SiteVisit.objects.filter(state=SiteVisit.State.SCHEDULED).exists()


def test_nothing_to_publish_offers_no_button(client, dan, tess):
    html = client.get(reverse(PUBLISH), days()).content.decode()
    assert "Nothing to publish" in html
    assert "Publish and tell" not in html
