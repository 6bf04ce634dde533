"""Reading the API's objects: one, a page of many, and the parts that a caller asks to have expanded."""

from typing import Any

from payments.sandbox.context import Sandbox
from payments.sandbox.errors import ApiError, ParamError, missing
from payments.sandbox.store import Obj

EXPANDABLE = {
    "checkout.session": {"payment_intent"},
    "payment_intent": {"latest_charge"},
    "charge": {"balance_transaction", "payment_intent"},
    "refund": {"balance_transaction", "charge", "failure_balance_transaction", "payment_intent"},
    "dispute": {"charge", "payment_intent"},
    "balance_transaction": {"source"},
}
INCLUDABLE = {"checkout.session": "line_items", "charge": "refunds"}


def require(box: Sandbox, kind: str, ref: str, *, param: str = "id", status: int = 404) -> Obj:
    obj = box.store.get(ref, kind)
    if obj is None:
        raise missing(kind, ref, param=param, status=status)
    return obj


def one(box: Sandbox, kind: str, ref: str, params: dict[str, Any]) -> Obj:
    return expanded(box, require(box, kind, ref), params)


def many(box: Sandbox, kind: str, url: str, params: dict[str, Any], **search: Any) -> Obj:
    """`params` as `params.listing` checks them; its own filters come as `fields`, `types`."""
    for cursor in ("starting_after", "ending_before"):
        if cursor in params:
            require(box, kind, params[cursor], param=cursor, status=400)
    data, has_more = box.store.find(
        kind,
        created=params.get("created"),
        limit=params.get("limit", 10),
        after=params.get("starting_after"),
        before=params.get("ending_before"),
        **search,
    )
    return expanded(box, collection(url, data, has_more), params)


def collection(url: str, data: list[Obj], has_more: bool = False) -> Obj:
    return {"object": "list", "url": url, "has_more": has_more, "data": data}


def expanded(box: Sandbox, obj: Obj, params: dict[str, Any]) -> Obj:
    for path in params.get("expand", []):
        if path.count(".") > 3:
            raise ParamError(f"You can't expand more than 4 levels deep ({path}).", param="expand")
        _expand(box, [obj], path.split("."), path)
    return obj


def _expand(box: Sandbox, objs: list[Obj], steps: list[str], path: str) -> None:
    """The same property of all of them at once: one query for each step of a path, however long the page."""
    field, rest = steps[0], steps[1:]
    if field == "data" and rest and all(obj["object"] == "list" for obj in objs):
        return _expand(box, [item for obj in objs for item in obj["data"]], rest, path)
    for obj in objs:
        if INCLUDABLE.get(obj["object"]) == field:
            obj[field] = obj.get(field) or _included(box, obj, field)
        elif field not in EXPANDABLE.get(obj["object"], ()):
            raise ApiError(f"This property cannot be expanded ({path}).", param="expand")
    by_ref = box.store.several(obj[field] for obj in objs if isinstance(obj.get(field), str))
    for obj in objs:
        if isinstance(obj.get(field), str):
            obj[field] = by_ref[obj[field]]
    inner = [obj[field] for obj in objs if obj.get(field) is not None]
    return _expand(box, inner, rest, path) if rest and inner else None


def _included(box: Sandbox, obj: Obj, field: str) -> Obj:
    if field == "refunds":
        data, has_more = box.store.find("refund", fields={"charge": obj["id"]})
        return collection(f"/v1/charges/{obj['id']}/refunds", data, has_more)
    items = box.store.private(obj["id"])["line_items"]
    return collection(f"/v1/checkout/sessions/{obj['id']}/line_items", items)
