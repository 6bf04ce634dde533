"""The desk's pages around decisions that wait and requests that somebody holds (D24, faults 15, 16, 63)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from msa_portal.errors import Refused, Stale
from msa_portal.notices.models import NoticeMessage
from requests_app import tasks
from requests_app.enums import CheckCode, DecisionKind, Status, WithdrawalReason
from requests_app.lifecycle import decision_acts, seen, staff_decisions, transitions
from requests_app.lifecycle.correction_items import RequiredCorrection
from requests_app.models import DeskNote, MSARequest, StaffDecision
from requests_app.screening import claims, corrections, desk
from tests import factories

pytestmark = pytest.mark.django_db

ALL_YES = {code.value: ("yes", "") for code in CheckCode}
QUEUE = reverse("admin:requests_app_msarequest_changelist")


@pytest.fixture(autouse=True)
def five_minutes(settings: Any) -> None:
    settings.STAFF_DECISION_WAIT = 300


def screener(name: str = "Fay First") -> User:
    return factories.UserFactory(name=name, roles=[Role.PROGRAM_STAFF])


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name: str, msa_request: MSARequest) -> str:
    return reverse(f"admin:requests_app_msarequest_{name}", args=[msa_request.pk])


def page(client: Client, msa_request: MSARequest, **query: str) -> str:
    return client.get(address("change", msa_request), query).content.decode()


def post(client: Client, name: str, msa_request: MSARequest, data: dict[str, Any] | None = None) -> Any:
    """On the page as it is now."""
    return client.post(address(name, msa_request), factories.seen(msa_request) | (data or {}), follow=True)


def checked(by: User, **facts: Any) -> MSARequest:
    msa_request = factories.submitted(**facts)
    desk.answer_checks(msa_request, ALL_YES, by=by)
    return factories.refreshed(msa_request)


def minutes_later(minutes: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False)


# Until it's released, only staff see it


def seen_by_others(msa_request: MSARequest, people: list[User]) -> list[tuple[str, int, str]]:
    """Every page of the request, lists, search and exports, as its customer and its agent get them."""
    reference = msa_request.reference
    names = ["detail", "agreement", "corrections", "photos", "withdraw", "device_documents", "reschedule", "modify"]
    places = [reverse(f"requests:{name}", args=[reference]) for name in names]
    places += [reverse("payments:fee", args=[reference]), reverse("payments:money", args=[reference])]
    places += [f"{reverse('requests:list')}?q={reference}", reverse("requests:list"), reverse("payments:statements")]
    places += [reverse("accounts:home"), reverse("payments:several"), "/api/v1/products/"]
    shown = []
    for person in people:
        client = signed_in(person)
        for place in places:
            answer = client.get(place)
            text = re.sub(r'(csrfmiddlewaretoken" value|nonce|X-CSRFToken")[^>]*', "", answer.content.decode())
            shown.append((f"{person.pk} {place}", answer.status_code, text))
    return shown


@pytest.mark.parametrize(
    "kind", [DecisionKind.SEND_BACK, DecisionKind.VALID, DecisionKind.WITHDRAW, DecisionKind.JUDGE]
)
def test_nobody_but_staff_sees_a_decision_that_waits(kind: DecisionKind) -> None:
    staff, company = screener(), factories.CompanyFactory()
    owner = factories.UserFactory(name="Cora Customer")
    msa_request = factories.submitted(factories.complete_request(company=company))
    MSARequest.objects.filter(pk=msa_request.pk).update(owner=owner)
    contents: dict[DecisionKind, dict[str, Any]] = {
        DecisionKind.SEND_BACK: {
            "items": decision_acts.items_as_content(
                [RequiredCorrection(factories.CorrectionReasonFactory(), note="a note that nobody may read yet")]
            )
        },
        DecisionKind.WITHDRAW: {"reason": WithdrawalReason.CHANGED_PLANS, "note": "a note that nobody may read yet"},
        DecisionKind.VALID: {},
        DecisionKind.JUDGE: {},
    }
    if kind == DecisionKind.JUDGE:
        transitions.require_corrections(
            msa_request, by=staff, items=[RequiredCorrection(factories.CorrectionReasonFactory())]
        )
        item = msa_request.corrections.get()
        corrections.answer(item, by=msa_request.agent, way="right", text="It is right.")
        transitions.resubmit(factories.refreshed(msa_request), by=msa_request.agent)
        contents[kind] = {"judged": {str(item.pk): {"end": "kept_open", "note": "a note that nobody may read yet"}}}
    desk.answer_checks(msa_request, ALL_YES, by=staff)
    people = [owner, msa_request.agent, factories.member_of(company), factories.technician()]
    with time_machine.travel(timezone.now(), tick=False):
        before, mails = seen_by_others(msa_request, people), NoticeMessage.objects.count()
        events = msa_request.events.count()
        decision = factories.decide(msa_request, kind, by=staff, **contents[kind])
        assert decision.is_waiting
        assert seen_by_others(msa_request, people) == before
    assert (NoticeMessage.objects.count(), msa_request.events.count()) == (mails, events)
    assert "Not sent yet" in page(signed_in(screener("Ned Next")), msa_request)


def test_waiting_decision_is_the_first_thing_on_the_page() -> None:
    staff = screener()
    msa_request = checked(staff)
    items = decision_acts.items_as_content(
        [RequiredCorrection(factories.CorrectionReasonFactory(title="Wrong number"), note="two digits are swapped")]
    )
    with time_machine.travel(timezone.now(), tick=False):
        factories.decide(msa_request, DecisionKind.SEND_BACK, by=staff, items=items)
        text = page(signed_in(staff), msa_request)
    content = text[text.index('id="content-main"') :]
    assert content.index("Not sent yet: Send back for corrections") < content.index("<h1>")
    for words in ("You decided this", 'data-countdown="300"', "Wrong number. two digits are swapped", "Send now"):
        assert words in content
    assert "Cancel decision" in content
    assert "Save and deem valid" not in content
    assert "Fay First decided this" in page(signed_in(screener("Ned Next")), msa_request)


def test_buttons_send_and_cancel_and_name_the_decision_that_they_are_about() -> None:
    staff, colleague = screener(), screener("Ned Next")
    msa_request = checked(staff)
    client = signed_in(colleague)
    first = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    answer = post(client, "cancel_decision", msa_request, {"decision": first.pk})
    assert "Canceled: Deem valid. Nothing was sent." in answer.text
    assert "Decisions that weren&#x27;t sent" in page(client, msa_request) or "weren't sent" in page(
        client, msa_request
    )
    second = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    old_page = post(client, "cancel_decision", msa_request, {"decision": first.pk})
    assert (old_page.status_code, "already" in old_page.text) == (409, True)
    second.refresh_from_db()
    assert second.is_waiting
    answer = post(client, "send_now", msa_request, {"decision": second.pk})
    assert "Sent: Deem valid." in answer.text
    assert factories.refreshed(msa_request).status == Status.PENDING_SERVICE_ORDER


def test_decision_that_could_not_be_sent_is_told_on_the_desk_until_it_is_read() -> None:
    staff = screener()
    msa_request = checked(staff)
    factories.decide(msa_request, DecisionKind.VALID, by=staff)
    transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
    with minutes_later(6):
        tasks.release_decisions()
    client = signed_in(staff)
    assert "Your decision was not sent" in client.get(reverse("admin:index")).text
    text = client.get(QUEUE).text
    assert "Your decision was not sent" in text
    assert "Request withdrawn" in text
    note = DeskNote.objects.get(recipient=staff, kind="not_sent")
    post(signed_in(screener("Ned Next")), "note_read", msa_request, {"note": note.pk})
    assert "Your decision was not sent" in client.get(QUEUE).text
    post(client, "note_read", msa_request, {"note": note.pk})
    assert "Your decision was not sent" not in client.get(QUEUE).text


def test_bulk_orders_are_a_decision_each() -> None:
    staff = screener()
    good, bad, old = factories.valid(), factories.valid(), factories.valid()
    bad.rounds.update(disputed=True)
    tokens = {f"seen_{row.pk}": factories.seen(row)["seen"] for row in (good, bad, old)}
    MSARequest.objects.filter(pk=old.pk).update(version=old.version + 1)
    data = {"action": "issue_service_orders", "_selected_action": [good.pk, bad.pk, old.pk], **tokens}
    client = signed_in(staff)
    assert f'name="seen_{good.pk}"' in client.get(QUEUE).text
    text = client.post(QUEUE, data, follow=True).text
    assert "Service orders decided: 1." in text
    assert f"{bad.reference}: The payment of this visit" in text
    assert StaffDecision.objects.get(kind="order", decided_by=staff).msa_request == good
    assert "Issue service order (Fay First)" in text


# A decision on an old page


def old_posts(msa_request: MSARequest) -> dict[str, dict[str, Any]]:
    """Every form of a decision, filled in."""
    reason = factories.CorrectionReasonFactory(code="old-page")
    return {
        "checks": {f"answer_{code}": "yes" for code in CheckCode.values} | {"note_C5": "typed before"},
        "corrections": {f"reason_{reason.pk}": "on", f"note_{reason.pk}": "typed before"},
        "deem_valid": {},
        "withdraw": {"reason": "changed_plans", "note": "typed before"},
    }


@pytest.mark.parametrize("door", ["checks", "corrections", "deem_valid", "withdraw"])
def test_old_page_is_refused_with_what_changed_and_keeps_what_was_typed(door: str) -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = checked(first)
    claims.hand_back(msa_request, by=first)
    data = old_posts(msa_request)[door] | factories.seen(msa_request)
    desk.answer_checks(msa_request, {"C5": ("no", "other name")}, by=first)
    claims.hand_back(msa_request, by=first)
    if door == "withdraw":  # it's about the request itself
        MSARequest.objects.filter(pk=msa_request.pk).update(version=msa_request.version + 1)
    answer = signed_in(second).post(address(door, msa_request), data)
    assert answer.status_code == 409
    assert "This changed while you were viewing it" in answer.text
    assert re.search(r"Fay First \([^)]*\): C5 .* answered “No”", answer.text)
    assert StaffDecision.objects.count() == 0
    assert msa_request.screenings.get().answers.get(check_code="C5").note == "other name"
    if door != "deem_valid":
        assert "typed before" in answer.text
        fresh = re.search(r'name="seen" value="([^"]+)"', answer.text)
        assert fresh
        again = data | {"seen": fresh[1].replace("&quot;", '"')}
        assert signed_in(second).post(address(door, msa_request), again).status_code == 302


def test_old_extension_is_refused_with_the_new_day() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = factories.corrections_required()
    data = factories.seen(msa_request) | {"to": "2027-12-31", "reason": "typed before"}
    later = msa_request.owner_acts_by + timedelta(days=7)
    decision = factories.decide(
        msa_request, DecisionKind.EXTEND, by=first, to=later.isoformat(), reason="In hospital."
    )
    staff_decisions.send_now(decision, by=first)
    answer = signed_in(second).post(address("extend", msa_request), data)
    assert (answer.status_code, "typed before" in answer.text) == (409, True)
    assert re.search(r"Fay First \([^)]*\): More time given", answer.text)


def test_old_verdicts_on_an_item_are_refused_and_the_note_is_kept() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = factories.submitted()
    reasons = [factories.CorrectionReasonFactory(code=f"c{n}", title=f"Item {n}") for n in range(2)]
    transitions.require_corrections(msa_request, by=first, items=[RequiredCorrection(reason) for reason in reasons])
    for item in msa_request.corrections.all():
        corrections.answer(item, by=msa_request.owner, way="right", text="It is right.")
    transitions.resubmit(msa_request, by=msa_request.owner)
    one, two = msa_request.corrections.order_by("pk")
    old = factories.seen(msa_request)
    staff_decisions.send_now(corrections.accept(one, by=first), by=first)
    for name in ("accept_item", "keep_item_open"):
        answer = signed_in(second).post(address(name, msa_request), old | {"item": two.pk, "note": "typed before"})
        assert answer.status_code == 409
        assert re.search(r"Fay First \([^)]*\): “Item 0”: Accepted", answer.text)
    assert "typed before" in answer.text
    two.refresh_from_db()
    assert two.closed_at is None


# Claims


def test_claim_replaces_a_colleagues_buttons_with_taking_over() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = checked(first)
    text = page(signed_in(second), msa_request)
    assert "Fay First is screening this request (since " in text
    assert "Take over" in text
    for words in (
        "Save and deem valid",
        "Send back for corrections</button>",
        "Deem valid</button>",
        "Return to queue",
    ):
        assert words not in text
    for kind in (DecisionKind.VALID, DecisionKind.WITHDRAW):
        with pytest.raises(Stale, match=r"Fay First is screening this request \(since"):
            factories.decide(msa_request, kind, by=second, reason="changed_plans", note="x")
    with pytest.raises(Stale, match="Fay First is screening"):
        claims.hand_back(msa_request, by=second)


def test_refused_form_keeps_what_was_typed_through_taking_over() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = checked(first)
    reason = factories.CorrectionReasonFactory()
    client = signed_in(second)
    data = {f"reason_{reason.pk}": "on", f"note_{reason.pk}": "typed before", "form": "corrections"}
    refused = post(client, "corrections", msa_request, data)
    assert refused.status_code == 409
    assert "Take over and keep what I typed" in refused.text
    more = {"holder": first.pk, "take_over_reason": "Fay is out today."}
    taken = post(client, "take_over", msa_request, data | more)
    assert (taken.status_code, "typed before" in taken.text) == (200, True)
    assert "Send back for corrections</button>" in taken.text
    post(client, "corrections", msa_request, data)
    assert msa_request.staff_decisions.get().content["items"][0]["note"] == "typed before"


def test_note_on_an_item_is_kept_through_taking_over() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = factories.submitted()
    reason = RequiredCorrection(factories.CorrectionReasonFactory())
    transitions.require_corrections(msa_request, by=first, items=[reason])
    item = msa_request.corrections.get()
    corrections.answer(item, by=msa_request.owner, way="right", text="It is right.")
    transitions.resubmit(msa_request, by=msa_request.owner)
    claims.take(msa_request, by=first)
    client, data = signed_in(second), {"item": item.pk, "note": "typed before", "form": "keep-item-open"}
    refused = post(client, "keep_item_open", msa_request, data)
    assert refused.status_code == 409
    assert "Take over and keep what I typed" in refused.text
    more = {"holder": first.pk, "take_over_reason": "Fay is out today."}
    taken = post(client, "take_over", msa_request, data | more)
    assert (taken.status_code, "typed before" in taken.text) == (200, True)
    post(client, "keep_item_open", msa_request, data)
    assert msa_request.staff_decisions.get().content["judged"][str(item.pk)]["note"] == "typed before"


def test_taking_over_needs_a_reason_and_tells_the_holder_by_whom() -> None:
    first, second = screener(), screener("Ned Next")
    msa_request = checked(first)
    client = signed_in(second)
    refused = post(client, "take_over", msa_request, {"holder": first.pk})
    assert (refused.status_code, "Say why you take it over." in refused.text) == (409, True)
    post(client, "take_over", msa_request, {"holder": first.pk, "take_over_reason": "Fay is out today."})
    event = msa_request.events.get(kind="screening_taken_over")
    assert (event.actor, event.codes["from"]) == (second, first.pk)
    assert "Fay is out" not in str(event.codes)
    text = signed_in(first).get(QUEUE).text
    for words in ("Your request was taken over", "Ned Next", "Fay is out today."):
        assert words in text
    assert "Screening taken over by a colleague" in page(client, msa_request)
    assert "Fay is out today." in page(client, msa_request)
    for viewer in (msa_request.owner, second):
        shown = "taken over by a colleague" in signed_in(viewer).get(msa_request.get_absolute_url()).text
        assert shown is (viewer == second)


def test_taking_over_from_somebody_who_no_longer_holds_it_is_refused() -> None:
    first, second, third = screener(), screener("Ned Next"), screener("Olga Other")
    msa_request = checked(first)
    claims.take_over(msa_request, by=second, reason="Fay is out.", holder=first.pk)
    with pytest.raises(Stale, match="Ned Next is screening"):
        claims.take_over(msa_request, by=third, reason="Fay is out.", holder=first.pk)


def test_idle_claim_nudges_its_holder_and_is_taken_over_without_a_reason(settings: Any) -> None:
    settings.SCREENING_CLAIM_IDLE = 3600
    first, second = screener(), screener("Ned Next")
    msa_request = checked(first)
    client = signed_in(first)
    with minutes_later(59):
        assert "Are you still working on this?" not in client.get(QUEUE).text
        with pytest.raises(Refused, match="Say why"):
            claims.take_over(msa_request, by=second, reason="", holder=first.pk)
    with minutes_later(61):
        assert "Are you still working on this?" in client.get(QUEUE).text
        post(client, "keep_claim", msa_request)
        assert "Are you still working on this?" not in client.get(QUEUE).text
        with pytest.raises(Refused, match="Say why"):
            claims.take_over(msa_request, by=second, reason="", holder=first.pk)
    with minutes_later(123):
        claims.take_over(msa_request, by=second, reason="", holder=first.pk)
    assert claims.unread_notes(first).get().by == second


def test_work_keeps_a_claim_fresh() -> None:
    first = screener()
    msa_request = checked(first)
    with minutes_later(50):
        desk.answer_checks(msa_request, {"C5": ("no", "other name")}, by=first)
    with minutes_later(100):
        assert claims.idle_of(first) == []


def test_holder_is_told_when_the_customer_withdraws() -> None:
    staff = screener()
    msa_request = checked(staff)
    transitions.withdraw(msa_request, by=msa_request.owner, reason=WithdrawalReason.CHANGED_PLANS)
    assert "Your request was withdrawn" in signed_in(staff).get(QUEUE).text


def test_dispatcher_and_customer_act_on_none_of_it() -> None:
    staff = screener()
    msa_request = checked(staff)
    decision = factories.decide(msa_request, DecisionKind.VALID, by=staff)
    data = {"decision": decision.pk, "holder": staff.pk, "take_over_reason": "mine"}
    for name in ("take_over", "keep_claim", "hand_back", "checks", "deem_valid", "corrections", "withdraw"):
        post(signed_in(factories.dispatcher()), name, msa_request, data)
        assert signed_in(msa_request.owner).post(address(name, msa_request), data).status_code in {302, 404}
    for name in ("send_now", "cancel_decision"):
        assert signed_in(msa_request.owner).post(address(name, msa_request), data).status_code in {302, 404}
    decision.refresh_from_db()
    assert (decision.is_waiting, msa_request.screenings.get().taken_by) == (True, staff)


def test_seen_columns_and_the_rows_that_they_stand_for_agree() -> None:
    """A page reads what it showed in its own query: the same as a fresh look."""
    staff = screener()
    msa_request = checked(staff)
    with time_machine.travel(timezone.now(), tick=False):
        loaded = MSARequest.objects.with_case().annotate(**seen.columns()).get(pk=msa_request.pk)
        assert seen.of(loaded) == seen.of(factories.refreshed(msa_request))
