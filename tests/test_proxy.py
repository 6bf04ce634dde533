"""The shipped proxy, run by the real nginx: slow clients hold nobody up, and addresses are true (fault 61)."""

from __future__ import annotations

import http.client
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings

from commands.console import ROOT
from commands.services import nginx_program
from tests import servers
from tests.stack import BareStack

pytestmark = [pytest.mark.server, pytest.mark.slow]

SECONDS = 30
CONFIG = (ROOT / "proxy" / "nginx.conf").read_text()


@pytest.fixture(scope="module")
def stack() -> Iterator[BareStack]:
    made = BareStack(servers.scratch_folder() / "proxied", servers.migrated_file(), TRUSTED_PROXIES="127.0.0.1")
    try:
        made.start_redis()
        made.start_web()
        made.start_proxy()
        yield made
    finally:
        made.end()


def ask(
    port: int, path: str, *, source: str = "127.0.0.2", method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS, source_address=(source, 0))
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def begin(port: int, text: str, source: str) -> socket.socket:
    """Send the beginning of a request, and no more."""
    connection = socket.create_connection(("127.0.0.1", port), SECONDS, source_address=(source, 0))
    connection.sendall(text.encode())
    return connection


HALF_A_HEADER = "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_A_BODY = (
    "POST /verify/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    "Content-Length: 1000000\r\n\r\n--x\r\n"
)


@pytest.mark.parametrize("half", [HALF_A_HEADER, HALF_A_BODY], ids=["headers", "bodies"])
def test_half_sent_requests_in_number_hold_nobody_up(stack: BareStack, half: str) -> None:
    """200 of them, from four addresses; the web server has two processes."""
    with ExitStack() as held:
        slow = [begin(stack.proxy_port, half, f"127.0.1.{number % 4 + 1}") for number in range(200)]
        for connection in slow:
            held.enter_context(connection)
        assert [ask(stack.proxy_port, "/")[0] for _page in range(5)] == [200] * 5
        for connection in slow:
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):  # still open, and unanswered
                connection.recv(1)


def test_one_address_holds_only_so_many_requests(stack: BareStack) -> None:
    with ExitStack() as held:
        for _connection in range(60):
            held.enter_context(begin(stack.proxy_port, HALF_A_BODY, "127.0.2.1"))
        proxy = stack.family.children[-1]
        stack.family.wait_until(lambda: ask(stack.proxy_port, "/", source="127.0.2.1")[0] == 429, proxy, SECONDS)
        assert ask(stack.proxy_port, "/", source="127.0.2.2")[0] == 200


@pytest.mark.parametrize("half", [HALF_A_HEADER, HALF_A_BODY], ids=["headers", "bodies"])
def test_slow_client_is_cut_off(half: str) -> None:
    """With the same directives, a second each."""
    impatient = BareStack(servers.scratch_folder() / f"impatient-{len(half)}", servers.migrated_file())
    try:
        impatient.start_proxy(lambda text: text.replace("timeout 15s", "timeout 1s"))
        with begin(impatient.proxy_port, half, "127.0.0.2") as connection, pytest.raises(ConnectionResetError):
            connection.recv(1)
    finally:
        impatient.end()


def test_made_up_address_is_ignored(stack: BareStack) -> None:
    """Links can be guessed 30 times from one address, whatever the request says where it comes from."""

    def guesses(port: int, source: str) -> list[int]:
        return [
            ask(port, "/sign/guess/", source=source, X_Forwarded_For=f"10.0.0.{n}", X_Real_IP=f"10.0.1.{n}")[0]
            for n in range(31)
        ]

    assert guesses(stack.proxy_port, "127.0.3.1") == [404] * 30 + [429]
    assert ask(stack.proxy_port, "/sign/guess/", source="127.0.3.2")[0] == 404
    assert guesses(stack.port, "127.0.3.3") == [404] * 30 + [429]


@pytest.mark.parametrize(("accepts", "encoding"), [("gzip", "gzip"), ("gzip, br", "br"), ("identity", None)])
@pytest.mark.parametrize("path", ["/api/v1/schema/", "/static/portal/portal.css"])
def test_answers_of_the_api_and_static_files_are_compressed(
    stack: BareStack, path: str, accepts: str, encoding: str | None
) -> None:
    status, headers, _body = ask(stack.proxy_port, path, Accept_Encoding=accepts)
    assert (status, headers["Content-Encoding"]) == (200, encoding)


@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/verify/?number=reflected", "/field/api/who/", "/api/v1/docs/"]
)
def test_page_with_a_secret_beside_what_was_sent_is_never_compressed(stack: BareStack, path: str) -> None:
    _status, headers, _body = ask(stack.proxy_port, path, Accept_Encoding="gzip, br")
    assert headers["Content-Encoding"] is None


def test_body_over_the_limit_is_refused_with_the_portals_page(stack: BareStack) -> None:
    assert re.findall(r"client_max_body_size (\d+);", CONFIG) == [str(settings.MAX_BODY_BYTES)]
    too_much = str(settings.MAX_BODY_BYTES + 1)
    status, _headers, body = ask(stack.proxy_port, "/verify/", method="POST", Content_Length=too_much)
    assert (status, b"15 MB at most" in body) == (413, True)


def test_nothing_is_upgraded(stack: BareStack) -> None:
    status, headers, _body = ask(stack.proxy_port, "/", Connection="Upgrade", Upgrade="websocket")
    assert (status, headers["Upgrade"]) == (200, None)


def test_log_holds_no_address_of_a_page(stack: BareStack) -> None:
    ask(stack.proxy_port, "/sign/very-secret-token/?name=Kim")
    log = (stack.folder / "proxy.log").read_text()
    assert "GET 404" in log
    assert not re.search(r"very-secret|Kim|sign/", log)


def test_log_holds_no_address_where_the_portal_is_down() -> None:
    alone = BareStack(servers.scratch_folder() / "alone", servers.migrated_file())
    try:
        alone.start_proxy()
        assert ask(alone.proxy_port, "/sign/very-secret-token/")[0] == 502
        assert "very-secret" not in (alone.folder / "proxy.log").read_text()
    finally:
        alone.end()


def test_configuration_for_compose_is_valid(tmp_path: Path) -> None:
    """As the image has it: with TLS, Docker's name server and the redirect."""
    folder = tmp_path
    tls = folder / "tls"
    tls.mkdir()
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    files = ["-keyout", str(tls / "privkey.pem"), "-out", str(tls / "fullchain.pem")]
    subprocess.run([*make, *files], check=True, capture_output=True)
    shutil.copy(ROOT / "proxy" / "nginx.conf", folder)
    shutil.copy(ROOT / "proxy" / "upstream-compose.conf", folder / "upstream.conf")
    shutil.copy(ROOT / "proxy" / "redirect-compose.conf", folder / "redirect.conf")
    listen = (ROOT / "proxy" / "listen-tls.conf").read_text().replace("/tls/", f"{tls}/")
    (folder / "listen.conf").write_text(listen)
    command = [nginx_program(), "-t", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
