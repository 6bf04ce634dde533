"""Each reason of a failed visit has its own proof of cure."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

TOPICS = [
    ("panel_label", "Panel label"),
    ("meter_socket", "Meter and socket"),
    ("conduit", "Conduit"),
    ("package", "The MSA in its waterproof package, by the meter"),
]
PROOFS = [
    ("nothing", "Nothing"),
    ("statement", "A statement"),
    ("photo", "A photo"),
    ("evidence", "A statement, with a photo or document"),
    ("device", "A different MSA"),
    ("device_or_evidence", "A different MSA, or a statement with a photo or document"),
]
# The reason's code, what is asked for, and what its photo shows.
PROOF_OF = [
    ("package-missing", "photo", "package"),
    ("msa-condition", "photo", "package"),
    ("rating-or-standard", "device_or_evidence", "panel_label"),
    ("liquid-tight-communication", "photo", "conduit"),
    ("liquid-tight-missing", "photo", "conduit"),
    ("conduit-obstruction", "photo", "conduit"),
    ("instrument-rated", "evidence", "meter_socket"),
    ("double-sided-clips", "evidence", "panel_label"),
    ("backfeed-over-rating", "evidence", ""),
    ("socket-incompatible", "device_or_evidence", "meter_socket"),
    ("safety-hazard", "evidence", "meter_socket"),
    ("no-access", "statement", ""),
]


def set_proofs(apps, _schema_editor):
    reasons = apps.get_model("requests_app", "OutcomeReason").objects
    reasons.filter(responsible="utility").update(proof="nothing")
    for code, proof, topic in PROOF_OF:
        reasons.filter(code=code).update(proof=proof, photo_topic=topic)


def move_cures(apps, _schema_editor):
    """What was kept as words by a reason's code belongs to the visit that failed before the saved form."""
    cure = apps.get_model("requests_app", "Cure")
    for saved in apps.get_model("requests_app", "FollowUp").objects.exclude(cures={}).select_related("round"):
        rounds = apps.get_model("requests_app", "VisitRound").objects.filter(
            request_id=saved.request_id, number__lt=saved.round.number, outcome="unsuccessful"
        )
        failed = rounds.order_by("number").last()
        if failed is None:
            continue
        for reason in failed.reasons.exclude(responsible="utility").filter(code__in=saved.cures):
            kept = {"stated_by_id": saved.created_by_id, "stated_at": saved.created_at, "proof": "statement"}
            cure.objects.update_or_create(
                round=failed, reason=reason, defaults=kept | {"statement": saved.cures[reason.code]}
            )


def proof():
    return models.CharField(
        choices=PROOFS,
        default="statement",
        help_text="Asked for before the next visit. A reason on the utility's side needs nothing.",
        max_length=20,
        verbose_name="proof that it is put right",
    )


def photo_topic():
    return models.CharField(
        blank=True,
        choices=TOPICS,
        help_text="For a proof with a photo.",
        max_length=20,
        verbose_name="what the photo shows",
    )


def to(model, related_name="+", **more):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=related_name, to=model, **more
    )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("requests_app", "0013_corrections"),
    ]

    operations = [
        migrations.AddField("outcomereason", "proof", proof()),
        migrations.AddField("outcomereason", "photo_topic", photo_topic()),
        migrations.AddField("historicaloutcomereason", "proof", proof()),
        migrations.AddField("historicaloutcomereason", "photo_topic", photo_topic()),
        migrations.CreateModel(
            "Cure",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("proof", models.CharField(choices=PROOFS, max_length=20, verbose_name="proof")),
                ("statement", models.TextField(blank=True, max_length=1000, verbose_name="statement")),
                ("stated_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("device", to("requests_app.product", blank=True, null=True)),
                ("documents", models.ManyToManyField(blank=True, related_name="+", to="requests_app.document")),
                ("reason", to("requests_app.outcomereason")),
                ("round", to("requests_app.visitround", "cures")),
                ("stated_by", to(settings.AUTH_USER_MODEL)),
            ],
            {"verbose_name": "cure", "verbose_name_plural": "cures", "ordering": ["round", "pk"]},
        ),
        migrations.AddConstraint(
            "cure",
            models.UniqueConstraint(fields=("round", "reason"), name="one_cure_per_reason_of_a_visit"),
        ),
        migrations.RunPython(set_proofs, migrations.RunPython.noop),
        migrations.RunPython(move_cures, migrations.RunPython.noop),
        migrations.RemoveField("followup", "cures"),
    ]
