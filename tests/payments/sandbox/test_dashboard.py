import re

from tests.markup import laid_out

from .harness import until


def post(sandbox, name, **form):
    token = sandbox.http("GET", "/").field("token")
    return sandbox.submit(f"/dashboard/{name}", token=token, **form)


def buttons(sandbox):
    return sorted(set(re.findall(r'action="/dashboard/(\w+)"', sandbox.http("GET", "/").text)) - {"mode", "flush"})


def test_empty(sandbox):
    assert "No payment yet" in sandbox.http("GET", "/").text


def test_bank_debit_settled_then_disputed_won_and_refunded(sandbox, client, checkout):
    session = checkout(allowed_payment_method_types=["us_bank_account"])
    assert buttons(sandbox) == ["expire"]
    sandbox.act(session.id, "pay", bank=True)
    for name, then in [
        ("settle", ["dispute", "refund"]),
        ("dispute", ["lose", "win"]),
        ("win", ["refund"]),
        ("refund", []),
    ]:
        assert name in buttons(sandbox)
        assert post(sandbox, name, id=session.id).status == 303
        assert buttons(sandbox) == then
    page = laid_out(sandbox.http("GET", "/").text)
    assert "refunded $279.22" in page
    assert "dispute: won" in page


def test_what_cannot_be_done_says_why(sandbox, checkout):
    answer = post(sandbox, "settle", id=checkout().id)
    assert answer.status == 409
    assert "No bank debit is under way" in answer.text


def test_post_without_the_pages_token_does_nothing(sandbox, client, checkout):
    session = checkout()
    assert sandbox.submit("/dashboard/expire", token="x", id=session.id).status == 403
    assert client.v1.checkout.sessions.retrieve(session.id).status == "open"


def test_mode_and_flush(sandbox, paid, receiver):
    post(sandbox, "mode", mode="hold")
    paid()
    assert receiver.got == []
    post(sandbox, "flush")
    receiver.wait(2)
    until(lambda: "checkout.session.completed" in sandbox.http("GET", "/").text)


def test_unknown_act_is_404(sandbox):
    assert post(sandbox, "explode").status == 404
    assert sandbox.http("GET", "/dashboard/expire").status == 404


def test_pages_of_payments(sandbox, checkout):
    for _ in range(26):
        checkout()
    page = sandbox.http("GET", "/").text
    assert page.count('class="card"') == 25
    older = re.search(r'href="(/\?before=\w+)"', page)[1]
    assert sandbox.http("GET", older).text.count('class="card"') == 1
