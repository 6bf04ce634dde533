"""`python -m tests.screenshots`: the README's pictures, each of the four users' main page, from the demo data."""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from commands.console import ROOT, Stop
from demo import accounts
from demo.accounts import PASSWORD, Account
from tests.browser import chromium
from tests.stack import LiveStack

FOLDER = ROOT / "docs" / "screenshots"
DESKTOP, PHONE = (1280, 900), (390, 844)


def as_it_opens(_page: Page) -> None:
    return


def first_to_screen(page: Page) -> None:
    page.goto(f"{page.url}requests_app/msarequest/?queue=screening")
    page.locator("#result_list tbody th a").first.click()


def day_with_visits(page: Page) -> None:
    for _ in range(6):
        if page.locator(".field-stop").count():
            return
        page.get_by_role("link", name="Day after").click()
    raise Stop("The demo's technician has no visit within a week.")


PICTURES: list[tuple[str, Account, tuple[int, int], Callable[[Page], None]]] = [
    ("homeowner", accounts.CUSTOMER, DESKTOP, as_it_opens),
    ("agent", accounts.MANAGER, DESKTOP, as_it_opens),
    ("staff", accounts.STAFF, DESKTOP, first_to_screen),
    ("technician", accounts.TECHNICIAN, PHONE, day_with_visits),
]


def take(browser: Browser, url: str, account: Account, size: tuple[int, int], go: Callable[[Page], None]) -> bytes:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, locale="en-US", timezone_id="America/Los_Angeles"
    )
    page = context.new_page()
    page.goto(f"{url}/accounts/login/?next={account.start}")
    page.get_by_label("Email").fill(account.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{url}{account.start}")
    go(page)
    page.wait_for_load_state("networkidle")
    picture = page.screenshot()
    context.close()
    return picture


def save(name: str, picture: bytes) -> None:
    """With 256 colors: a page needs no more, and the repository stays small."""
    path = FOLDER / f"{name}.png"
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(256).save(path, optimize=True)
    sys.stdout.write(f"{path.relative_to(ROOT)}, {path.stat().st_size // 1024} KB\n")


def main() -> int:
    program = chromium.program()
    if not program:
        raise Stop(chromium.MISSING)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        stack = LiveStack(Path(folder), f"sqlite:///{folder}/portal.sqlite3")
        try:
            stack.start()
            browser = playwright.chromium.launch(executable_path=program, args=chromium.FLAGS)
            for name, account, size, go in PICTURES:
                save(name, take(browser, stack.url, account, size, go))
            browser.close()
        finally:
            stack.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
