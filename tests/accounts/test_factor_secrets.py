"""Second-factor secrets are encrypted at rest, and their keys can be changed."""

from __future__ import annotations

import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from msa_portal.accounts import factor_secrets
from msa_portal.accounts.migrations import __name__ as migrations
from tests.accounts.conftest import is_signed_in, sign_in

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code() -> str:
    return format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time()))))


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator ORDER BY id")
        return " ".join(str(row) for row in cursor.fetchall())


def test_app_and_recovery_codes_are_stored_encrypted_and_work(client, alice):
    TOTP.activate(alice, SECRET)
    codes = RecoveryCodes.activate(alice)
    seed = factor_secrets.decrypt(codes.instance.data["seed"])
    assert SECRET not in stored()
    assert seed not in stored()
    sign_in(client, alice.email)
    assert not is_signed_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code()})
    assert is_signed_in(client)
    assert codes.validate_code(codes.generate_codes()[0])


def test_secret_that_was_written_in_the_clear_is_not_taken():
    with pytest.raises(factor_secrets.NotEncrypted):
        factor_secrets.decrypt(SECRET)


def test_rows_from_before_are_encrypted_once(alice):
    Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={"secret": SECRET})
    Authenticator.objects.create(
        user=alice, type=Authenticator.Type.RECOVERY_CODES, data={"migrated_codes": ["11112222"], "used_mask": 0}
    )
    key = Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data={"credential": {"id": "x"}})
    migration = __import__(f"{migrations}.0002_encrypt_second_factors", fromlist=["encrypt_secrets"])
    migration.encrypt_secrets(apps, None)
    once = stored()
    migration.encrypt_secrets(apps, None)
    assert stored() == once
    assert SECRET not in once
    assert "11112222" not in once
    totp, codes = Authenticator.objects.exclude(pk=key.pk).order_by("pk")
    assert TOTP(totp).validate_code(code())
    assert RecoveryCodes(codes).get_unused_codes() == ["11112222"]
    assert Authenticator.objects.get(pk=key.pk).data == {"credential": {"id": "x"}}


def test_old_key_decrypts_until_the_command_has_run_and_may_go_then(alice, settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECOND_FACTOR_KEYS = [old]
    totp = TOTP.activate(alice, SECRET)
    settings.SECOND_FACTOR_KEYS = [new, old]
    assert factor_secrets.decrypt(totp.instance.data["secret"]) == SECRET
    call_command("encrypt_second_factors")
    settings.SECOND_FACTOR_KEYS = [new]
    [row] = Authenticator.objects.all()
    assert factor_secrets.decrypt(row.data["secret"]) == SECRET
    settings.SECOND_FACTOR_KEYS = [old]
    with pytest.raises(InvalidToken):
        factor_secrets.decrypt(row.data["secret"])


def test_data_without_secrets_stays_as_it_is():
    data = {"credential": {"secret_looking": 1}, "used_mask": 3}
    assert json.dumps(factor_secrets.change_secrets(data, factor_secrets.encrypt)) == json.dumps(data)
