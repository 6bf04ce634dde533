"""A product's rules become data; storage is one of the further devices that it may need (E18)."""

from django.db import migrations, models


def name_storage(apps, _schema_editor):
    for name in ("Product", "HistoricalProduct"):
        rows = apps.get_model("requests_app", name).objects.filter(requires_storage=True)
        rows.update(required_companions=["storage"])


class Migration(migrations.Migration):
    dependencies = [("requests_app", "0005_readiness")]
    operations = [
        *(
            migrations.AddField(
                model_name=model,
                name=name,
                field=models.JSONField(blank=True, default=list, verbose_name=label),
            )
            for model in ("product", "historicalproduct")
            for name, label in (
                ("request_types", "request types"),
                ("required_companions", "further devices that it needs"),
                ("required_documents", "documents that it asks for"),
            )
        ),
        migrations.AddField(
            model_name="msarequest",
            name="has_companions",
            field=models.BooleanField(blank=True, null=True, verbose_name="the further devices that the MSA needs"),
        ),
        *(
            migrations.AlterField(
                model_name=model,
                name="requires_storage",
                field=models.BooleanField(db_default=False, default=False, verbose_name="requires energy storage"),
            )
            for model in ("product", "historicalproduct")
        ),
        migrations.RunPython(name_storage, migrations.RunPython.noop),
        # The column stays while web processes of the version before still read it (fault 27).
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(model_name=model, name="requires_storage")
                for model in ("product", "historicalproduct")
            ]
        ),
    ]
