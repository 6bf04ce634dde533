"""Dispatchers at the board: by drag, by keys alone, two at once; planning and publishing."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Locator, Route, expect

from demo import accounts
from tests.browser.journey import PATIENCE, Person
from tests.browser.test_journeys import Meet, signed_in
from tests.stack import LiveStack

# Orders of their own, and a technician whom no other test knows: the demo's open visit, several times.
MADE = """
import copy
from django.utils import timezone
from fieldwork.models import ServiceOrder, SiteVisit, Technician
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.business_days import calendar

def again(row, **values):
    fresh = copy.copy(row)
    fresh._state = copy.copy(row._state)
    fresh._state.adding, fresh.pk = True, None
    for name, value in values.items():
        setattr(fresh, name, value)
    fresh.save(force_insert=True)
    return fresh

name = "{name}"
user = User.objects.create(email=name.replace(" ", ".").lower() + "@example.com", name=name)
user.grant(Role.TECHNICIAN)
Technician.objects.create(user=user, employee_number=name, home_latitude="34.14", home_longitude="-118.00")
today = calendar.local_day(timezone.now())
days = calendar.load()
kind = SiteVisit.objects.filter(order__state="open").earliest("pk").order
for n in range({count}):
    msa_request = again(kind.round.msa_request, reference=f"MSA-2026-{first}{{n}}", street=f"{{n + 1}} Board Street", holds_account=None)
    order = again(kind, number=f"SO-2026-{first}{{n}}", round=again(kind.round, msa_request=msa_request), due_on=days.add(today, 20),
                  latitude="34.13", longitude="-117.97")
    SiteVisit.objects.create(order=order)
print(days.add(today, 1).isoformat())
"""


def made(stack: LiveStack, name: str, first: str, count: int = 2) -> date:
    """Gives the next business day; the orders are called SO-2026-<first>0 and so on."""
    script = MADE.format(name=name, first=first, count=count)
    return date.fromisoformat(stack.manage("shell", "-v", "0", "-c", script).strip().splitlines()[-1])


class Dispatcher:
    def __init__(self, person: Person, technician: str, on: date) -> None:
        self.person, self.page, self.technician, self.on = person, person.page, technician, on

    def opens_the_board(self) -> None:
        self.person.opens(f"/admin/fieldwork/lane/board/?view=day&on={self.on.isoformat()}")
        expect(self.page.locator(".has-script")).to_be_visible()

    def lane(self) -> Locator:
        return self.page.locator("tr[data-technician]", has_text=self.technician).locator("[data-lane]")

    def half(self, window: str) -> Locator:
        return self.lane().locator(f"[data-window={window}]")

    def block(self, number: str) -> Locator:
        return self.page.locator(f"[data-number='{number}']")

    def picks_up(self, number: str) -> None:
        """By keys alone, from the block's button."""
        self.block(number).get_by_role("button", name=f"Move {number}").focus()
        self.page.keyboard.press("Enter")
        expect(self.page.locator("[data-hand-title]")).to_have_text(number)

    def steers_to_the_lane(self) -> None:
        where = self.page.locator("[data-hand-where]")
        for _each in range(30):
            if self.technician in where.inner_text():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"No lane of {self.technician}: {where.inner_text()}")

    def hears(self, *words: str) -> None:
        for word in words:
            expect(self.page.locator("[data-said]")).to_contain_text(word)


@pytest.fixture
def dan(meet: Meet) -> Person:
    return signed_in(meet, accounts.DISPATCHER)


def test_visit_is_dragged_into_a_lane(dan: Person, live_stack: LiveStack) -> None:
    board = Dispatcher(dan, "Drew Drag", made(live_stack, "Drew Drag", "81000"))
    board.opens_the_board()
    board.page.get_by_label("Find by number, street or city").fill("SO-2026-810000")
    visit, there = board.block("SO-2026-810000"), board.half("afternoon")
    expect(there).to_be_in_viewport()
    expect(visit).to_be_in_viewport()
    start, end = visit.bounding_box(), there.bounding_box()
    assert start
    assert end
    mouse = board.page.mouse
    mouse.move(start["x"] + 80, start["y"] + 30)
    mouse.down()
    mouse.move(start["x"] + 100, start["y"] + 40, steps=3)
    mouse.move(end["x"] + 40, end["y"] + 15, steps=6)
    expect(board.page.locator("[data-hand-cost]")).to_contain_text("driving")
    mouse.up()
    expect(board.half("afternoon").locator("[data-number='SO-2026-810000']")).to_contain_text("New, not told yet")
    board.opens_the_board()
    expect(board.half("afternoon").locator("[data-number='SO-2026-810000']")).to_be_visible()


