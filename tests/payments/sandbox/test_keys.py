import base64
import json

import pytest
import stripe


def test_live_key_is_refused(sandbox):
    with pytest.raises(stripe.AuthenticationError, match="live key") as caught:
        sandbox.client("sk_live_abc").v1.events.list()
    assert caught.value.http_status == 401


@pytest.mark.parametrize("header", [None, "Bearer pk_test_abc", "Bearer nonsense", "Basic %%%", "Basic eA=="])
def test_other_keys_are_refused(sandbox, header):
    answer = sandbox.http("GET", "/v1/events", headers={"Authorization": header} if header else {})
    assert answer.status == 401
    assert json.loads(answer.text)["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("scheme", ["bearer", "basic"])
@pytest.mark.parametrize("key", ["sk_test_a", "rk_test_b"])
def test_test_keys_are_taken(sandbox, scheme, key):
    basic = f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}"
    header = basic if scheme == "basic" else f"Bearer {key}"
    answer = sandbox.http("GET", "/v1/events", headers={"Authorization": header})
    assert (answer.status, json.loads(answer.text)["data"]) == (200, [])
    assert answer.headers["Request-Id"].startswith("req_")


def test_unknown_address(sandbox):
    headers = {"Authorization": "Bearer sk_test_a"}
    answer = sandbox.http("GET", "/v1/customers", headers=headers)
    assert (answer.status, json.loads(answer.text)["error"]["type"]) == (404, "invalid_request_error")


def test_foreign_host_is_refused(sandbox):
    for path in ("/", "/v1/events", "/sandbox/state"):
        assert sandbox.http("GET", path, headers={"Host": "evil.example"}).status == 400
