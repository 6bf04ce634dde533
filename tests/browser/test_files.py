"""Files in a browser: a fingerprint first, a place in line while an inspector is at work, with a script and without."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import crafted
from tests.browser.journey import PHONE, Person
from tests.stack import LiveStack

Meet = Callable[..., Person]


@contextmanager
def resting(stack: LiveStack) -> Iterator[None]:
    """Its inspectors stand still, and files wait."""
    process = stack.inspector.process
    assert process
    os.killpg(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGCONT)


def file(body: bytes, name: str = "agreement.pdf") -> dict[str, Any]:
    return {"name": name, "mimeType": "application/pdf", "buffer": body}


def test_fingerprint_goes_first_and_the_file_only_when_it_is_asked_for(meet: Meet, live_stack: LiveStack) -> None:
    ida = meet()
    sent: list[tuple[str, int]] = []
    ida.page.on("request", lambda asked: sent.append((asked.method, len(asked.post_data_buffer or b""))))
    ida.page.goto(f"{live_stack.url}/verify/")
    ida.page.locator("input[type=file]").set_input_files(file(crafted.pdf()))
    ida.page.get_by_role("button", name="Check the file").click()
    expect(ida.page.get_by_text("We don't have this exact file")).to_be_visible()
    assert not [size for method, size in sent if method == "POST"]
    with resting(live_stack):
        ida.page.get_by_role("button", name="Send the file").click()
        expect(ida.page.locator("[data-held-text]")).to_contain_text("number 1 in line")
        ida.watch.look(ida.page)
        address = ida.page.url
    expect(ida.page.get_by_text("Not a file of ours")).to_be_visible()
    ida.page.goto(address)
    expect(ida.page).to_have_url(f"{live_stack.url}/verify/")
    ida.looks_around()


@pytest.mark.parametrize("viewport", [PHONE])
def test_without_a_script_the_page_refreshes_itself_and_a_button_goes_on(
    live_stack: LiveStack, new_context: Any, viewport: Any
) -> None:
    page = new_context(viewport=viewport, java_script_enabled=False).new_page()
    page.goto(f"{live_stack.url}/verify/")
    page.locator("input[type=file]").set_input_files(file(crafted.pdf(b"/A 1")))
    with resting(live_stack):
        page.get_by_role("button", name="Check the file").click()
        expect(page.locator("[data-held-text]")).to_contain_text("number 1 in line")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Not a file of ours")).to_be_visible()
