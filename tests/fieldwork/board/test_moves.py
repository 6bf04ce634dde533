"""Moving visits on the board: by the script, and by the form that needs none."""

from __future__ import annotations

from django.urls import reverse

from fieldwork.models import Placement, SiteVisit
from tests.fieldwork.board.conftest import BOARD, move, place, post_json, seen_now, waiting
from tests.fieldwork.conftest import business_day, planned


def placement(visit):
    return Placement.objects.select_related("lane").get(visit=visit)


def test_script_places_a_visit_and_gets_its_lane_drawn_anew(client, dan, tess):
    visit = waiting()
    answer = post_json(client, f"{BOARD}_place", **move(visit, tess, window="afternoon"))
    assert answer.status_code == 200
    told = answer.json()
    lane = f"{tess.pk}:{business_day().isoformat()}"
    assert str(visit.order) in told["lanes"][lane]
    assert str(visit.order) not in told["side"]
    assert told["untold"] == "Publish 1 change"
    placed = placement(visit)
    assert (placed.lane.technician_id, placed.window, placed.placed_by) == (tess.pk, "afternoon", dan)
    assert SiteVisit.objects.get(pk=visit.pk).state == SiteVisit.State.UNSCHEDULED


def test_moving_on_draws_both_lanes(client, dan, tess, theo):
    visit = waiting()
    place(visit, tess)
    answer = post_json(client, f"{BOARD}_place", **move(visit, theo, after=2, seen=seen_now((tess, 1), (theo, 2))))
    assert set(answer.json()["lanes"]) == {
        f"{tess.pk}:{business_day(1).isoformat()}",
        f"{theo.pk}:{business_day(2).isoformat()}",
    }


def test_position_is_the_stop_of_the_day(client, dan, tess):
    first, second = waiting(), waiting()
    place(first, tess)
    post_json(client, f"{BOARD}_place", **move(second, tess, position=1))
    stops = Placement.objects.filter(lane__technician=tess).order_by("position").values_list("visit", flat=True)
    assert list(stops) == [second.pk, first.pk]


def test_a_lane_that_changed_meanwhile_refuses_and_says_who(client, dan, tess):
    visit, other = waiting(), waiting()
    old = move(visit, tess)
    place(other, tess)
    answer = post_json(client, f"{BOARD}_place", **old)
    assert answer.status_code == 409
    assert answer.json()["code"] == "stale"
    assert "Dora Dispatch changed Tess Lund" in answer.json()["detail"]
    assert not Placement.objects.filter(visit=visit).exists()
    assert post_json(client, f"{BOARD}_place", **move(visit, tess, position=2)).status_code == 200


def test_taken_off_it_waits_at_the_side(client, dan, tess):
    visit = waiting()
    place(visit, tess)
    told = post_json(client, f"{BOARD}_unplace", visit=visit.pk, seen=seen_now((tess, 1))).json()
    assert str(visit.order) in told["side"]
    assert not Placement.objects.filter(visit=visit).exists()


def test_taking_off_with_an_old_picture_is_refused(client, dan, tess):
    visit = waiting()
    place(visit, tess)
    old = seen_now((tess, 1))
    place(waiting(), tess)
    assert post_json(client, f"{BOARD}_unplace", visit=visit.pk, seen=old).status_code == 409
    assert placement(visit).lane.technician == tess


def test_what_cannot_be_read_is_refused(client, dan, tess):
    visit = waiting()
    for change in (
        {"technician": "x"},
        {"on": "never"},
        {"window": "night"},
        {"position": 0},
        {"seen": {"a": 1}, "on": None},
    ):
        assert post_json(client, f"{BOARD}_place", **move(visit, tess) | change).status_code == 400
    for pk in ("x", "999999", None, "-1"):
        assert post_json(client, f"{BOARD}_place", **move(visit, tess) | {"visit": pk}).status_code == 404
    assert client.post(reverse(f"{BOARD}_place"), b"[]", content_type="application/json").status_code == 404
    assert client.post(reverse(f"{BOARD}_place"), b"{", content_type="application/json").status_code == 404
    assert post_json(client, f"{BOARD}_changes", tokens={"nonsense": "1"}).status_code == 400
    assert client.get(reverse(f"{BOARD}_place")).status_code == 405
    assert not Placement.objects.exists()


def test_a_day_off_the_calendar_is_refused_in_words(client, dan, tess):
    answer = post_json(client, f"{BOARD}_place", **move(waiting(), tess, on="2020-01-01"))
    assert (answer.status_code, answer.json()["detail"]) == (409, "That day is past. Choose today or a later day.")


