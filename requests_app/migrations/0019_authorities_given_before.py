"""Authorizations that customers signed before authorities were kept: each holds a year from its last signature."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LASTS = timedelta(days=365)


def fill(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    signed = apps.get_model("requests_app", "SignedSection")
    authority = apps.get_model("requests_app", "AgentAuthority")
    request = apps.get_model("requests_app", "MSARequest")
    rows = signed.objects.filter(party="customer", section="authorization").exclude(agreement__state="superseded")
    rows = rows.filter(
        agreement__request__agent_company__isnull=False, agreement__request__agent_revoked_at__isnull=True
    )
    rows = rows.select_related("signature", "agreement__request").order_by("signature__signed_at", "pk")
    for row in rows.iterator():
        about = row.agreement.request
        given_at = row.signature.signed_at
        until = (given_at + LASTS).astimezone(ZoneInfo("America/Los_Angeles")).date()
        number = "".join(letter for letter in about.account_number.upper() if letter.isalnum())
        given, _created = authority.objects.update_or_create(
            account_number=number,
            company_id=about.agent_company_id,
            ended_at=None,
            defaults={"given_at": given_at, "expires_on": until},
        )
        request.objects.filter(pk=about.pk).update(authority=given)
        request.objects.filter(authority=given).update(agent_until=until)


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0018_authority")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
