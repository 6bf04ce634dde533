"""Second-factor secrets at rest: authenticator apps' keys and the seeds of recovery codes, encrypted.

`SECOND_FACTOR_KEYS` lists the keys: the first encrypts, all of them decrypt. Passkeys hold public keys only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

_MARK = "fernet:"  # tells a row that is encrypted from one that isn't yet
_SECRETS = ("secret", "seed")  # in an authenticator's data; "migrated_codes" is a list of them


class NotEncrypted(ValueError):
    """A secret that was stored as it is. `manage.py encrypt_second_factors` repairs that."""


def encrypt(text: str) -> str:
    return _MARK + _keys().encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Raises `NotEncrypted`, and `InvalidToken` where none of the keys made it."""
    if not stored.startswith(_MARK):
        raise NotEncrypted("a second-factor secret is stored unencrypted")
    return _keys().decrypt(stored.removeprefix(_MARK)).decode()


def with_newest_key(stored: str) -> str:
    """The same secret under the first key, whether it was encrypted before or not."""
    if not stored.startswith(_MARK):
        return encrypt(stored)
    return _MARK + _keys().rotate(stored.removeprefix(_MARK)).decode()


def only_if_plain(stored: str) -> str:
    return stored if stored.startswith(_MARK) else encrypt(stored)


def change_secrets(data: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """An authenticator's data with each secret changed."""
    changed = data | {name: change(data[name]) for name in _SECRETS if name in data}
    if "migrated_codes" in data:
        changed["migrated_codes"] = [change(code) for code in data["migrated_codes"]]
    return changed


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.SECOND_FACTOR_KEYS])
