"""Long lists: order, pages, and what a page costs. Payments are made in bulk, through the control."""

import json
import time

import pytest
import stripe

from payments.sandbox import balance, checkout, disputes, objects, refunds
from payments.sandbox.bulk import make as make_payments
from payments.sandbox.context import make
from payments.sandbox.later import expire_sessions

DAY = 86_400


@pytest.fixture
def start():
    return int(time.time()) // DAY * DAY - 10 * DAY


def rows_from(start, count, step=10):
    return [
        {
            "amount": 1000 + place,
            "currency": "usd",
            "created": start + place * step,
            "metadata": {"payment": str(place)},
            "client_reference_id": f"MSA-{place}",
            "email": f"p{place}@example.com",
        }
        for place in range(count)
    ]


def test_bulk_makes_paid_sessions_in_order_and_without_events(sandbox, client, start):
    made = sandbox.bulk(rows_from(start, 5), chunk=2)
    for place, ids in enumerate(made):
        expand = {"expand": ["payment_intent.latest_charge.balance_transaction"]}
        session = client.v1.checkout.sessions.retrieve(ids["session"], expand)
        intent = session.payment_intent
        charge = intent.latest_charge
        assert (session.status, session.payment_status) == ("complete", "paid")
        assert (session.client_reference_id, session.metadata["payment"]) == (f"MSA-{place}", str(place))
        assert (intent.metadata["payment"], session.customer_email) == (str(place), f"p{place}@example.com")
        assert [intent.id, charge.id] == [ids["intent"], ids["charge"]]
        assert charge.balance_transaction.id == ids["balance_transaction"]
        for obj in (session, intent, charge, charge.balance_transaction):
            assert obj.created == start + place * 10
            assert (obj.amount_total if obj is session else obj.amount) == 1000 + place
    assert client.v1.events.list().data == []
    assert sandbox.read("state")["deliveries"] == {}


@pytest.mark.parametrize("row", [{}, {"amount": 5}, {"amount": 100, "color": "red"}, {"amount": "much"}, 5])
def test_bulk_makes_all_or_none(sandbox, client, row):
    body = json.dumps({"rows": [{"amount": 100}, row]}).encode()
    answer = sandbox.http("POST", "/sandbox/payments/bulk", body, {"Content-Type": "application/json"})
    assert answer.status == 400
    assert client.v1.checkout.sessions.list().data == []


def test_ten_thousand_rows_fit_in_one_body(sandbox):
    """Refused for what the first row says, not for the body's length."""
    rows = [{"color": "red", "metadata": {"payment": "x" * 200}}] * 10_000
    body = json.dumps({"rows": rows}).encode()
    answer = sandbox.http("POST", "/sandbox/payments/bulk", body, {"Content-Type": "application/json"})
    assert (answer.status, "Row 0" in answer.text) == (400, True)


def test_api_bodies_stay_short(sandbox):
    headers = {"Authorization": "Bearer sk_test_a", "Content-Type": "application/x-www-form-urlencoded"}
    assert sandbox.http("POST", "/v1/refunds", b"a=" + b"x" * 1_100_000, headers).status == 413


def test_pages_of_a_day_in_order_of_time(sandbox, client, start):
    """Made out of order; listed newest first, each once, in both directions and within the bounds."""
    rows = rows_from(start, 25)
    sandbox.bulk(rows[1::2] + rows[::2])
    listed = client.v1.balance_transactions.list
    bounds = {"gte": start + 20, "lt": start + 220}
    movements = list(listed({"limit": 4, "created": bounds, "expand": ["data.source"]}).auto_paging_iter())
    assert [row.amount for row in movements] == [1000 + place for place in range(21, 1, -1)]
    assert [row.source.amount for row in movements] == [row.amount for row in movements]
    back = listed({"limit": 3, "ending_before": movements[10].id, "created": bounds})
    assert ([row.id for row in back.data], back.has_more) == ([row.id for row in movements[7:10]], True)
    assert listed({"created": {"gt": start + 240}}).data == []


def test_same_second_is_paged_without_loss(sandbox, client, start):
    made = sandbox.bulk(rows_from(start, 11, step=0))
    rows = list(client.v1.balance_transactions.list({"limit": 3}).auto_paging_iter())
    assert [row.id for row in rows] == [ids["balance_transaction"] for ids in reversed(made)]


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    box = make(
        str(tmp_path_factory.mktemp("box") / "store.sqlite3"), public_url="", webhook_url="", webhook_secret="whsec"
    )
    box.made = make_payments(box, rows_from(int(time.time()) - 10 * DAY, 300))
    yield box
    box.store.close()


@pytest.fixture
def queries(box, monkeypatch):
    """Every query that is asked, with its plan."""
    asked = []
    ask = box.store.rows

    def rows(sql, *values):
        plan = [row["detail"] for row in box.store.db.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
        asked.append((sql, plan))
        return ask(sql, *values)

    monkeypatch.setattr(box.store, "rows", rows)
    return asked


@pytest.mark.parametrize("expand", [["data.source"], ["data.source.payment_intent.latest_charge"]])
def test_expansion_costs_the_same_for_one_row_and_for_many(box, queries, expand):
    counts = []
    for limit in (1, 100):
        queries.clear()
        page = balance.listing(box, {"limit": limit, "expand": expand})
        assert len(page["data"]) == limit
        assert all(row["source"]["object"] == "charge" for row in page["data"])
        counts.append(len(queries))
    assert counts[0] == counts[1] == 1 + len(expand[0].split(".")) - 1


@pytest.mark.parametrize(
    ("listing", "params"),
    [
        (balance.listing, {}),
        (balance.listing, {"created": {"gte": 1, "lt": 2**40}}),
        (balance.listing, {"source": "charge"}),
        (checkout.listing, {"payment_intent": "intent"}),
        (refunds.listing, {"charge": "charge"}),
        (disputes.listing, {"payment_intent": "intent"}),
        (objects.charges, {"payment_intent": "intent"}),
    ],
)
def test_every_page_is_searched_for_in_an_index_and_sorted_by_it(box, queries, listing, params):
    """Deep pages too: the cursor is a bound of the same index, so nothing before it is read."""
    named = {
        name: box.made[0].get(value, value) if isinstance(value, str) else value for name, value in params.items()
    }
    cursor = box.made[200]["balance_transaction"]
    deep = [{"starting_after": cursor}] if listing is balance.listing and "source" not in params else []
    for extra in [{}, *deep]:
        queries.clear()
        listing(box, named | {"limit": 100} | extra)
        sql, plan = queries[-1]
        assert "ORDER BY" in sql
        assert plan[0].startswith("SEARCH objects USING INDEX"), plan
        assert "TEMP B-TREE" not in " ".join(plan)
        if extra:
            assert "(created,seq)<" in plan[0].replace(" ", "") or "created<" in plan[0].replace(" ", ""), plan


def test_filters_use_their_own_index(box, queries):
    balance.listing(box, {"source": box.made[0]["charge"]})
    assert "objects_by_source" in queries[-1][1][0]
    refunds.listing(box, {"charge": box.made[0]["charge"]})
    assert "objects_by_charge" in queries[-1][1][0]


def test_clock_looks_at_open_sessions_alone(box, queries):
    expire_sessions(box)
    assert "open_sessions" in queries[-1][1][0]


def test_unknown_cursor_is_refused(client):
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.balance_transactions.list({"starting_after": "txn_none"})
