"""Every declared notice renders subject, text and HTML; free text in it stays inert (fault 48)."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.db import transaction

import fieldwork.notices
import payments.notices
import requests_app.receivers  # noqa: F401  declares
from msa_portal.notices import account_mail  # noqa: F401  declares
from msa_portal.notices.limits import Cause
from msa_portal.notices.outbox import Notice, declared, queue
from msa_portal.notices.rendering import render

_ITEM = {
    "title": "The account number is another one",
    "explanation": "Look at your bill.",
    "note": "It ends in 89.\nNot in 98.",
    "field": "service account number",
}
_CHANGED = {
    "changes": [{"label": "City", "before": "Monrovia", "after": "Arcadia"}],
    "sections": ["Customer terms"],
}
_TIMES = {"order_from": 5, "order_to": 10, "visit_by": "Tue, Jan 12, 2027"}
_MONEY = {"amount": "$279.22", "site_address": "12 Oak Avenue, Monrovia, CA 91016"}
_DAY = {
    "day": "Tue, Dec 8, 2026",
    "window": "between 8 a.m. and noon",
    "places_device": True,
    "ready": ["Keep the way to the meter clear and safe."],
    "promised": ["Put the MSA into a bright bag."],
    "change_by": "Fri, Dec 4, 2026",
}
_ARRIVAL = _DAY | {"about": "about 10:40 a.m.", "range": "between 10:25 a.m. and 10:55 a.m."}
_CHANGE = {
    "change": "Your password was changed.",
    "timestamp": "Tue, Dec 8, 2026",
    "ip": "127.0.0.1",
    "user_agent": "Firefox",
}

SAMPLES: dict[str, dict[str, Any]] = {
    "confirm_address": {},
    "address_to_change": {},
    "account/verify_address": {"code": "ABC-123"},
    "account/login_code": {"code": "ABC-123"},
    "account/password_reset": {"code": "", "action_url": "http://localhost:8000/accounts/password/reset/key/1-x/"},
    "account/unknown_account": {"action_url": "http://localhost:8000/accounts/signup/"},
    "account/account_already_exists": {"action_url": "http://localhost:8000/accounts/password/reset/"},
    "account/account_changed": _CHANGE,
    "account/other": {"words_subject": "Something else", "words": "Hello.\n\nAnother thing happened."},
    "account/reauthentication_code": {"code": "ABC-123"},
    "account/password_removed": {"action_url": "http://localhost:8000/accounts/password/set/"},
    "account/company_invitation": {"company": "Bright Installers", "manager": "Bob", "is_unverified": True},
    "account/company_closed": {"company": "Bright Installers", "manager": "Bob"},
    "account/license_expires": {"company": "Bright Installers", "act_by": "Tue, Dec 8, 2026"},
    "draft_started_for_you": {},
    "invitation_to_sign": _CHANGED | {"act_by": "Tue, Dec 8, 2026"},
    "sign_again": _CHANGED,
    "signature_reminder": {"act_by": "Tue, Dec 8, 2026", "by_link": True},
    "agent_signature_due": {},
    "payment_failed": {"amount": "$279.22", "count": 1, "can_pay": True},
    "payment_disputed": {"amount": "$279.22", "outcome": "open"},
    "signed_copy": {"fee_next": True},
    "request_submitted": _TIMES,
    "corrections_required": {"corrections": [_ITEM], "cannot_be_served": True, "act_by": "Tue, Dec 8, 2026"},
    "request_valid": _TIMES | {"places_device": True},
    "service_order_issued": {},
    "visit_complete": {
        "outcome": "Installation complete",
        "status": "Installation Complete",
        "device": "Acme Adapter 2",
        "next_steps": ["Switch the battery on.", "Scan the code on its side."],
        "photos_url": "http://localhost:8000/requests/MSA-2026-000123/#visit-title",
    },
    "visit_unsuccessful": {
        "reasons": [
            _ITEM
            | {
                "whose": "On the customer's side",
                "todo": "Put it right, then send a photo that shows it.",
                "cost": "It costs you nothing.",
                "photo_url": "http://localhost:8000/requests/MSA-2026-000123/reschedule/#reason-1",
            }
        ],
        "next_fee": "The next visit costs nothing. Every reason of the failed visit was on the utility's side.",
        "options": [{"url": "http://localhost:8000/x/", "title": "Withdraw IR", "what": "You end the request."}],
    },
    "reschedule_received": _TIMES,
    "modification_received": _TIMES | {"device": "Acme Adapter 2"},
    "withdrawn": {
        "who": "Alice",
        "reason": "My plans changed",
        "had_visit": True,
        "money": ["Visit 1: $279.22 comes back."],
        "comes_back": True,
    },
    "device_ruled_out": {
        "device": "Acme Adapter 2",
        "why": ["Made for 150 A at most."],
        "from_day": "Tue, Dec 8, 2026",
    },
    "panel_ruled_out": {
        "stage": "visit",
        "panel": "HOMC40U200",
        "device": "Acme Adapter 2",
        "why": ["The cover does not come off."],
    },
    "draft_left": {"act_by": "Tue, Dec 8, 2026", "status": "unsubmitted"},
    "deadline_near": {
        "act_by": "Tue, Dec 8, 2026",
        "closes_on": "Wed, Dec 9, 2026",
        "left_days": 14,
        "status": "corrections_required",
        "stake": "You have paid nothing, so nothing comes back.",
    },
    "deadline_extended": {"act_by": "Tue, Dec 8, 2026", "status": "site_visit_unsuccessful"},
    "agent_revoked": {"expired": True},
    "approval_asked": {"subject_line": "Supervisor for Ann Lee", "who": "Sue Park", "reason": "Joins us"},
    "approval_decided": {
        "subject_line": "Supervisor for Ann Lee",
        "title": "Granting a role",
        "who": "Sue Park",
        "decided_by": "Sol Rivera",
        "reason": "Joins us",
        "note": "Welcome",
        "approved": True,
    },
    "acting_ended": {"references": ["MSA-2026-000123", "MSA-2026-000124"], "why": "expired"},
    "authority_ends": {"act_by": "Tue, Dec 8, 2026"},
    "handed_over": {"colleague": "Bob Builder"},
    "work_handed_over": {
        "leaver": "Bob Builder",
        "company": "Bright Installers",
        "count": 22,
        "references": ["MSA-2026-000123"],
        "more": 21,
    },
    "agent_stepped_down": {},
    "paper_sent_back": {"items": [_ITEM | {"section": "Customer terms"}]},
    "upload_removed": {"file_name": "photo.jpg"},
    "request_claimed": {},
    "visit_scheduled": _DAY,
    "visit_moved": _DAY | {"chosen": True},
    "visit_canceled": _DAY | {"withdrawn": True},
    "visit_on_the_way": _ARRIVAL,
    "visit_expected_anew": _ARRIVAL | {"out_of_window": True},
    "visit_reminder": _DAY,
    "day_change_kept": _DAY,
    "day_change_asked": _DAY | {"unsuitable": ["Tue, Dec 8, 2026: Morning"]},
    "fee_due": _MONEY | {"second": True, "why": "Each site visit has its fee.", "act_by": "Tue, Dec 8, 2026"},
    "receipt": _MONEY | {"paid_at": "Tue, Dec 8, 2026, 3:04 p.m.", "visits": "1", "payer": "Alice"},
    "receipt_for_several": _MONEY | {"count": 2, "lines": [{"reference": "MSA-2026-000124", "amount": 27922}] * 2},
    "statement_ready": {"company": "Bright Installers", "month": "November 2026", "amount": "$558.44", "count": 2},
    "invited_to_pay": _MONEY | {"act_by": "Tue, Dec 8, 2026"},
    "refund_paid": _MONEY | {"reason": "Withdrawn before any visit", "arrives_by": "Tue, Dec 8, 2026"},
    "refund_declined": _MONEY | {"note": "The visit took place."},
    "refund_failed": _MONEY | {"error": "insufficient_funds"},
    "payment_held": _MONEY,
    "payment_held_staff": _MONEY | {"held_reason": "too late"},
    "books_differ": {
        "count": 21,
        "lines": [{"day": "Tue, Dec 8, 2026", "what": "Another amount at the provider", "provider_id": "pi_3Sample"}],
        "more": 20,
    },
}
_COMMON = {
    "name": "Alice Sample",
    "has_account": True,
    "agent_name": "Bob Builder",
    "agent_company": "Bright Installers",
    "site_address": "12 Oak Avenue, Monrovia, CA 91016",
    "action_url": "http://localhost:8000/requests/MSA-2026-000123/",
    "reference": "MSA-2026-000123",
}
# Of no one request.
_ABOUT_NONE = {
    *(
        "approval_asked",
        "approval_decided",
        "receipt_for_several",
        "books_differ",
        "statement_ready",
        "work_handed_over",
    ),
}
_ABOUT_REQUESTS = [name for name in declared if not name.startswith("account/") and name not in _ABOUT_NONE]


def sample(name: str) -> dict[str, Any]:
    assert name in SAMPLES, f"the notice {name} has no sample here"
    return _COMMON | SAMPLES[name]


@pytest.mark.parametrize("name", sorted(declared))
def test_notice_renders_in_full_in_both_forms(name: str) -> None:
    values = sample(name)
    rendered = render(name, values)
    assert 5 < len(rendered.subject) <= 250
    assert f"<title>{rendered.subject}</title>" in rendered.html
    assert len(rendered.text) > 200
    for body in (rendered.subject, rendered.text, rendered.html):
        assert "{{" not in body
        assert "{%" not in body
    assert not re.search(r"<\w", rendered.text)
    assert "http://localhost:8000/help/" in rendered.text


@pytest.mark.parametrize("name", sorted(declared))
def test_text_says_what_the_html_says(name: str) -> None:
    """The same words in both forms, the button's and the footer's included."""
    rendered = render(name, sample(name))
    body = re.sub(r"<head>.*?</head>", "", rendered.html, flags=re.DOTALL)
    body = re.sub(r'<a href="([^"]+)"[^>]*>|<[^>]+>', r" \1 ", body)
    only_html = "If the button does not work, copy this address into your browser:"
    assert _words(body.replace(only_html, "")) == _words(rendered.text)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[\w$.@/]+", html.unescape(text).replace(":", " ").replace(".", " ")))


@pytest.mark.parametrize("name", sorted(_ABOUT_REQUESTS))
def test_subject_of_a_request_names_its_reference(name: str) -> None:
    assert "MSA-2026-000123" in render(name, sample(name)).subject


@pytest.mark.parametrize("name", sorted(declared))
def test_html_asks_for_nothing_from_elsewhere(name: str) -> None:
    """No image, font, style sheet or script: nothing is fetched, nobody is tracked."""
    body = render(name, sample(name)).html
    assert re.findall(r"<(?:img|script|link|iframe|form|input|object)\b|url\(|src=", body) == []
    assert all(link.startswith("http://localhost:8000/") for link in re.findall(r'href="([^"]*)"', body))


_NASTY = '<script>alert(1)</script><a href="javascript:alert(2)">x</a>{{7*7}}{% load x %}\x07\u202e\'"'


def _poisoned(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.startswith("http") else _NASTY
    if isinstance(value, list):
        return [_poisoned(item) for item in value]
    if isinstance(value, dict):
        return {key: _poisoned(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("name", sorted(declared))
def test_free_text_is_inert_in_every_notice(name: str) -> None:
    rendered = render(name, _poisoned(sample(name)) | {"reference": "MSA-2026-000123"})
    assert "<script" not in rendered.html
    assert not re.search(r"<a[^>]*javascript:", rendered.html)
    assert "49" not in rendered.text + rendered.html.replace("#3d4551", "")
    for body in (rendered.subject, rendered.text, rendered.html):
        assert "\u202e" not in body
        assert "\x07" not in body
    assert "\n" not in rendered.subject


@pytest.mark.django_db
def test_every_name_fits_its_row() -> None:
    notice: type[Notice]
    for notice in declared.values():
        assert len(notice.name) <= 60
        assert notice.audience
        with transaction.atomic():
            assert (
                queue(notice, to="alice@example.com", key="1", context=sample(notice.name), cause=Cause()) is not None
            )


def test_who_pays_and_who_visits_is_declared() -> None:
    assert {payments.notices.Receipt.name, fieldwork.notices.VisitMoved.name} <= set(declared)
