"""Encrypt the second-factor secrets that are stored as they are."""

from django.db import migrations

from msa_portal.accounts.factor_secrets import change_secrets, only_if_plain


def encrypt_secrets(apps, schema_editor):
    for authenticator in apps.get_model("mfa", "Authenticator").objects.exclude(type="webauthn").iterator():
        authenticator.data = change_secrets(authenticator.data, only_if_plain)
        authenticator.save(update_fields=["data"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("mfa", "0003_authenticator_type_uniq")]
    operations = [migrations.RunPython(encrypt_secrets, migrations.RunPython.noop)]
