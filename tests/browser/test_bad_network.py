"""The field app behind a network that aborts, answers for others and closes (faults 19, 55, 65 to 67)."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tests.browser.bad_network import BadNetwork
from tests.browser.field import MEANT, Field, FieldWatch, Phone, a_photo
from tests.stack import LiveStack

# Said by the browser of what the network did: meant here.
BROKEN = (
    *MEANT,
    *("ERR_CONNECTION_RESET", "ERR_CONNECTION_CLOSED", "ERR_EMPTY_RESPONSE", "ERR_CONNECTION_ABORTED"),
    *("ERR_CONTENT_LENGTH_MISMATCH", "ERR_SOCKET_NOT_CONNECTED", "404 (Not Found)", "503 (Service Unavailable)"),
)
RUNS = int(os.environ.get("FIELD_DAYS", "1"))
VISITS = 6 if RUNS == 1 else 20

# Days that the phone's clock is off, as the test sets it between two starts.
CLOCK = """(() => {
  const off = () => Number(localStorage.getItem("off") ?? OFF) * 86_400_000;
  const Real = Date;
  globalThis.Date = class extends Real {
    constructor(...parts) { super(...(parts.length ? parts : [Real.now() + off()])); }
    static now() { return Real.now() + off(); }
  };
})();"""
SLOW_SCALING = """(() => {
  const real = HTMLCanvasElement.prototype.toBlob;
  HTMLCanvasElement.prototype.toBlob = function (...parts) { setTimeout(() => real.apply(this, parts), 3000); };
})();"""
# Closes visits out as the screens do, by the app's own modules: 20 by hand would take minutes.
CLOSES_OUT = """async ([visits, photos]) => {
  const from = (name) => import(`/static/fieldwork/app/${name}.js`);
  const [drafts, { act }, { pick }, { visitOf, hold }, { send }] = await Promise.all(["drafts", "acts", "photos", "sync", "outbox"].map(from));
  for (const [id, count] of visits.map((visit, place) => [visit, photos[place]])) {
    const { visit, day } = await visitOf(id);
    if (!visit || visit.state === "closed") continue;
    await hold(day);
    await act(visit, day.on, day.technician.id, "on-site", { order: visit.order, reference: visit.reference });
    const report = await drafts.open(visit, day);
    await drafts.answer(report, (answers) => Object.assign(answers, { outcome: "complete", serial: `BS-2026-${String(id).padStart(6, "0")}`, notes: `Note ${id}` }));
    const files = [];
    for (let number = 0; number < count; number += 1) {
      const canvas = new OffscreenCanvas(320, 240);
      const pen = canvas.getContext("2d");
      for (let dot = 0; dot < 3000; dot += 1) { pen.fillStyle = `hsl(${(id * 37 + number * 91 + dot) % 360} 80% 50%)`; pen.fillRect((dot * 53) % 320, (dot * 97) % 240, 9, 7); }
      files.push(new File([await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 })], `${number}.jpg`, { type: "image/jpeg" }));
    }
    await pick(report.id, files);
    const why = await drafts.freeze(await drafts.draftOf(id));
    if (why) throw new Error(`visit ${id}: ${why}`);
    send();
  }
}"""


@pytest.fixture
def network(live_stack: LiveStack) -> Iterator[BadNetwork]:
    network = BadNetwork(int(live_stack.env["PORT"]), seed=1)
    yield network
    network.end()


@pytest.fixture
def phone(
    live_stack: LiveStack,
    network: BadNetwork,
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Phone]:
    monkeypatch.setattr(FieldWatch, "meant", BROKEN)
    phone = Phone(live_stack, browser_type, browser_type_launch_args, tmp_path / "phone", network.url)
    yield phone
    phone.is_closed()


def arrived(field: Field, email: str) -> list[tuple[int, bool, int]]:
    return [(row["visit"], row["accepted"], row["photos"]) for row in field.kept(email)]


def test_answers_of_others_change_nothing_and_are_said_to_be_theirs(
    phone: Phone, network: BadNetwork, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    network.foreigns = 1.0
    phone.has_done(visit, "red")
    phone.sends()
    phone.reads("Can't reach the portal")
    expect(phone.page.locator("[data-connection]")).to_have_text("○ Can't reach the portal")
    phone.opens("/outbox")
    phone.reads("Can't reach the portal", "Waiting")
    phone.looks_around()
    assert "another technician" not in phone.page.locator("main").inner_text()
    assert [(row["state"], row.get("problem")) for row in phone.rows("reports")] == [("frozen", None)]
    assert (len(phone.rows("acts")), field.kept(email)) == (1, [])

    network.foreigns, network.trouble = 0.0, network.TROUBLE
    phone.presses("Send now")
    phone.reads("You have coverage, but the portal has trouble.")
    expect(phone.page.locator("[data-connection]")).to_have_text("○ Portal has trouble")
    phone.looks_around()

    network.trouble = b""
    phone.presses("Send now")
    phone.has_sent_all()
    assert arrived(field, email) == [(visit, True, 1)]
    phone.has_nothing_left()


def test_half_of_all_requests_aborted_and_photos_go_while_the_form_is_filled_in(
    phone: Phone, network: BadNetwork, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    phone.begins(visit)
    network.aborts = 0.5
    phone.looks_at_everything()
    phone.takes_a_photo("", large=True)
    phone.waits_until(lambda: [row["sent"] for row in phone.rows("photos")] == [True], "The photo did not go early.")
    assert [row["state"] for row in phone.rows("reports")] == ["draft"]
    phone.presses("Next", exact=True)
    phone.types_the_serial_number()
    phone.presses("Installed")
    phone.presses("Next", exact=True)
    phone.sends()
    phone.has_sent_all()
    assert arrived(field, email) == [(visit, True, 1)]
    phone.has_nothing_left()


def test_send_waits_for_photos_and_names_what_was_not_kept(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    phone.scripts.append(SLOW_SCALING)
    phone.is_closed()
    phone.switches_on()
    phone.begins(visit)
    phone.looks_at_everything()
    no_photo = {"name": "bill.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
    phone.page.locator("[data-files]").set_input_files([a_photo("red"), a_photo("blue"), no_photo, a_photo("green")])
    phone.reads("being made smaller")
    phone.page.get_by_role("button", name="Next").click()
    phone.types_the_serial_number()
    phone.presses("Installed")
    phone.presses("Next", exact=True)
    phone.presses("Send", exact=True)
    expect(phone.page.get_by_role("button", name="Waiting for")).to_be_disabled()
    not_sent = phone.page.get_by_text("It wasn't sent")  # where the file was tried only after Send
    has_gone = phone.page.locator("h1", has_text="Reported")
    expect(not_sent.or_(has_gone).first).to_be_visible(timeout=30_000)
    if not_sent.is_visible():
        phone.reads("1 photo wasn't kept:", "bill.jpg: this phone can't open that file.")
        phone.looks_around()
        phone.sends()
    phone.has_sent_all()
    assert arrived(field, email) == [(visit, True, 3)]


def test_tap_that_is_refused_is_said_on_the_visit_and_a_visit_is_given_back_without_coverage(
    phone: Phone, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    first, second = day(2)
    field.call(f"cancel({first})")
    phone.opens(f"/visit/{first}")
    phone.presses("I am on site")
    phone.reads("“I am on site” wasn't taken.", "Call dispatch before you go on.", "Scheduled")
    phone.looks_around()
    expect(phone.bar).to_have_text("1 tap wasn't taken")
    phone.presses("I have seen this")
    expect(phone.bar).to_have_text("All sent")

    phone.opens(f"/visit/{second}")
    phone.loses_coverage()
    calls = phone.page.get_by_role("link", name="Call the customer")
    expect(calls).to_have_attribute("href", "tel:6265550100")
    phone.presses("I can't go there: give it back")
    phone.title("Why can't you go?")
    phone.page.locator(".choice--reason").first.click()
    phone.presses("Give this visit back")
    phone.reads("You gave this visit back. It isn't sent yet")
    phone.looks_around()
    phone.is_back()
    phone.reads("Dispatch plans a new day.")
    assert field.call(f"state({second})") == "unscheduled"
    assert phone.page.get_by_role("link", name="Call the customer").count() == 0


def test_later_edit_in_another_tab_is_not_dropped(phone: Phone, day: Callable[[int], list[int]]) -> None:
    (visit,) = day(1)
    phone.loses_coverage()
    phone.has_done(visit, "red")
    other = phone.context.new_page()
    other.goto(f"{phone.url}/field/app/#/close-out/{visit}/notes")
    other.get_by_label("Notes").fill("Gate code 12")
    phone.reads("Gate code 12")
    phone.sends()
    assert [row["body"]["notes"] for row in phone.rows("reports")] == ["Gate code 12"]

    other.get_by_label("Notes").fill("Gate code 12, dog inside")
    expect(other.get_by_text("It's open again with your change.")).to_be_visible()
    phone.waits_until(
        lambda: (
            [(row["state"], row["answers"]["notes"]) for row in phone.rows("reports")]
            == [("draft", "Gate code 12, dog inside")]
        ),
        "The edit was dropped.",
    )


def test_clock_that_is_days_off_does_not_decide_which_day_it_is(
    phone: Phone, field: Field, email: str, network: BadNetwork
) -> None:
    field.day(email, 1)
    phone.scripts.append(CLOCK.replace("OFF", "3"))
    phone.is_closed()
    phone.switches_on()
    phone.signs_in(email)
    phone.sees_a_day_of(1)
    phone.title("Today")
    phone.is_kept_here()
    phone.is_closed()
    phone.switches_on(offline=True)
    phone.opens()
    phone.sees_a_day_of(1)
    phone.title("Today")
    assert "This day is past" not in phone.page.locator("main").inner_text()


def test_service_worker_sends_after_the_app_was_closed(
    phone: Phone, network: BadNetwork, field: Field, email: str, day: Callable[[int], list[int]]
) -> None:
    (visit,) = day(1)
    network.is_closed = True
    phone.has_done(visit, "red")
    phone.sends()
    network.is_closed = False
    registrations: list[dict[str, Any]] = []
    phone.page.goto(f"{phone.url}/privacy/")
    devtools = phone.context.new_cdp_session(phone.page)
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: registrations.extend(event["registrations"]))
    devtools.send("ServiceWorker.enable")
    phone.waits_until(lambda: bool(registrations), "The service worker is not there.")
    last = {"origin": phone.url, "registrationId": registrations[0]["registrationId"], "lastChance": True}
    devtools.send("ServiceWorker.dispatchSyncEvent", last | {"tag": "msa-outbox"})
    phone.waits_until(lambda: arrived(field, email) == [(visit, True, 1)], "Nothing was sent with the app closed.")


@pytest.mark.parametrize("seed", range(1, RUNS + 1))
def test_close_of_a_day_with_kills_aborts_and_clock_jumps(
    phone: Phone, network: BadNetwork, field: Field, email: str, day: Callable[[int], list[int]], seed: int
) -> None:
    luck = random.Random(seed)
    network.luck.seed(seed)
    visits = day(VISITS)
    photos = {visit: luck.randrange(3) for visit in visits}
    phone.scripts.append(CLOCK.replace("OFF", "0"))
    while now := [visit for visit in visits if visit not in finished(phone)][: luck.randint(3, 8)]:
        network.aborts, network.foreigns = luck.choice([0.0, 0.3, 0.5]), luck.choice([0.0, 0.3])
        phone.page.evaluate(CLOSES_OUT, [now, [photos[visit] for visit in now]])
        phone.page.wait_for_timeout(luck.randrange(1_500))
        says_only_what_is_so(phone, field, email)
        phone.page.evaluate("days => localStorage.setItem('off', days)", str(luck.choice([-3, 0, 0, 4])))
        phone.is_closed()
        phone.switches_on()
        phone.opens()
    network.aborts, network.foreigns = 0.5, 0.0
    phone.waits_until(lambda: not phone.rows("reports") and not phone.rows("acts"), "The queue did not empty.")
    assert arrived(field, email) == [(visit, True, photos[visit]) for visit in sorted(visits)]
    assert [row["serial_number"] for row in field.kept(email)] == [f"BS-2026-{visit:06}" for visit in sorted(visits)]
    phone.has_nothing_left()


def finished(phone: Phone) -> set[int]:
    return {row["visit"] for row in [*phone.rows("reports"), *phone.rows("done")]}


def says_only_what_is_so(phone: Phone, field: Field, email: str) -> None:
    said = {row["visit"] for row in phone.rows("done")}
    assert said <= {visit for visit, accepted, _photos in arrived(field, email) if accepted}
    assert all(row["technician"] for row in phone.rows("reports"))
    assert not [row for row in phone.rows("reports") if row["state"] == "problem"]
    assert not [row for row in phone.rows("acts") if row.get("problem")]
