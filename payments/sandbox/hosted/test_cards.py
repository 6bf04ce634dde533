"""Stripe's published test cards, and what each does. A number is looked up here and then forgotten."""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["pay", "decline", "authenticate", "dispute", "refund_fails", "refund_waits"]


@dataclass(frozen=True)
class Behavior:
    kind: Kind = "pay"
    code: str = ""
    decline_code: str = ""
    message: str = ""


def _decline(message: str, decline_code: str = "", code: str = "card_declined") -> Behavior:
    return Behavior("decline", code, decline_code, message)


PAY = Behavior()
NOT_A_TEST_CARD = _decline(
    "This card was declined: it is not a test card, and this is test mode.", "test_mode_live_card"
)
BEHAVIORS = {
    **dict.fromkeys(
        (
            "4242424242424242",
            "4000056655665556",
            "4000000000000077",
            "5555555555554444",
            "2223003122003222",
            "5200828282828210",
            "5105105105105100",
            "378282246310005",
            "371449635398431",
            "6011111111111117",
        ),
        PAY,
    ),
    "4000000000000002": _decline("Your card was declined.", "generic_decline"),
    "4000000000009995": _decline("Your card has insufficient funds.", "insufficient_funds"),
    "4000000000009987": _decline("Your card was declined.", "lost_card"),
    "4000000000009979": _decline("Your card was declined.", "stolen_card"),
    "4000000000000069": _decline("Your card has expired.", code="expired_card"),
    "4000000000000127": _decline("Your card's security code is incorrect.", code="incorrect_cvc"),
    "4000000000000119": _decline(
        "An error occurred while your card was processed. Try again in a moment.",
        code="processing_error",
    ),
    "4000002500003155": Behavior("authenticate"),
    "4000002760003184": Behavior("authenticate"),
    "4000000000000259": Behavior("dispute"),
    "4000000000005126": Behavior("refund_fails"),
    "4000000000007726": Behavior("refund_waits"),
}
BRANDS = (
    (r"4", "visa"),
    (r"5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)", "mastercard"),
    (r"3[47]", "amex"),
    (r"6011|64[4-9]|65", "discover"),
)


@dataclass(frozen=True)
class Card:
    """All that is kept of a card: never its number, never its CVC."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    behavior: Behavior


def luhn_valid(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def card(number: str, exp_month: int, exp_year: int) -> Card:
    brand = next((name for start, name in BRANDS if re.match(start, number)), "unknown")
    behavior = BEHAVIORS.get(number, NOT_A_TEST_CARD)
    return Card(brand, number[-4:], exp_month, exp_year, behavior)
