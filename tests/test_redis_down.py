"""Redis is killed: everything that people need keeps working, and limits are kept in the database (fault 62)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache, caches
from django.test import Client
from django.urls import reverse
from redis import Redis

from commands import services
from commands.processes import Family
from fieldwork.customer import feeds
from msa_portal import jobs
from msa_portal.celery import app
from msa_portal.notices.models import NoticeMessage
from msa_portal.redis.breaker import breaker
from requests_app.enums import Status
from tests import factories
from tests.accounts.conftest import code_in, is_signed_in
from tests.jobs import run_now
from tests.requests_app.signing.conftest import link, open_invitation, render

pytestmark = [pytest.mark.server, pytest.mark.real_broker, pytest.mark.django_db]
SECONDS = 20


class Running:
    """A real Redis of this test's own, which it kills and starts again."""

    def __init__(self, folder: Path) -> None:
        self.server = services.Redis(folder)
        self.family = Family()
        self.start()

    def start(self) -> None:
        self.family.wait_until(self.server.ready, self.family.start(self.server.child), SECONDS)

    def kill(self) -> None:
        process = self.server.child.process
        assert process
        process.kill()
        process.wait()
        self.family.children.clear()


@pytest.fixture
def redis(settings: Any, tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "redis")
    settings.REDIS_URL = running.server.url
    settings.CACHES = {
        "default": {
            "BACKEND": "msa_portal.redis.cache.RedisOrDatabaseCache",
            "LOCATION": running.server.url,
            "OPTIONS": {"TABLE": "portal_cache", "MAX_ENTRIES": 100_000},
        }
    }
    before, app.conf.broker_url = app.conf.broker_url, running.server.url
    app._after_fork()
    yield running
    running.family.end()
    app.conf.broker_url = before
    app._after_fork()


class AtOnce:
    """In place of the thread, which would not see this test's transaction."""

    @staticmethod
    def submit(_run: Any, job: str, args: tuple[Any, ...]) -> None:
        run_now(job, args)


@pytest.fixture
def down(redis: Running, monkeypatch: pytest.MonkeyPatch) -> Running:
    """Redis was there and is killed."""
    monkeypatch.setattr(jobs, "_background", AtOnce)
    cache.set("was", "there")
    jobs.ask("notices.sweep")
    redis.kill()
    return redis


def test_cache_is_in_redis_while_that_answers(redis: Running) -> None:
    cache.set("kept", 1)
    with Redis.from_url(redis.server.url) as server:
        assert [key for key in server.scan_iter() if key.endswith(b"kept")]


def test_limits_are_counted_in_the_database_meanwhile(down: Running) -> None:
    client = Client()
    answers = [client.get("/sign/nonsense/").status_code for _guess in range(32)]
    assert (answers[:30], answers[30:]) == ([404] * 30, [429] * 2)
    counted = caches["default"]._database.get("signing-guesses:127.0.0.1")
    assert counted == 30


def test_count_that_began_in_redis_goes_on_in_the_database(redis: Running) -> None:
    cache.set("count", 5)
    redis.kill()
    assert [cache.incr("count"), cache.incr("count")] == [1, 2]


def test_dead_redis_is_asked_once_and_then_left_alone(down: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    inner = caches["default"]._redis
    real = inner.get

    def counted(*args: Any, **kwargs: Any) -> Any:
        asked.append("get")
        return real(*args, **kwargs)

    monkeypatch.setattr(inner, "get", counted)
    for _call in range(50):
        cache.get("anything")
        jobs.ask("notices.sweep")
    assert asked == ["get"]


def test_redis_that_is_back_is_used_again(down: Running) -> None:
    assert cache.get("was") is None
    down.start()
    breaker.close()  # as after its rest
    cache.set("kept", 1)
    with Redis.from_url(down.server.url) as server:
        assert [key for key in server.scan_iter() if key.endswith(b"kept")]


def test_sign_in_by_password_works_and_is_still_throttled(down: Running) -> None:
    person = factories.UserFactory()
    person.set_password("a long enough password 7")
    person.save()
    data = {"login": person.email, "password": "a long enough password 7"}
    answer = Client().post(reverse("account_login"), data)
    assert answer.status_code == 302
    wrong = [Client().post(reverse("account_login"), data | {"password": "wrong"}) for _try in range(6)]
    assert "Too many" in wrong[-1].text or wrong[-1].status_code == 429


def test_sign_in_by_code_works(down: Running, commits: None) -> None:
    person = factories.UserFactory()
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    client = Client()
    assert client.post(reverse("account_request_login_code"), {"email": person.email}).status_code == 302
    answer = client.post(reverse("account_confirm_login_code"), {"code": delivered_code(person.email)})
    assert (answer.status_code, is_signed_in(client)) == (302, True)


def test_sign_up_works(down: Running, commits: None) -> None:
    client = Client()
    answer = client.post(reverse("account_signup"), {"email": "new@example.com", "name": "New Person"})
    answer = client.post(answer["Location"], {"code": delivered_code("new@example.com")})
    assert (answer.status_code, is_signed_in(client)) == (302, True)


def delivered_code(email: str) -> str:
    """Of the message that arrived; the row keeps no code once it is sent."""
    [message] = NoticeMessage.objects.filter(to_email=email)
    assert message.state == NoticeMessage.State.SENT
    [arrived] = mail.outbox
    return code_in(NoticeMessage(text=arrived.body))


def test_message_that_cannot_be_sent_here_waits_for_the_sweeper(
    down: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_pk: int) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr("msa_portal.notices.tasks.deliver", broken)
    jobs._run("notices.deliver", (1,))


def test_request_is_submitted_and_its_notices_go_out(down: Running, commits: None) -> None:
    msa_request = factories.submitted()
    assert msa_request.status == Status.REQUEST_SUBMITTED
    states = NoticeMessage.objects.filter(to_email=msa_request.owner.email).values_list("state", flat=True)
    assert set(states) == {NoticeMessage.State.SENT}


def test_mailed_link_opens(down: Running) -> None:
    agreement = render(factories.complete_request(company=factories.CompanyFactory()))
    assert Client().get(link(open_invitation(agreement))).status_code == 200


def test_calendar_feed_answers(down: Running) -> None:
    made = feeds.renew(by=factories.UserFactory())
    assert Client().get(feeds.address(made)).status_code == 200
    assert Client().get("/calendar/nonsense.ics").status_code == 404


def test_public_api_and_the_check_of_agreements_answer(down: Running) -> None:
    assert Client().get("/api/v1/products/").status_code == 200
    assert Client().get("/verify/", {"number": "x"}).status_code == 200
