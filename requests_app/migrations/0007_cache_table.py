"""The table in which limits are counted while Redis does not answer (`msa_portal.redis.cache`)."""

from django.core.management import call_command
from django.db import migrations


def create(_apps, schema_editor):
    call_command("createcachetable", "portal_cache", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0006_inspections")]
    operations = [
        migrations.RunPython(create, migrations.RunPython.noop),
    ]
