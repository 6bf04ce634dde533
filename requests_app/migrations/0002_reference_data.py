"""The first rows of the reference data. Staff keep them from here on; nothing is put back later."""

import csv
from pathlib import Path

from django.db import migrations

from msa_portal.initial_data import fill

DATA = Path(__file__).resolve().parent.parent / "data"

# E8
INCOMPATIBLE_PANELS = [
    "MBED2040B200BF",
    "MBED2040B225BF",
    "MBED2040B200BFN",
    "MBED2040B225BFN",
    "MBED2040B200BS",
    "MBE1836B125BS",
    "MBE1836B125BF",
    "MBED3042B200BF",
    "MBED3042B200BF6",
    "MBED3042B200PV",
]


def rows_of(name):
    with (DATA / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def products():
    """Facts alone: nothing is approved here, and an unconfirmed figure stays empty (D20)."""
    for row in rows_of("products.csv"):
        yield {
            "manufacturer": row["manufacturer"],
            "model": row["model"],
            "part_number": row["part_number"],
            "isolating": row["isolating"] == "yes",
            "required_companions": ["storage"] if row["requires_storage"] == "yes" else [],
            "max_service_amps": int(row["max_service_amps"]) if row["max_service_amps"] else None,
            "notes": row["notes"],
            "source": row["source"],
            "verified": row["verified_against_utility_list"] == "yes",
        }


def outcome_reasons():
    """program.md, V; "no" in at_site: nobody was there, the visit is moved (D13)."""
    for position, row in enumerate(rows_of("outcome_reasons.csv"), 1):
        yield row | {"at_site": row["at_site"] == "yes", "position": position * 10}


def correction_reasons():
    """What is wrong in the form, then what is wrong with a document."""
    for start, name in ((0, "correction_reasons.csv"), (400, "document_reasons.csv")):
        for position, row in enumerate(rows_of(name), 1):
            yield row | {"position": start + position * 10}


def add_paper_reasons(apps):
    reasons = apps.get_model("requests_app", "PaperReason").objects
    for position, row in enumerate(rows_of("paper_reasons.csv"), 1):
        reasons.create(**row, position=position * 10)


def fill_reference_data(apps, _schema_editor):
    fill(apps, "requests_app", "ProgramSettings", [{"id": 1}], key=("id",))
    # These models are their own normalized form, which `save` would work out.
    panels = ({"model": model, "normalized": model} for model in INCOMPATIBLE_PANELS)
    fill(apps, "requests_app", "IncompatiblePanel", panels, key=("normalized",))
    fill(apps, "requests_app", "OutcomeReason", outcome_reasons(), key=("code",))
    fill(apps, "requests_app", "CorrectionReason", correction_reasons(), key=("code",))
    fill(apps, "requests_app", "Product", products(), key=("manufacturer", "model", "part_number"))
    add_paper_reasons(apps)


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0001_initial")]
    operations = [migrations.RunPython(fill_reference_data, migrations.RunPython.noop)]
