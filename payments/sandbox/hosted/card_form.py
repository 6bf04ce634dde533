"""Reading the hosted page's form: what is wrong is said at its field, and what was typed is kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from payments.sandbox.hosted.charging import Payer
from payments.sandbox.hosted.test_cards import Card, card, luhn_valid
from payments.sandbox.params import EMAIL

CARD_FIELDS = ("email", "cardNumber", "cardExpiry", "cardCvc", "billingName", "billingPostalCode")
BANK_FIELDS = ("email", "billingName")
MESSAGES = {
    "email": "Enter an email address, like name@example.com.",
    "cardNumber": "Enter a card number. Check that no digit is missing or wrong.",
    "cardExpiry": "Enter the expiration date as month and year, like 04 / 31.",
    "cardExpired": "This card's expiration date has passed. Use another card.",
    "cardCvc": "Enter the security code: 3 digits on the back, or 4 on the front of American Express.",
    "billingName": "Enter the name on the card or the account.",
    "billingPostalCode": "Enter a ZIP code of 5 digits, like 92626.",
}


@dataclass
class Reading:
    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    card: Card | None = None

    @property
    def payer(self) -> Payer:
        values = self.values
        return Payer(values["email"], values["billingName"], values.get("billingPostalCode", ""))

    def refuse(self, name: str, message: str = "") -> None:
        self.errors[name] = MESSAGES[message or name]


def read_card(form: Mapping[str, str], *, today: datetime | None = None) -> Reading:
    reading = _read(form, CARD_FIELDS)
    values = reading.values
    number = re.sub(r"[\s-]", "", values["cardNumber"])
    if not re.fullmatch(r"[0-9]{12,19}", number) or not luhn_valid(number):
        reading.refuse("cardNumber")
    month, year = _expiry(reading, values["cardExpiry"], today or datetime.now(UTC))
    digits = 4 if re.match(r"3[47]", number) else 3
    if not re.fullmatch(rf"[0-9]{{{digits}}}", values["cardCvc"]):
        reading.refuse("cardCvc")
    if not re.fullmatch(r"[0-9]{5}(-?[0-9]{4})?", values["billingPostalCode"]):
        reading.refuse("billingPostalCode")
    reading.errors = {name: reading.errors[name] for name in CARD_FIELDS if name in reading.errors}
    if not reading.errors:
        reading.card = card(number, month, year)
    return reading


def read_bank(form: Mapping[str, str]) -> Reading:
    return _read(form, BANK_FIELDS)


def _read(form: Mapping[str, str], names: tuple[str, ...]) -> Reading:
    reading = Reading({name: form.get(name, "").strip()[:200] for name in names})
    if not EMAIL.fullmatch(reading.values["email"]):
        reading.refuse("email")
    if not reading.values["billingName"]:
        reading.refuse("billingName")
    return reading


def _expiry(reading: Reading, typed: str, today: datetime) -> tuple[int, int]:
    """Valid through the last day of its month."""
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*[/-]?\s*((?:20)?[0-9]{2})", typed)
    if not match:
        reading.refuse("cardExpiry")
        return 0, 0
    month, year = int(match[1]), int(match[2]) % 100 + 2000
    if (year, month) < (today.year, today.month):
        reading.refuse("cardExpiry", "cardExpired")
    return month, year
