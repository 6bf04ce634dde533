"""Corrections about documents, with a proposed value; a valid request has no open one."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Count, F, Q

from msa_portal.initial_data import fill

KINDS = [
    ("agreement", "Agreement, unsigned"),
    ("executed_agreement", "Agreement, signed"),
    ("receipt", "Receipt"),
    ("flyer", "Leave-behind flyer"),
    ("site_photo", "Photo of the site"),
    ("product_document", "Document that the device requires"),
    ("paper_agreement", "Agreement, signed on paper"),
    ("drawn_signature", "Drawn signature"),
    ("cure_proof", "Proof that a reason is put right"),
]
TOPICS = [
    ("panel_label", "Panel label"),
    ("meter_socket", "Meter and socket"),
    ("conduit", "Conduit"),
    ("package", "The MSA in its waterproof package, by the meter"),
]
# Code, title, what to do, rule, check, kind of document, what its photo shows.
REASONS = [
    (
        "photo-panel-label",
        "We need a photo of the panel label",
        "Open the panel's door and come close, so that model and rating can be read.",
        "E2, E4, E8",
        "C6",
        "site_photo",
        "panel_label",
    ),
    (
        "photo-meter-socket",
        "We need a photo of the meter and its socket",
        "Step back until the meter, the socket and the ground in front of them are in the picture.",
        "E7, E12, E17",
        "C6",
        "site_photo",
        "meter_socket",
    ),
    (
        "photo-conduit",
        "We need a photo of the conduit",
        "Show the pipes and cables that go into the panel.",
        "E9, E10, E11",
        "C6",
        "site_photo",
        "conduit",
    ),
    (
        "photo-package",
        "We need a photo of the MSA in its package",
        "Put the MSA in its waterproof package next to the meter, then show both.",
        "E13, E14",
        "C6",
        "site_photo",
        "package",
    ),
    (
        "product-document",
        "A document about the device is missing or cannot be read",
        "Send the document that the note names, as a photo or a PDF.",
        "R5",
        "C6",
        "product_document",
        "",
    ),
    (
        "paper-agreement-unreadable",
        "The agreement on paper cannot be read",
        "Scan or photograph every page of the signed agreement once more, flat and in good light.",
        "A1",
        "C1",
        "paper_agreement",
        "",
    ),
]


def add_document_reasons(apps, _schema_editor):
    names = ("code", "title", "explanation", "rule", "check_code", "document", "photo_topic")
    rows = (
        dict(zip(names, row, strict=True)) | {"position": 400 + place * 10} for place, row in enumerate(REASONS, 1)
    )
    fill(apps, "requests_app", "CorrectionReason", rows, key=("code",))


def count_open(apps, _schema_editor):
    """What was closed before was closed by an acceptance, or by the next time it was sent back."""
    corrections = apps.get_model("requests_app", "Correction").objects
    corrections.filter(closed_at__isnull=False).update(closed_as="accepted")
    corrections.filter(answered_at__isnull=False).update(way="done")
    requests = apps.get_model("requests_app", "MSARequest").objects
    for request in requests.annotate(number=Count("corrections", filter=Q(corrections__closed_at=None))).exclude(
        number=F("open_corrections")
    ):
        requests.filter(pk=request.pk).update(open_corrections=request.number)


def document_kind(name):
    return models.CharField(blank=True, choices=KINDS, max_length=20, verbose_name=name)


def photo_topic():
    return models.CharField(blank=True, choices=TOPICS, max_length=20, verbose_name="what the photo shows")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("requests_app", "0012_deadlines"),
    ]

    operations = [
        migrations.AddField("correctionreason", "document", document_kind("document to send again")),
        migrations.AddField("correctionreason", "photo_topic", photo_topic()),
        migrations.AddField("historicalcorrectionreason", "document", document_kind("document to send again")),
        migrations.AddField("historicalcorrectionreason", "photo_topic", photo_topic()),
        migrations.AddConstraint(
            "correctionreason",
            models.CheckConstraint(condition=Q(field="") | Q(document=""), name="correction_reason_has_one_subject"),
        ),
        migrations.AddField(
            "screening",
            "facts",
            models.JSONField(
                blank=True, help_text="What the form said, in words, when corrections were required.", null=True
            ),
        ),
        migrations.AddField("correction", "document", document_kind("document")),
        migrations.AddField("correction", "photo_topic", photo_topic()),
        migrations.AddField(
            "correction", "proposal", models.JSONField(blank=True, null=True, verbose_name="proposed value")
        ),
        migrations.AddField(
            "correction",
            "follows",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="followed_by",
                to="requests_app.correction",
            ),
        ),
        migrations.AddField("correction", "draft", models.JSONField(blank=True, default=dict)),
        migrations.AddField(
            "correction",
            "way",
            models.CharField(
                blank=True,
                choices=[
                    ("proposal", "Took over what our staff proposed"),
                    ("changed", "Corrected"),
                    ("device", "Chose another device"),
                    ("document", "Sent a new file"),
                    ("right", "Says that it is right as it is"),
                    ("done", "Says what was done"),
                ],
                max_length=12,
                verbose_name="way",
            ),
        ),
        migrations.AddField(
            "correction",
            "answer_document",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="requests_app.document",
            ),
        ),
        migrations.AddField(
            "correction",
            "closed_as",
            models.CharField(
                blank=True,
                choices=[
                    ("accepted", "Accepted"),
                    ("kept_open", "Asked again with a new note"),
                    ("replaced", "Replaced by a newer item"),
                    ("withdrawn", "The request was withdrawn"),
                ],
                max_length=12,
                verbose_name="closed as",
            ),
        ),
        migrations.AddField(
            "correction",
            "closed_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "correction",
            models.CheckConstraint(condition=Q(field="") | Q(document=""), name="correction_has_one_subject"),
        ),
        migrations.AddConstraint(
            "correction",
            models.CheckConstraint(condition=Q(proposal__isnull=True) | ~Q(field=""), name="proposal_is_for_a_field"),
        ),
        migrations.AddField(
            "msarequest",
            "open_corrections",
            models.PositiveSmallIntegerField(
                default=0,
                editable=False,
                help_text="Items that staff have not accepted; counted where items open and close.",
            ),
        ),
        migrations.AddConstraint(
            "msarequest",
            models.CheckConstraint(
                condition=Q(open_corrections=0) | Q(status__in=["corrections_required", "request_submitted"]),
                name="valid_request_has_no_open_correction",
            ),
        ),
        migrations.RunPython(count_open, migrations.RunPython.noop),
        migrations.RunPython(add_document_reasons, migrations.RunPython.noop),
    ]
