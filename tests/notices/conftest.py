"""A real SMTP server on loopback, which can be told to fail."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.policy import default as default_policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class Inbox:
    """What arrived; `answer_to_rcpt` and `answer_to_data` make the server refuse."""

    port: int
    messages: list[Message] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    answer_to_rcpt: str = ""
    answer_to_data: str = ""

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.answer_to_rcpt:
            return self.answer_to_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer_to_data:
            return self.answer_to_data
        assert isinstance(envelope.content, bytes)
        self.messages.append(email.message_from_bytes(envelope.content, policy=default_policy))
        self.envelopes.append(envelope)
        return "250 OK"


def mailer_at(port: int) -> dict[str, Any]:
    options = {"host": "127.0.0.1", "port": port, "timeout": 5}
    return {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def inbox(free_port: int, settings: Any) -> Iterator[Inbox]:
    inbox = Inbox(free_port)
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port)
    controller.start()
    settings.MAILERS = mailer_at(free_port)
    yield inbox
    controller.stop()


@pytest.fixture
def mail_server_down(free_port: int, settings: Any) -> None:
    settings.MAILERS = mailer_at(free_port)
