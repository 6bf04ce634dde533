import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.sandbox import params as p
from payments.sandbox.errors import ParamError
from payments.sandbox.hosted.test_cards import card, luhn_valid


def test_nesting():
    pairs = [("a[b][0][c]", "1"), ("a[b][1][c]", "2"), ("d[]", "3"), ("d[]", "4"), ("e", "5")]
    assert p.nest(pairs) == {
        "a": {"b": {"0": {"c": "1"}, "1": {"c": "2"}}},
        "d": {"0": "3", "1": "4"},
        "e": "5",
    }


@pytest.mark.parametrize("pairs", [[("a[", "1")], [("", "1")], [("[a]", "1")], [("a", "1"), ("a[b]", "2")]])
def test_names_that_do_not_nest(pairs):
    with pytest.raises(ParamError):
        p.nest(pairs)


def test_lists_keep_the_order_of_their_indexes():
    assert p.list_of(p.text())({"10": "c", "2": "b", "0": "a"}, "x") == ["a", "b", "c"]


@given(st.lists(st.tuples(st.text("ab[]0", max_size=12), st.text(max_size=5)), max_size=8))
def test_any_names_are_nested_or_refused(pairs):
    with contextlib.suppress(ParamError):
        p.hash_of(a=p.metadata)(p.nest(pairs), "")


@given(st.from_regex(r"[0-9]{11,18}", fullmatch=True))
def test_one_wrong_digit_is_noticed(number):
    check = next(digit for digit in "0123456789" if luhn_valid(number + digit))
    wrong = str((int(check) + 1) % 10)
    assert not luhn_valid(number + wrong)


@pytest.mark.parametrize(
    ("number", "brand"),
    [
        ("4242424242424242", "visa"),
        ("5555555555554444", "mastercard"),
        ("2223003122003222", "mastercard"),
        ("378282246310005", "amex"),
        ("6011111111111117", "discover"),
        ("3530111333300000", "unknown"),
    ],
)
def test_brands(number, brand):
    assert card(number, 1, 2031).brand == brand