def test_preview_says_what_it_costs_and_writes_nothing(client, dan, tess):
    visit = waiting()
    answer = client.get(reverse(f"{BOARD}_preview"), move(visit, tess))
    assert answer.status_code == 200
    assert answer.json()["breaks"] == []
    assert "driving" in answer.json()["drive"]
    assert not Placement.objects.exists()
    assert client.get(reverse(f"{BOARD}_preview"), move(visit, tess, window="")).status_code == 400


def test_nothing_changed_answers_204(client, dan, tess):
    place(waiting(), tess)
    html = client.get(reverse(BOARD), {"view": "week", "on": business_day().isoformat()})
    tokens = {cell.name: cell.token for row in html.context["board"].rows for cell in row.cells}
    side = html.context["side_token"]
    assert post_json(client, f"{BOARD}_changes", tokens=tokens, side=side).status_code == 204
    visit = waiting()
    place(visit, tess)
    told = post_json(client, f"{BOARD}_changes", tokens=tokens, side=side).json()
    assert [str(visit.order) in html for html in told["lanes"].values()] == [True]


def test_a_visit_that_begins_changes_its_lane(client, dan, tess):
    visit = planned(tess)
    html = client.get(reverse(BOARD), {"view": "week", "on": business_day().isoformat()})
    tokens = {cell.name: cell.token for row in html.context["board"].rows for cell in row.cells}
    fresh = SiteVisit.objects.get(pk=visit.pk)
    fresh.state = SiteVisit.State.ON_SITE
    fresh.save()
    told = post_json(client, f"{BOARD}_changes", tokens=tokens, side=html.context["side_token"]).json()
    assert ["Technician on site" in html for html in told["lanes"].values()] == [True]


# The form


def form_values(html: str) -> list[str]:
    return [part.partition('value="')[2].partition('"')[0] for part in html.split('name="seen"')[1:]]


def test_form_shows_the_cost_first_and_places_then(client, dan, tess):
    visit = waiting()
    address = reverse(f"{BOARD}_visit", args=[visit.pk])
    values = {
        "technician": tess.pk,
        "on": business_day().isoformat(),
        "window": "morning",
        "position": "",
        "view": "day",
    }
    html = client.get(address, values).content.decode()
    assert "It breaks no rule." in html
    assert not Placement.objects.exists()
    seen = form_values(html)
    assert seen == [f"{tess.pk}:{business_day().isoformat()}:0"]
    answer = client.post(address, values | {"do": "place", "seen": seen})
    assert answer.headers["Location"] == f"{reverse(BOARD)}?view=day&on={business_day().isoformat()}#visit-{visit.pk}"
    assert placement(visit).placed_by == dan


def test_form_that_is_old_says_who_changed_the_lane_and_keeps_what_was_chosen(client, dan, tess):
    visit = waiting()
    address = reverse(f"{BOARD}_visit", args=[visit.pk])
    values = {"technician": tess.pk, "on": business_day().isoformat(), "window": "afternoon", "position": ""}
    seen = form_values(client.get(address, values).content.decode())
    place(waiting(), tess)
    answer = client.post(address, values | {"do": "place", "seen": seen})
    html = answer.content.decode()
    assert "Dora Dispatch changed Tess Lund" in html
    assert 'name="window" value="afternoon"' in html
    assert not Placement.objects.filter(visit=visit).exists()
    again = client.post(address, values | {"do": "place", "seen": form_values(html)})
    assert again.status_code == 302
    assert placement(visit).window == "afternoon"


def test_form_fixes_unfixes_and_puts_to_the_side(client, dan, tess):
    visit = waiting()
    place(visit, tess)
    address = reverse(f"{BOARD}_visit", args=[visit.pk])
    client.post(address, {"do": "fix"})
    assert SiteVisit.objects.get(pk=visit.pk).is_fixed
    client.post(address, {"do": "unfix"})
    assert not SiteVisit.objects.get(pk=visit.pk).is_fixed
    client.post(address, {"do": "unplace", "seen": seen_now((tess, 1))})
    assert not Placement.objects.exists()
    assert client.post(address, {"do": "nothing"}).status_code == 404


def test_form_without_an_answer_says_which(client, dan, tess):
    visit = waiting()
    answer = client.post(reverse(f"{BOARD}_visit", args=[visit.pk]), {"do": "place", "on": ""})
    assert answer.status_code == 422
    assert "Choose who goes there." in answer.content.decode()


def test_closed_visit_has_no_form(client, dan, tess):
    visit = planned(tess)
    SiteVisit.objects.filter(pk=visit.pk).update(state=SiteVisit.State.ON_SITE)
    html = client.get(reverse(f"{BOARD}_visit", args=[visit.pk])).content.decode()
    assert "so it cannot be moved" in html
