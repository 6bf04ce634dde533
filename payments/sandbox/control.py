"""`/sandbox/…`: JSON in, JSON out, for tests and the demo. docs/sandbox.md lists the calls."""

import json
import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from werkzeug.wrappers import Request, Response

from payments.sandbox import bulk, faults, forging, later, webhooks
from payments.sandbox.acts import act
from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ApiError, missing
from payments.sandbox.store import Obj

Options = dict[str, Any]


def respond(box: Sandbox, request: Request) -> Response:
    """A POST must be JSON by its type: a page elsewhere can't send that without being asked about first."""
    try:
        answer, status = _call(box, request), 200
    except ApiError as error:
        answer, status = error.envelope(), error.status
    except (TypeError, ValueError) as error:
        answer, status = {"error": {"message": f"That call was not understood: {error}"}}, 400
    return Response(json.dumps(answer, indent=2), status, content_type="application/json")


def _call(box: Sandbox, request: Request) -> Obj:
    options: Options = {}
    if request.method == "POST":
        if request.mimetype != "application/json":
            raise ApiError("Send JSON, with Content-Type: application/json.", status=415)
        options = json.loads(request.get_data() or b"{}")
    for method, path, work in CALLS:
        match = re.fullmatch(path, request.path)
        if match and method == request.method:
            return work(box, options, *match.groups())
    raise ApiError(f"The sandbox has no control {request.method} {request.path}.", status=404)


def _state(box: Sandbox, options: Options) -> Obj:
    rows = box.store.rows("SELECT state, count(*) AS n FROM deliveries GROUP BY state")
    hooks = box.webhooks
    return {
        "webhooks": {
            "mode": hooks.mode,
            "url": hooks.url,
            "copies": hooks.copies,
            "seconds": hooks.seconds,
            "retry_seconds": hooks.retry_seconds,
            "at_once": hooks.at_once,
            "to_lose": hooks.to_lose,
            "lose_types": hooks.lose_types,
        },
        "later_seconds": box.later_seconds,
        "faults": len(box.faults),
        "running_keys": sorted(box.idempotency.running),
        "deliveries": {row["state"]: row["n"] for row in rows},
        "jobs": [dict(row) for row in box.store.rows("SELECT * FROM jobs ORDER BY id")],
    }


def _set_webhooks(box: Sandbox, options: Options) -> Obj:
    hooks = box.webhooks
    mode = str(options.pop("mode", hooks.mode))
    if not set(mode.split("+")) <= set(webhooks.MODES):
        raise ApiError(f"'mode' must be one of {', '.join(webhooks.MODES)}, or some of them joined with +.")
    copies = int(options.pop("copies", hooks.copies))
    hooks.set_mode(mode, copies, float(options.pop("seconds", hooks.seconds)))
    hooks.url = str(options.pop("url", hooks.url))
    hooks.secret = str(options.pop("secret", hooks.secret))
    hooks.retry_seconds = float(options.pop("retry_seconds", hooks.retry_seconds))
    hooks.at_once = min(max(int(options.pop("at_once", hooks.at_once)), 1), webhooks.MOST_AT_ONCE)
    if "lose" in options or "lose_types" in options:
        hooks.lose(int(options.pop("lose", 1)), [str(kind) for kind in options.pop("lose_types", [])])
    _nothing_else(options)
    return _state(box, {})


def _sent(box: Sandbox, options: Options) -> Obj:
    deliveries = box.store.rows("SELECT * FROM deliveries ORDER BY id")
    attempts = box.store.rows("SELECT * FROM attempts ORDER BY id")
    return {"deliveries": [dict(row) for row in deliveries], "attempts": [dict(row) for row in attempts]}


def _flush(box: Sandbox, options: Options) -> Obj:
    return {"released": box.webhooks.flush()}


def _event(box: Sandbox, ref: str) -> Obj:
    event = box.store.get(ref, "event")
    if event is None:
        raise missing("event", ref)
    return event


