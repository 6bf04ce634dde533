"""What people can type, field by field, and text that would act where a page takes it for anything but text.

`fill()` writes it past all forms, so that what an import, the API or an older version let through is tried too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection, models
from tinyhtml5 import parse

from requests_app import decision_guard

OURS = {"accounts", "approvals", "business_days", "notices", "requests_app", "payments", "fieldwork", "demo", "mfa", "account", "usersessions", "axes", "admin", "auth", "sessions", "contenttypes"}  # fmt: skip
TEXT = (models.CharField, models.TextField, models.JSONField)

# Historical models have the same fields, and are filled too.
TYPED: dict[str, tuple[str, ...]] = {
    "accounts.User": ("name", "phone"),
    "accounts.Company": ("name", "license_classification", "phone", "email", "address"),
    "accounts.MembershipInvitation": ("email",),
    "approvals.Proposal": ("subject", "reason", "operator", "note", "payload"),
    "business_days.ClosureDay": ("name",),
    "notices.NoticeMessage": ("to_email", "subject", "text", "last_error"),
    "requests_app.Agreement": ("facts",),
    "requests_app.Signature": ("name", "email", "user_agent", "consent_text"),
    "requests_app.SigningInvitation": ("email",),
    "requests_app.AgentAuthority": ("customer_email",),
    "requests_app.DocumentOpening": ("email", "user_agent"),
    "requests_app.SigningConsent": ("email", "user_agent", "text"),
    "requests_app.DeadlineExtension": ("reason",),
    "requests_app.Document": ("name",),
    "requests_app.Product": ("serial_sample", "manufacturer", "model", "part_number", "notes", "source", "next_steps", "required_documents"),
    "requests_app.IncompatiblePanel": ("model", "note"),
    "requests_app.PanelRestriction": ("panel_model", "explanation"),
    "requests_app.OutcomeReason": ("title", "explanation"),
    "requests_app.CorrectionReason": ("title", "explanation"),
    "requests_app.PaperReason": ("title", "explanation"),
    "requests_app.AgreementWording": ("title", "customer_terms", "authorization", "submittal", "consent"),
    "requests_app.ServiceAccount": ("name", "street", "unit", "city", "meter_number"),
    "requests_app.PaperSigning": ("sent_from",),
    "requests_app.PaperSection": ("note",),
    "requests_app.PanelModelAnswer": ("typed", "suggested"),
    "requests_app.ReadinessStatement": ("text", "findings"),
    "requests_app.RecordComparison": ("fields",),
    "requests_app.Screening": ("facts",),
    "requests_app.ScreeningAnswer": ("note",),
    "requests_app.StaffDecision": ("content", "ended_why"),
    "requests_app.DeskNote": ("text",),
    "requests_app.AddressCorrection": ("from_email", "to_email"),
    "requests_app.Correction": ("note", "value_then", "answer", "proposal", "draft"),
    "requests_app.Cure": ("statement",),
    "requests_app.Withdrawal": ("note",),
    "requests_app.MSARequest": (
        *("customer_name", "customer_email", "customer_phone", "street", "unit", "city", "meter_number", "project_number"),
        *("access_notes", "panel_model", "panel_model_confirmed", "allowed_account_because"),
    ),
    "payments.Fee": ("waiver_reason",),
    "payments.Payment": ("payer_name", "payer_email"),
    "payments.PayInvitation": ("email", "name"),
    "payments.ProviderEvent": ("error",),
    "payments.ReconciliationItem": ("note",),
    "payments.Refund": ("note", "last_error"),
    "fieldwork.Skill": ("title",),
    "fieldwork.District": ("name",),
    "fieldwork.Yard": ("name",),
    "fieldwork.CloseOut": ("serial_number", "notes", "review_note"),
    "fieldwork.RuleProposal": ("panel_model", "note"),
    "fieldwork.PlanRun": ("error",),
    "demo.ArrivedMail": ("to_email", "from_email", "subject", "text"),
    "admin.LogEntry": ("object_repr",),
    "usersessions.UserSession": ("user_agent",),
    "axes.AccessLog": ("user_agent", "username", "http_accept", "path_info"),
    "axes.AccessAttempt": ("user_agent", "username", "http_accept", "path_info", "get_data", "post_data"),
    "axes.AccessFailureLog": ("user_agent", "username", "http_accept", "path_info"),
}  # fmt: skip

# What nobody types; the names of the fields by the reason.
NOT_TYPED: dict[str, set[str]] = {
    "a hash, a key, a token or an id that is made here or by the provider": {
        "password", "unique_key", "message_id", "private_link", "document_sha256", "sha256", "original_sha256", "body_hash",
        "problem_hash", "digest", "previous_digest", "certificate_sha256", "session_id", "session_url", "intent_id",
        "provider_id", "event_id", "object_id", "key", "session_key", "session_data", "session_hash", "data", "codename",
        "caused_from", "account_key", "holds_account", "allowed_account",
    },
    "a code, a number or a version of ours": {
        "code", "rule", "reference", "number", "version", "text_version", "app_version", "currency", "fee_reason", "type",
        "category", "failure", "kind", "target", "content_type", "normalized", "panel_normalized", "field", "app_label", "employee_number",
    },
    "digits alone, which the database or the model holds to": {"account_number", "zip_code", "license_number"},
    "lists of codes or numbers": {
        "sections", "codes", "request_types", "required_companions", "checklist", "evidence", "marks", "progress", "result",
        "fact_writes",
    },
    "made by our templates of values that are filled elsewhere": {"html", "attachments", "change_message"},
    "an expression that is compiled and tried when saved": {"serial_pattern"},
}  # fmt: skip
# The same names where the model makes the difference.
NOT_TYPED_HERE = {
    "notices.NoticeMessage.counted_to": "the recipient's address again, which no page shows",
    "accounts.User.email": "the crawl signs in by it; the addresses of customers are filled",
    "account.EmailAddress.email": "the crawl signs in by it; the addresses of customers are filled",
    "auth.Group.name": "roles are made by the program",
    "auth.Permission.name": "made by Django",
    "contenttypes.ContentType.model": "made by Django",
    "requests_app.HeldForm.path": "an address of ours that a form was posted to",
    "requests_app.HeldForm.page": "an address of ours that a form stood on",
    "requests_app.HeldForm.fields": "what a form waits with; shown nowhere, the form's view reads it",
    "requests_app.Inspection.name": "the name of a file that waits; shown nowhere, the form's view reads it",
    "requests_app.Inspection.answer": "what an inspector says of a file: codes and numbers",
    "requests_app.Seal.name": "of our own certificate",
    "requests_app.StaffDecision.seen": "what a page showed: codes, numbers and moments",
    "fieldwork.PlanRun.findings": "made by the checker of plans",
}


def text_fields() -> Iterator[tuple[str, str]]:
    """Model and field, of all that holds text without choices."""
    for model in apps.get_models():
        if model._meta.app_label in OURS and not model.__name__.startswith("Historical"):
            for field in model._meta.local_fields:
                if isinstance(field, TEXT) and not field.choices:
                    yield model._meta.label, field.name


NUMBER_OF = {place: number for number, place in enumerate((model, name) for model in TYPED for name in TYPED[model])}


def hostile(number: int, longest: int | None, *, is_email: bool = False) -> str:
    """Text that shows as an element, an attribute, a script or a result where it isn't shown as text."""
    mark = f"zq{number}q"
    if is_email:
        return f'"{mark}<zq-x zq-a>"@example.com'
    texts = (
        (
            f"{mark}\"'><zq-x zq-a onclick=zqRan()><script>zqRan()</script><img src=x onerror=zqRan()>"
            "<i hx-post=/zq-asked hx-trigger=load></i></textarea></title></script><zq-y>{{7*7}}{%zq%}javascript:zqRan()"
        ),
        f"{mark}\"'><zq-x zq-a hx-post=/zq-asked hx-trigger=load>{{{{7*7}}}}",
        f"{mark}\"'><zq-x zq-a>",
        "q\"'><zq-x>",
        "<zq-x>",
        "<i>",
    )
    return next(text for text in texts if longest is None or len(text) <= longest)


