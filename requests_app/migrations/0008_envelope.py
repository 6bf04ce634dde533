"""A party signs each section of a version once; what still stands is carried to the next version."""

import django.core.validators
import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Max

PARTIES = [("customer", "Customer"), ("agent", "Agent")]
SECTIONS = [
    ("customer_terms", "Customer terms"),
    ("authorization", "Authorization to Act as Agent to Request SCE Work"),
    ("submittal", "Application Submittal Form"),
]


def fill(apps: Apps, _schema_editor: BaseDatabaseSchemaEditor) -> None:
    signature = apps.get_model("requests_app", "Signature")
    section = apps.get_model("requests_app", "SignedSection")
    request = apps.get_model("requests_app", "MSARequest")
    for each in signature.objects.order_by("pk").iterator():
        section.objects.bulk_create(
            section(signature=each, agreement_id=each.agreement_id, party=each.party, section=code)
            for code in each.sections
        )
    newest = request.objects.filter(agreements__isnull=False).annotate(newest=Max("agreements__version"))
    for pk, version in newest.values_list("pk", "newest"):
        request.objects.filter(pk=pk).update(agreement_version=version)


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL), ("requests_app", "0006_product_rules")]

    operations = [
        migrations.RemoveConstraint(model_name="signature", name="one_signature_per_party"),
        migrations.AddField(
            model_name="signature",
            name="carried_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="carried",
                to="requests_app.signature",
            ),
        ),
        migrations.AddField(
            model_name="msarequest",
            name="agreement_version",
            field=models.PositiveSmallIntegerField(
                default=0, editable=False, help_text="Of the newest agreement; 0 where none was prepared yet."
            ),
        ),
        migrations.CreateModel(
            name="SignedSection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("party", models.CharField(choices=PARTIES, max_length=10, verbose_name="party")),
                ("section", models.CharField(choices=SECTIONS, max_length=20, verbose_name="section")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signed_sections",
                        to="requests_app.agreement",
                    ),
                ),
                (
                    "signature",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signed_sections",
                        to="requests_app.signature",
                    ),
                ),
            ],
            options={
                "verbose_name": "signed section",
                "verbose_name_plural": "signed sections",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agreement", "party", "section"), name="section_signed_once_per_party"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="programsettings",
            name="signature_second_reminder_days",
            field=models.PositiveSmallIntegerField(
                default=5,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(400),
                ],
                verbose_name="remind a signer again after, business days",
            ),
        ),
        migrations.AddField(
            model_name="programsettings",
            name="signature_last_reminder_days",
            field=models.PositiveSmallIntegerField(
                default=10,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(400),
                ],
                verbose_name="remind a signer a last time after, business days",
            ),
        ),
        migrations.AddField(
            model_name="historicalprogramsettings",
            name="signature_second_reminder_days",
            field=models.PositiveSmallIntegerField(
                default=5,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(400),
                ],
                verbose_name="remind a signer again after, business days",
            ),
        ),
        migrations.AddField(
            model_name="historicalprogramsettings",
            name="signature_last_reminder_days",
            field=models.PositiveSmallIntegerField(
                default=10,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(400),
                ],
                verbose_name="remind a signer a last time after, business days",
            ),
        ),
        migrations.RemoveField(model_name="signinginvitation", name="reminded_at"),
        migrations.CreateModel(
            name="SigningReminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("party", models.CharField(choices=PARTIES, max_length=10, verbose_name="party")),
                ("number", models.PositiveSmallIntegerField()),
                ("sent_at", models.DateTimeField(verbose_name="sent")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reminders",
                        to="requests_app.agreement",
                    ),
                ),
            ],
            options={
                "verbose_name": "signing reminder",
                "verbose_name_plural": "signing reminders",
                "constraints": [
                    models.UniqueConstraint(fields=("agreement", "party", "number"), name="signing_reminder_sent_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningConsent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("party", models.CharField(choices=PARTIES, max_length=10, verbose_name="party")),
                ("text_version", models.CharField(max_length=20, verbose_name="version of the text")),
                ("text", models.TextField(verbose_name="text")),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("given_at", models.DateTimeField(verbose_name="given")),
                ("ip_address", models.GenericIPAddressField(null=True, verbose_name="address")),
                ("user_agent", models.CharField(blank=True, max_length=300, verbose_name="browser")),
                (
                    "agreement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="requests_app.agreement",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "consent to electronic records",
                "verbose_name_plural": "consents to electronic records",
            },
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