def test_visit_is_moved_by_keys_alone(dan: Person, live_stack: LiveStack) -> None:
    board = Dispatcher(dan, "Kim Keys", made(live_stack, "Kim Keys", "82000"))
    board.opens_the_board()
    board.picks_up("SO-2026-820000")
    dan.looks_around()
    board.steers_to_the_lane()
    board.page.keyboard.press("Escape")
    board.hears("SO-2026-820000 stays where it was.")
    expect(board.block("SO-2026-820000").get_by_role("button")).to_be_focused()

    board.picks_up("SO-2026-820000")
    board.steers_to_the_lane()
    board.page.keyboard.press("a")
    board.hears("afternoon, stop 1 of 1")
    expect(board.page.locator("[data-hand-cost]")).to_contain_text("It breaks no rule.")
    board.page.keyboard.press("Enter")
    board.hears("on the board with Kim Keys")
    expect(board.half("afternoon").locator("[data-number='SO-2026-820000']").get_by_role("button")).to_be_focused()

    board.page.keyboard.press("Space")
    board.page.keyboard.press("ArrowLeft")
    board.hears("morning, stop 1 of 1")
    board.page.keyboard.press("Space")
    expect(board.half("morning").locator("[data-number='SO-2026-820000']")).to_be_visible()

    board.picks_up("SO-2026-820000")
    board.page.keyboard.press("Delete")
    board.page.keyboard.press("Enter")
    board.hears("waits at the side now")
    expect(board.page.locator("[data-side] [data-number='SO-2026-820000']")).to_be_visible()


def test_two_dispatchers_at_once_overwrite_nothing(dan: Person, meet: Meet, live_stack: LiveStack) -> None:
    on = made(live_stack, "Toni Two", "83000")
    first, second = Dispatcher(dan, "Toni Two", on), Dispatcher(signed_in(meet, accounts.SUPERVISOR), "Toni Two", on)
    first.opens_the_board()
    quiet = re.compile("/board/changes/$")

    def nothing_new(route: Route) -> None:
        route.fulfill(status=204)

    first.page.route(quiet, nothing_new)
    second.opens_the_board()
    second.picks_up("SO-2026-830000")
    second.steers_to_the_lane()
    second.page.keyboard.press("Enter")
    second.hears("on the board with Toni Two")

    first.picks_up("SO-2026-830001")
    first.steers_to_the_lane()
    first.page.unroute(quiet, nothing_new)
    first.page.keyboard.press("Enter")
    alert = first.page.locator("[data-alert]")
    expect(alert).to_contain_text("Sue Park changed Toni Two")
    expect(alert).to_contain_text("Your move of SO-2026-830001 is still in hand")
    expect(first.lane().locator("[data-number='SO-2026-830000']")).to_be_visible()
    expect(first.lane().locator("[data-number='SO-2026-830001']")).to_have_count(0)
    first.person.watch.faults = [fault for fault in first.person.watch.faults if "409" not in fault]

    first.page.get_by_role("button", name="Place it here").press("Enter")
    expect(first.lane().locator("[data-visit]")).to_have_count(2)
    expect(second.lane().locator("[data-visit]")).to_have_count(2, timeout=PATIENCE * 1000)
    first.person.looks_around()


def test_plan_is_made_taken_and_published(dan: Person, live_stack: LiveStack) -> None:
    on = made(live_stack, "Pia Plan", "84000", count=3)
    dan.opens("/admin/fieldwork/planrun/plan/")
    for label in ("First day", "Last day"):
        dan.page.get_by_label(label).fill(on.isoformat())
    dan.fills(Seconds_to_think="2")
    dan.presses("Start planning")
    expect(dan.content).to_contain_text("The plan is ready", timeout=PATIENCE * 1000)
    dan.looks_around()
    dan.presses("Take it to the board")
    dan.reads("The plan is on the board")
    placed = dan.page.locator("[data-lanes] [data-number^='SO-2026-84000']")
    expect(placed).to_have_count(3)
    expect(placed.first).to_contain_text("New, not told yet")
    dan.presses("Publish")
    dan.reads("This is what publishing tells.", "SO-2026-840000", "The visit is on")
    dan.presses("Publish and tell the customers")
    dan.reads("published", "The customers are told now.")
    expect(dan.page.locator("[data-lanes] [data-number^='SO-2026-84000']").first).to_contain_text("Customer told")
