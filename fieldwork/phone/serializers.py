"""What a phone sends, checked field by field."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from fieldwork.forms.closeout import CHECK_ANSWERS
from fieldwork.visits.annotations import check
from fieldwork.visits.closeout_report import MAX_PHOTOS
from msa_portal.errors import Refused
from requests_app.enums import VisitOutcome
from requests_app.models import OutcomeReason

# Also reasons that are out of use by now: the phone knew them in the morning.
REASONS = OutcomeReason.objects.filter(at_site=True)


# Why nobody could go to a site: the visit is moved then, not failed (D13).
NOT_REACHED = OutcomeReason.objects.filter(at_site=False)


class Sha256Field(serializers.RegexField):
    def __init__(self, **options: Any) -> None:
        super().__init__(re.compile(r"[0-9a-f]{64}"), **options)


class MomentSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    # Counted by the phone since then, whatever its clock was set to in between.
    seconds_ago = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=10 * 366 * 86_400
    )


class GiveBackSerializer(MomentSerializer):
    """`id` is minted at the tap; `on` is the day of the visit that the technician saw."""

    id = serializers.UUIDField()
    on = serializers.DateField()
    reason = serializers.SlugRelatedField(slug_field="code", queryset=NOT_REACHED)


class AnnouncedSerializer(serializers.Serializer[Any]):
    visit = serializers.IntegerField(min_value=1, max_value=2**62)
    sha256 = Sha256Field()
    size = serializers.IntegerField(min_value=1, max_value=settings.MAX_UPLOAD_BYTES)
    # All photos that the report has now: others that were sent for it are forgotten.
    keep = serializers.ListField(child=Sha256Field(), required=False, max_length=50)


class ReportPhotoSerializer(serializers.Serializer[Any]):
    sha256 = Sha256Field()
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    marks = serializers.ListField(required=False, default=list)
    taken_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_marks(self, marks: Any) -> list[dict[str, Any]]:
        try:
            return check(marks)
        except Refused as refusal:
            raise serializers.ValidationError(str(refusal)) from refusal


class ReportSerializer(serializers.Serializer[Any]):
    """The body of a close-out. Times are the phone's own (fault 19)."""

    visit = serializers.IntegerField(min_value=1, max_value=2**62)
    outcome = serializers.ChoiceField(choices=VisitOutcome.choices)
    reasons = serializers.SlugRelatedField(slug_field="code", queryset=REASONS, many=True, required=False)
    checklist = serializers.DictField(child=serializers.ChoiceField(choices=CHECK_ANSWERS), required=False)
    serial_number = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    notes = serializers.CharField(required=False, allow_blank=True, default="", max_length=2000)
    stopped_unsafe = serializers.BooleanField(required=False, default=False)
    photos = ReportPhotoSerializer(many=True, required=False)
    opened_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    device_time = serializers.DateTimeField(required=False, allow_null=True, default=None)
    app_version = serializers.CharField(required=False, allow_blank=True, default="", max_length=20)

    def validate_checklist(self, answers: dict[str, str]) -> dict[str, str]:
        """Rules by number; not only those of today, since the form may be of yesterday's version."""
        if len(answers) > 40 or not all(re.fullmatch(r"E[0-9]{1,2}[a-z]?", number) for number in answers):
            raise serializers.ValidationError(_("The checklist names rules by number: E9."))
        return answers

    def validate_photos(self, photos: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(photos) > MAX_PHOTOS:
            raise serializers.ValidationError(_("At most %(count)s photos.") % {"count": MAX_PHOTOS})
        codes = {photo["reason"] for photo in photos if photo["reason"]}
        known = {reason.code: reason for reason in REASONS.filter(code__in=codes)}
        if unknown := codes - known.keys():
            raise serializers.ValidationError(
                _("There is no such reason: %(codes)s.") % {"codes": ", ".join(sorted(unknown))}
            )
        return [photo | {"reason": known.get(photo["reason"])} for photo in photos]
