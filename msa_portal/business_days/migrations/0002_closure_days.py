from django.db import migrations

from msa_portal.business_days.statutory import closure_days
from msa_portal.initial_data import fill


def fill_closure_days(apps, _schema_editor):
    rows = [
        {"on": day, "name": name, "kind": "holiday"}
        for year in range(2025, 2029)
        for day, name in closure_days(year).items()
    ]
    fill(apps, "business_days", "ClosureDay", rows, key=("on",))


class Migration(migrations.Migration):
    dependencies = [("business_days", "0001_initial")]
    operations = [migrations.RunPython(fill_closure_days, migrations.RunPython.noop)]
