"""The scanner before a camera that shows drawn bar codes: real getUserMedia, real pictures, the reader that ships."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from PIL import Image, ImageDraw
from playwright.sync_api import BrowserType

from requests_app.models import serial_patterns
from tests.browser import chromium

pytestmark = pytest.mark.browser

PATTERN = "BS-20[0-9]{2}-[0-9]{6}"
RIGHT, OTHER = "BS-2026-000123", "A1-77"
WIDTH, HEIGHT, A_SECOND = 640, 480, 5
# Code 39: five bars and four gaps for each sign, narrow or wide
SIGNS = {
    "0": "nnnwwnwnn", "1": "wnnwnnnnw", "2": "nnwwnnnnw", "3": "wnwwnnnnn", "4": "nnnwwnnnw", "5": "wnnwwnnnn",
    "6": "nnwwwnnnn", "7": "nnnwnnwnw", "8": "wnnwnnwnn", "9": "nnwwnnwnn", "A": "wnnnnwnnw", "B": "nnwnnwnnw",
    "S": "nnwnnnwwn", "-": "nwnnnnwnw", "*": "nwnnwnwnn",
}  # fmt: skip
PAGE = b"<!doctype html><html lang=en data-zxing=/node_modules/@zxing/library/umd/index.min.js><title>Scan</title><video playsinline muted>"


def drawn(text: str, *, turned: bool = False) -> Image.Image:
    """What the camera sees: the code of that text, across or upright."""
    across = Image.new("L", (HEIGHT, HEIGHT), 255)
    pen, left = ImageDraw.Draw(across), 32
    for sign in f"*{text}*":
        for place, size in enumerate(SIGNS[sign]):
            width = 4 if size == "w" else 2
            if place % 2 == 0:
                pen.rectangle((left, 160, left + width - 1, 320), fill=0)
            left += width
        left += 2
    picture = Image.new("L", (WIDTH, HEIGHT), 255)
    picture.paste(across.rotate(90) if turned else across, (80, 0))
    return picture


def film(path: Path, *scenes: tuple[Image.Image, int]) -> Path:
    """A file that Chromium shows as its camera, over and over; each scene for so many frames."""
    gray = bytes([128]) * (WIDTH * HEIGHT // 2)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{A_SECOND}:1 Ip A1:1 C420jpeg\n".encode())
        for picture, frames in scenes:
            file.write((b"FRAME\n" + picture.tobytes() + gray) * frames)
    return path


class Files(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_parts: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    handler = functools.partial(Files, directory=str(settings.BASE_DIR))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def scanned(browser_type: BrowserType, address: str, tmp_path: Path):
    """What is taken, and what other codes were heard of, before that film."""

    def scanned(*scenes: tuple[Image.Image, int], pattern: str = PATTERN) -> dict[str, Any]:
        camera = film(tmp_path / "camera.y4m", *scenes)
        fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        browser = browser_type.launch(
            executable_path=chromium.program(),
            args=[*chromium.FLAGS, *fake, f"--use-file-for-fake-video-capture={camera}"],
        )
        try:
            page = browser.new_page()
            page.goto(address)
            answer: dict[str, Any] = page.evaluate(
                """async (pattern) => {
                  const { scan } = await import("/static/fieldwork/app/scanner.js");
                  const others = new Set();
                  const number = await Promise.race([
                    new Promise((taken) => { scan(document.querySelector("video"), pattern, taken, (text) => others.add(text)); }),
                    new Promise((late) => { setTimeout(late, 20000, "nothing in 20 s"); }),
                  ]);
                  return { number, others: [...others], on: document.querySelector("video").srcObject.getTracks().some((track) => track.readyState === "live") };
                }""",
                pattern,
            )
            return answer
        finally:
            browser.close()

    return scanned


def test_scanning_goes_on_until_a_code_fits_the_device(scanned):
    answer = scanned((drawn(OTHER), 2 * A_SECOND), (drawn(RIGHT), 2 * A_SECOND))
    assert answer == {"number": RIGHT, "others": [OTHER], "on": False}


def test_upright_code_is_read(scanned):
    assert scanned((drawn(RIGHT, turned=True), 2 * A_SECOND))["number"] == RIGHT


def test_without_a_pattern_the_first_code_counts(scanned):
    assert scanned((drawn(OTHER), 2 * A_SECOND), pattern="")["number"] == OTHER


NUMBERS = [
    *(
        "TG112345678901",
        "tg112345678901",
        "TG1 1234 5678901",
        "TG1123456789012",
        "XTG112345678901",
        "TG1",
        "",
        "AB",
        "ABAB",
    ),
    *("1.5/2-A", "1X5/2-A", "F0", "f0", "AAAA", "AA", "ÉE"),
]
PATTERNS = [
    r"TG1\d{11}",
    "tg1[0-9]{11}",
    "(?:AB)?AB",
    "A{2,4}",
    r"1\.5/2-A",
    "[A-F0-9]{2}",
    "AB|TG1",
    "[A-Z0-9-]{1,14}",
]


def test_phone_and_server_judge_alike(page, address):
    patterns = [serial_patterns.read(text) for text in PATTERNS]
    page.goto(address)
    said = page.evaluate(
        """async ([patterns, numbers]) => {
          const { fits } = await import("/static/fieldwork/app/scanner.js");
          return patterns.map((pattern) => numbers.map((number) => fits(number, pattern)));
        }""",
        [patterns, NUMBERS],
    )
    assert said == [[serial_patterns.matches(number, pattern) for number in NUMBERS] for pattern in patterns]
    assert sum(map(sum, said)) > len(patterns)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"(21){RIGHT}", RIGHT),
        (f"MODEL X;SN={RIGHT}", RIGHT),
        (f"{RIGHT}4", None),
        (f"https://example.com/{RIGHT}", RIGHT),
        ("BS-2026- 000123", RIGHT),
    ],
)
def test_number_is_found_in_what_a_code_says(page, address, text, number):
    page.goto(address)
    said = page.evaluate(
        """async ([text, pattern]) => (await import("/static/fieldwork/app/scanner.js")).numberIn(text, pattern)""",
        [text, PATTERN],
    )
    assert said == number
