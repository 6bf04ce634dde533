from datetime import date

from django.db import migrations

from msa_portal.initial_data import fill

# F1: one price a site visit. Maintenance starts with none (D16).
AMOUNT_CENTS = 27922
IN_FORCE_FROM = date(2025, 6, 12)


def fill_fee_schedule(apps, _schema_editor):
    rows = [
        {"request_type": request_type, "effective_from": IN_FORCE_FROM, "amount_cents": AMOUNT_CENTS}
        for request_type in ("install", "removal", "replacement")
    ]
    fill(apps, "payments", "FeeSchedule", rows, key=("request_type", "effective_from"))


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunPython(fill_fee_schedule, migrations.RunPython.noop)]