def hostile_text(model: str, name: str, longest: int | None = None) -> str:
    """That field's own."""
    return hostile(NUMBER_OF[model, name], longest)


def fill() -> None:
    """Every typed field of every row, histories too."""
    with unguarded():
        _fill()


@contextmanager
def unguarded() -> Iterator[None]:
    """The database refuses to change what staff decided (`decision_guard`)."""
    place = "" if connection.vendor == "sqlite" else " ON requests_app_staffdecision"
    with connection.cursor() as cursor:
        for trigger in decision_guard.TRIGGERS:
            cursor.execute(f"DROP TRIGGER {trigger}{place}")
    yield
    decision_guard.keep(using=connection.alias)


def _fill() -> None:
    for model in apps.get_models():
        label = model._meta.label.replace("Historical", "")
        for name in TYPED.get(label, ()):
            if model._meta.label != label and name not in {field.name for field in model._meta.local_fields}:
                continue
            _fill_column(model, name, NUMBER_OF[label, name])


def _fill_column(model: type[models.Model], name: str, number: int) -> None:
    field: Any = model._meta.get_field(name)
    constraints = [
        constraint for constraint in model._meta.constraints if isinstance(constraint, models.UniqueConstraint)
    ]
    is_unique = field.unique or any(name in constraint.fields or constraint.expressions for constraint in constraints)
    longest = field.max_length - 6 * is_unique if field.max_length else None
    text = hostile(number, longest, is_email=isinstance(field, models.EmailField))
    rows = model._base_manager.all()
    nobody_typed = not isinstance(field, models.JSONField) and not rows.exclude(**{name: ""}).exists()
    for row in rows:
        value = getattr(row, name)
        if value in ("", None, [], {}) and not nobody_typed:
            continue
        if isinstance(field, models.JSONField):
            filled: Any = _filled(value, number)
        else:
            filled = f"{text}{row.pk}" if is_unique else text
        model._base_manager.filter(pk=row.pk).update(**{name: filled})