def _resend(box: Sandbox, options: Options, ref: str) -> Obj:
    times, concurrent = int(options.pop("times", 1)), bool(options.pop("concurrent", False))
    _nothing_else(options)
    return {"attempts": forging.resend(box, _event(box, ref), times, concurrent)}


def _forge(box: Sandbox, options: Options, ref: str) -> Obj:
    kind, changes = str(options.pop("kind", "")), dict(options.pop("changes", {}))
    seconds = int(options.pop("seconds", 3600))
    _nothing_else(options)
    return forging.forge(box, _event(box, ref), kind, changes, seconds)


def _act(box: Sandbox, options: Options, ref: str, name: str) -> Obj:
    return act(box, name, ref, options)


def _bulk(box: Sandbox, options: Options) -> Obj:
    rows = list(options.pop("rows", []))
    _nothing_else(options)
    return {"payments": bulk.make(box, rows)}


def _alter(box: Sandbox, options: Options, ref: str) -> Obj:
    """Makes a stored object say something else, without an event: what a fetch then finds."""
    with box.store.transaction():
        obj = box.store.get(ref)
        unknown = sorted(set(options) - set(obj or {}))
        if obj is None or unknown:
            raise missing("object" if obj is None else "field", ref if obj is None else unknown[0])
        return box.store.save(obj | options | {"id": ref})


def _add_fault(box: Sandbox, options: Options) -> Obj:
    known = {field.name for field in fields(faults.Fault)}
    if options.get("kind") not in faults.KINDS or set(options) - known:
        raise ApiError(f"'kind' must be one of {', '.join(faults.KINDS)}; of {sorted(known)}.")
    box.faults.add(faults.Fault(**options))
    return options


def _clear_faults(box: Sandbox, options: Options) -> Obj:
    box.faults.clear()
    return {}


def _set_later(box: Sandbox, options: Options) -> Obj:
    box.later_seconds = float(options.pop("seconds", box.later_seconds))
    _nothing_else(options)
    return _state(box, {})


def _run_later(box: Sandbox, options: Options) -> Obj:
    return {"ran": later.run_due(box, early=True)}


def _reset(box: Sandbox, options: Options) -> Obj:
    """Everything goes but the webhook's address and secret. A delivery under way is over when this answers."""
    box.webhooks.set_mode("normal")
    box.webhooks.lose(0, [])
    box.store.clear()
    with box.webhooks.delivering:
        box.store.clear()  # what that delivery left behind
    box.faults.clear()
    box.webhooks.retry_seconds, box.webhooks.at_once, box.later_seconds = 1.0, 1, 5
    return _state(box, {})


def _nothing_else(options: Options) -> None:
    if options:
        raise ApiError(f"Unknown: {', '.join(sorted(options))}.")


Call = Callable[..., Obj]
ID = r"([A-Za-z0-9_]+)"
CALLS: tuple[tuple[str, str, Call], ...] = (
    ("GET", "/sandbox/state", _state),
    ("GET", "/sandbox/webhooks", _sent),
    ("POST", "/sandbox/webhooks", _set_webhooks),
    ("POST", "/sandbox/webhooks/flush", _flush),
    ("POST", f"/sandbox/events/{ID}/resend", _resend),
    ("POST", f"/sandbox/events/{ID}/forge", _forge),
    ("POST", "/sandbox/payments/bulk", _bulk),
    ("POST", f"/sandbox/payments/{ID}/([a-z]+)", _act),
    ("POST", f"/sandbox/objects/{ID}", _alter),
    ("POST", "/sandbox/faults", _add_fault),
    ("DELETE", "/sandbox/faults", _clear_faults),
    ("POST", "/sandbox/later", _set_later),
    ("POST", "/sandbox/later/run", _run_later),
    ("POST", "/sandbox/reset", _reset),
)
