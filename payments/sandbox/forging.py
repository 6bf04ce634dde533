"""Sending an event again, or with something wrong about it, while the caller waits for the answers."""

import copy
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ApiError
from payments.sandbox.store import Obj
from payments.sandbox.webhooks import Attempt, payload, signature

KINDS = ("bad_signature", "missing_signature", "stale", "future", "tampered", "altered")
MOST_TIMES = 100


def resend(box: Sandbox, event: Obj, times: int, concurrent: bool) -> list[Obj]:
    if not 1 <= times <= MOST_TIMES:
        raise ApiError(f"'times' must be from 1 to {MOST_TIMES}.")

    def once(_: int) -> Attempt:
        return box.webhooks.send(event, note="resend")

    if not concurrent:
        return [asdict(once(turn)) for turn in range(times)]
    with ThreadPoolExecutor(times) as pool:
        return [asdict(attempt) for attempt in pool.map(once, range(times))]


def forge(box: Sandbox, event: Obj, kind: str, changes: Obj, seconds: int) -> Obj:
    """`tampered`: changed after signing. `altered`: changed, then signed properly."""
    if kind not in KINDS:
        raise ApiError(f"'kind' must be one of {', '.join(KINDS)}.")
    secret, moment = box.webhooks.secret, int(time.time())
    body = payload(event)
    changed = payload(altered(event, changes))
    header = {
        "bad_signature": signature(body, f"not-{secret}"),
        "missing_signature": "",
        "stale": signature(body, secret, moment - seconds),
        "future": signature(body, secret, moment + seconds),
        "tampered": signature(body, secret),
        "altered": signature(changed, secret),
    }[kind]
    sent = changed if kind in ("tampered", "altered") else body
    return asdict(box.webhooks.send(event, body=sent, header=header, note=f"forged: {kind}"))


def altered(event: Obj, changes: dict[str, Any]) -> Obj:
    """`changes` go into the event's object; without any, its amount is off by a cent."""
    result = copy.deepcopy(event)
    inner = result["data"]["object"]
    name = "amount_total" if "amount_total" in inner else "amount"
    inner |= changes or {name: inner.get(name, 0) + 1}
    return result