def _filled(value: Any, number: int) -> Any:
    """JSON with its texts replaced, where they aren't codes or numbers."""
    if isinstance(value, dict):
        return {key: _filled(inner, number) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, number) for inner in value]
    is_words = isinstance(value, str) and re.search("[A-Z]| ", value)
    return hostile(number, 250) if is_words else value


# What the text leaves in the source where it isn't escaped; without it, no parser has to look.
_RAW = re.compile(r"<zq-|zq\d+q\"|=\s*zq\d+q|=\s*[\"']?\s*(?:java|vb)script:|zq-y(?:>|&gt;)49|zq-a\s*=", re.IGNORECASE)


def elements_of(html: str) -> list[Any]:
    """What a browser would make of it."""
    return [element for element in parse(html, namespace_html_elements=False).iter() if isinstance(element.tag, str)]


def acting(html: str) -> list[str]:
    """What of the text a browser would take for markup, a script or an address; and what a template worked out."""
    faults = []
    for element in elements_of(html) if _RAW.search(html) else []:
        if element.tag.startswith("zq-"):
            faults.append(f"element <{element.tag}>")
        for attribute, value in element.attrib.items():
            words = value.strip().lower()
            if attribute.startswith("zq-") or (attribute.startswith(("on", "hx-", "data-hx-")) and "zq" in words):
                faults.append(f"<{element.tag} {attribute}>")
            if attribute in {"href", "src", "action", "formaction"} and words.startswith(("javascript:", "vbscript:")):
                faults.append(f"<{element.tag} {attribute}={value}>")
    if re.search("zq-y(?:>|&gt;)49", html):
        faults.append("a template in it was worked out")
    return faults
