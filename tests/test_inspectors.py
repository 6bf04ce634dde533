"""The inspectors as real processes beside the web server's (faults 61 and 62)."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from commands import services
from tests import crafted, servers
from tests.stack import BareStack

pytestmark = [pytest.mark.server, pytest.mark.slow]

SECONDS = 60


@pytest.fixture
def stack(request: pytest.FixtureRequest) -> Iterator[BareStack]:
    folder = servers.scratch_folder() / re.sub(r"\W", "-", request.node.name)
    made = BareStack(folder, servers.migrated_file(), INSPECTORS="2")
    try:
        made.start_redis()
        made.start_web()
        yield made
    finally:
        made.end()


def inspector(env: Any, folder: Path) -> Any:
    return services.inspector(env, folder, 2)


class Visitor:
    """Without an account, at /verify/."""

    def __init__(self, stack: BareStack) -> None:
        self.stack = stack
        self.cookie = ""
        page = self.ask("GET", "/verify/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token
        self.token = token[1]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        connection = http.client.HTTPConnection("localhost", self.stack.port, timeout=SECONDS)
        sent = {"Cookie": self.cookie} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        self.cookie = (response.headers["Set-Cookie"] or "").partition(";")[0] or self.cookie
        answer = Answer(response.status, response.headers["Location"] or "", response.read().decode())
        connection.close()
        return answer

    def send(self, file: bytes) -> str:
        """The address at which the file waits."""
        part = "--x\r\nContent-Disposition: form-data; name="
        head = f'{part}"csrfmiddlewaretoken"\r\n\r\n{self.token}\r\n{part}"file"; filename="a.pdf"\r\n\r\n'
        body = head.encode() + file + b"\r\n--x--\r\n"
        answer = self.ask("POST", "/verify/", body, Content_Type="multipart/form-data; boundary=x")
        assert answer.status == 302, answer.text
        return str(answer.location)

    def is_ready(self, address: str) -> bool:
        return bool(json.loads(self.ask("GET", address, Accept="application/json").text)["ready"])

    def result(self, address: str) -> str:
        body = f"csrfmiddlewaretoken={self.token}&held={address.split('/')[2]}".encode()
        answer = self.ask("POST", "/verify/", body, Content_Type="application/x-www-form-urlencoded")
        return str(answer.text)


class Answer:
    def __init__(self, status: int, location: str, text: str) -> None:
        self.status, self.location, self.text = status, location, text


def processes() -> dict[int, tuple[int, str]]:
    """By id: the parent, and the command."""
    found_processes = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            command = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        found_processes[int(path.name)] = (parent, command)
    return found_processes


def ancestors_of_inspections() -> list[str]:
    """For each program that opens a file now: its ancestors' commands."""
    running = processes()
    lines = []
    for parent_of_it, command in running.values():
        if "runpy.run_module" in command and "inspection" in command:
            above, parent = [], parent_of_it
            while parent in running and parent != 1:
                above.append(running[parent][1])
                parent = running[parent][0]
            lines.append(" < ".join(above))
    return lines


def test_three_crafted_files_at_once_hold_up_nobody_else(stack: BareStack) -> None:
    """Two web processes, two inspectors, three files of 13 MB that each take an inspector seconds."""
    stack.start_worker(inspector)
    attacker, file, addresses = Visitor(stack), crafted.slow_pdf(), []
    posts = [Thread(target=lambda: addresses.append(attacker.send(file))) for _post in range(3)]
    for post in posts:
        post.start()
    for post in posts:
        post.join(SECONDS)
    assert len(addresses) == 3
    stack.family.wait_until(lambda: bool(ancestors_of_inspections()), stack.redis.child, SECONDS)
    assert Visitor(stack).ask("GET", "/").status == 200
    lines = ancestors_of_inspections()
    assert not all(attacker.is_ready(address) for address in addresses), "the page came after the files"
    assert lines
    assert all("celery" in line and "gunicorn" not in line for line in lines)
    stack.family.wait_until(lambda: all(map(attacker.is_ready, addresses)), stack.redis.child, SECONDS)
    assert "<h1>" in attacker.result(addresses[0])


def test_files_that_came_while_redis_was_down_are_opened_once_it_is_back(stack: BareStack) -> None:
    for make in (inspector, services.worker):
        stack.start_worker(make)
    schedule = stack.folder / "schedule"
    stack.family.start(services.scheduler(schedule, stack.env, stack.folder))
    visitor = Visitor(stack)
    first = visitor.send(crafted.pdf())
    stack.family.wait_until(lambda: visitor.is_ready(first), stack.redis.child, SECONDS)
    stack.kill_redis()
    address = visitor.send(crafted.pdf(b"/A 2"))
    assert visitor.is_ready(address) is False
    stack.start_redis()
    stack.family.wait_until(lambda: visitor.is_ready(address), stack.redis.child, SECONDS)
    assert "Not a file of ours" in visitor.result(address)
