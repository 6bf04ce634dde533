"""The form's questions in words, and a form field for each fact.

Nothing is required here: an answer may wait, and `completeness.gaps` says what is missing. What is
checked is the kind of what was typed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from msa_portal import formats
from msa_portal.business_days.calendar import local_day
from msa_portal.validators import one_line
from requests_app import enums
from requests_app.models import MSARequest, Product

MOST_AMPS_TYPED = 4000  # beyond it somebody typed something else


def lines(text: str) -> None:
    """Several lines, each without control characters (fault 50)."""
    for line in text.splitlines():
        one_line(line)


class TextField(forms.CharField):
    """One line. `keeps_digits` takes spaces and dashes out, as people group long numbers."""

    def __init__(self, *, name: str, keeps_digits: bool = False, autocomplete: str = "", **kwargs: Any) -> None:
        self.keeps_digits = keeps_digits
        attrs = {"autocomplete": autocomplete or "off"} | ({"inputmode": "numeric"} if keeps_digits else {})
        field: Any = MSARequest._meta.get_field(name)
        kwargs.setdefault("max_length", field.max_length)
        kwargs.setdefault("widget", forms.TextInput(attrs=attrs))
        super().__init__(required=False, **kwargs)
        self.validators.append(one_line)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return re.sub(r"[\s.–-]", "", text) if self.keeps_digits and text else text


class LinesField(forms.CharField):
    """Several lines. A form is sent with CR LF, which would count twice and differ from what a script sent."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 2}))
        super().__init__(**kwargs)
        self.validators.append(lines)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return "\n".join(text.splitlines()) if text else text


class ZipField(TextField):
    def to_python(self, value: Any) -> Any:
        """ "91016-1234" and "910161234" are both read as 91016."""
        text = super().to_python(value)
        return text[:5] if text and re.fullmatch(r"\d{9}", text) else text


class AmpsField(forms.IntegerField):
    """Whole amps. A text box, since a number box throws away what it cannot read."""

    widget = forms.TextInput

    def __init__(self, *, least: int = 1, **kwargs: Any) -> None:
        super().__init__(required=False, min_value=least, max_value=MOST_AMPS_TYPED, **kwargs)
        self.widget.attrs |= {"inputmode": "numeric", "autocomplete": "off", "class": "usa-input--small"}
        self.error_messages["invalid"] = _("Enter a whole number of amps, such as 200.")

    def to_python(self, value: Any) -> Any:
        text = str(value).strip() if value is not None else value
        return super().to_python(re.sub(r"\s*(a|amps?)$", "", text, flags=re.IGNORECASE) if text else text)


def choice(label: Any, choices: type[Any], help_text: Any = "") -> Callable[[MSARequest], forms.Field]:
    return lambda _request: forms.ChoiceField(
        label=label, choices=choices.choices, required=False, widget=forms.RadioSelect, help_text=help_text
    )


def yes_no(label: Any, help_text: Any = "") -> Callable[[MSARequest], forms.Field]:
    return lambda _request: forms.TypedChoiceField(
        label=label,
        choices=[(True, _("Yes")), (False, _("No"))],
        coerce=lambda value: value == "True",
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        help_text=help_text,
    )


def statement(label: Any, help_text: Any = "") -> Callable[[MSARequest], forms.Field]:
    return lambda _request: forms.BooleanField(label=label, required=False, help_text=help_text)


def text(name: str, label: Any, help_text: Any = "", **kwargs: Any) -> Callable[[MSARequest], forms.Field]:
    return lambda _request: TextField(name=name, label=label, help_text=help_text, **kwargs)


def amps(label: Any, help_text: Any = "", *, least: int = 1) -> Callable[[MSARequest], forms.Field]:
    return lambda _request: AmpsField(label=label, help_text=help_text, least=least)


class DeviceField(forms.ModelChoiceField):
    """The products approved today, and the one that was chosen before, each with what to know of it."""

    def __init__(self, msa_request: MSARequest, **kwargs: Any) -> None:
        self.today = local_day(timezone.now())
        approved = Product.objects.approved_on(self.today).values("pk")
        products = Product.objects.filter(Q(pk__in=approved) | Q(pk=msa_request.device_id))
        super().__init__(products, empty_label=None, required=False, widget=forms.RadioSelect, **kwargs)
        self.error_messages["invalid_choice"] = _("Choose a device from the list.")

    def label_from_instance(self, obj: Any) -> SafeString:
        details = [" · ".join(_rules_of(obj, self.today)), *([obj.notes] if obj.notes else [])]
        spans = format_html_join("", '<span class="usa-radio__label-description">{}</span>', ((d,) for d in details))
        return format_html("{}{}", str(obj), spans)


def _rules_of(product: Product, today: date) -> Iterator[str]:
    """What the list says of it, in the words of somebody who chooses (E6, E7, E16, E18)."""
    yield _now("Isolating") if product.isolating else _now("Not isolating")
    if product.max_service_amps:
        yield _now("up to %(amps)s A") % {"amps": product.max_service_amps}
    if product.request_types:
        yield _now("only for: %(types)s") % {"types": product.request_types_in_words}
    if product.required_companions:
        yield _now("needs: %(devices)s") % {"devices": product.companions_in_words}
    if product.required_documents:
        yield _now("asks for: %(documents)s") % {"documents": ", ".join(product.required_documents)}
    if not product.is_approved_on(today):
        yield _now("not approved today")
    elif product.approved_until:
        yield _now("approved until %(day)s") % {"day": formats.day(product.approved_until)}


def _companions(msa_request: MSARequest) -> forms.Field:
    needed = msa_request.device.other_companions if msa_request.device else []
    return yes_no(
        _("Is there what the device needs, or will there be with this project?"),
        ", ".join(str(companion.label) for companion in needed),
    )(msa_request)


def _zip(_request: MSARequest) -> forms.Field:
    return ZipField(
        name="zip_code",
        label=_("ZIP code"),
        keeps_digits=True,
        max_length=10,
        autocomplete="postal-code",
        validators=[RegexValidator(r"^\d{5}$", _("Enter five digits, such as 91016."))],
    )


def _email(msa_request: MSARequest) -> forms.Field:
    return forms.EmailField(
        label=_("Customer's e-mail address"),
        help_text=_("We mail the customer a link to read and sign the agreement. It may not be your own address."),
        required=False,
        validators=[not_the_agents(msa_request)],
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


def not_the_agents(msa_request: MSARequest) -> Callable[[str], None]:
    """The customer signs for themselves: nobody of the agent's company may receive the link (A2)."""

    def check(address: str) -> None:
        one_line(address)  # before the database is asked, which takes no control character
        if msa_request.agent_company and msa_request.agent_company.members.filter(email__iexact=address).exists():
            raise ValidationError(
                _("This is the address of somebody at your company. Enter the customer's own."), code="agents_address"
            )

    return check


def _phone(_request: MSARequest) -> forms.Field:
    return TextField(
        name="customer_phone",
        label=_("Phone (optional)"),
        help_text=_("For questions about the visit."),
        autocomplete="tel",
        validators=[RegexValidator(r"^[+\d][\d\s().x-]{6,}$", _("Enter a phone number, such as 626-555-0100."))],
    )


def _account(_request: MSARequest) -> forms.Field:
    return TextField(
        name="account_number",
        label=_("Service account number"),
        help_text=_("It stands on the electric bill. Spaces and dashes do not matter."),
        keeps_digits=True,
        max_length=30,
        validators=[RegexValidator(r"^[0-9A-Za-z]{4,20}$", _("Enter the digits of the number on the bill."))],
    )


def _device(msa_request: MSARequest) -> forms.Field:
    return DeviceField(
        msa_request,
        label=_("Which MSA is to be put in?"),
        help_text=_(
            "These are approved today. “Isolating” means that the device can separate the home from the grid, "
            "so that it runs on its own power in an outage."
        ),
    )


def _access_notes(_request: MSARequest) -> forms.Field:
    return LinesField(
        label=_("How does the technician reach the meter? (optional)"),
        help_text=_("A gate code, a dog, where to park. Nobody has to be at home."),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _request_type(_request: MSARequest) -> forms.Field:
    explanations = {
        enums.RequestType.INSTALL: _("Put in an MSA where there is no adapter now."),
        enums.RequestType.REMOVAL: _("Take out an MSA or a GMA, with nothing in its place."),
        enums.RequestType.REPLACEMENT: _("Take out the MSA or GMA that is there, and put in an MSA."),
        enums.RequestType.MAINTENANCE: _("Work on the MSA that is there."),
    }
    choices = [
        (
            value,
            format_html(
                '{}<span class="usa-radio__label-description">{}</span>', label, explanations[enums.RequestType(value)]
            ),
        )
        for value, label in enums.RequestType.choices
    ]
    return forms.ChoiceField(
        label=_("What do you ask for?"),
        choices=choices,
        required=False,
        widget=forms.RadioSelect,
        help_text=_(
            "MSA means meter socket adapter: a device of your own between the meter and its socket. "
            "GMA means generation meter adapter: one that the utility owns."
        ),
    )


QUESTIONS: dict[str, Callable[[MSARequest], forms.Field]] = {
    "request_type": _request_type,
    "customer_name": text(
        "customer_name",
        _("Name on the service account"),
        _("As it stands on the electric bill."),
        autocomplete="name",
    ),
    "customer_email": _email,
    "customer_phone": _phone,
    "account_number": _account,
    "meter_number": text("meter_number", _("Meter number (optional)"), _("It stands on the meter and on the bill.")),
    "street": text("street", _("Street address"), _("Where the meter is."), autocomplete="address-line1"),
    "unit": text("unit", _("Unit (optional)"), autocomplete="address-line2"),
    "city": text("city", _("City"), autocomplete="address-level2"),
    "zip_code": _zip,
    "service_class": choice(_("What is the service account for?"), enums.ServiceClass, _("The bill names the rate.")),
    "project_number": text(
        "project_number",
        _("Interconnection project number (optional)"),
        _(
            "Solar and batteries need a Rule 21 application of their own. This request runs beside it and does not "
            "replace it. With its number we can tie the two together."
        ),
    ),
    "meter_kind": choice(
        _("What kind of meter is it?"),
        enums.MeterKind,
        _("Homes up to 200 A nearly always have a self-contained meter. The bill or your installer can say."),
    ),
    "service": choice(_("What service does the panel have?"), enums.Service, _("It stands on the panel's label.")),
    "service_entrance": choice(
        _("How does the power reach the home?"), enums.ServiceEntrance, _("Either is fine. It helps the technician.")
    ),
    "service_amps": amps(_("Service rating in amps (optional)"), _("Often the same as the panel's.")),
    "panel_rating_amps": amps(
        _("Panel rating in amps"), _("On the label inside the panel's door, for example 100, 125 or 200.")
    ),
    "panel_model": text(
        "panel_model",
        _("Panel model (optional)"),
        _("On the same label, for example MBED2040B200BF. Some models cannot take an adapter."),
    ),
    "double_sided_clips": yes_no(
        _("Do double-sided clips hold the bus bars?"),
        _("The bus bars are the metal bars behind the breakers. Your installer can see it."),
    ),
    "service_requirement_violation": yes_no(
        _("Do you know of a violation or a safety hazard at the panel?"),
        _("For example a notice that it breaks the Electrical Service Requirements, rust, or burn marks."),
    ),
    "existing_adapter": choice(_("Which adapter is there now?"), enums.ExistingAdapter),
    "device": _device,
    "has_solar": yes_no(_("Is there solar, or will there be with this project?")),
    "has_storage": yes_no(
        _("Is there energy storage, or will there be with this project?"), _("Storage means a home battery.")
    ),
    "has_companions": _companions,
    "backfeed_amps": amps(
        _("Back-feed in amps"),
        _("The power your system can send toward the panel. Your installer knows it."),
        least=0,
    ),
    "device_purchased": statement(
        _("The MSA is bought from an approved vendor, and it is on site."),
        _("Send the request once you have the device: the technician puts in what is there."),
    ),
    "manufacturer_requirements_met": statement(
        _("Vendor and installer have seen to the manufacturer's requirements."),
        _("They use the MSA Vendor Checklist for it."),
    ),
    "liquid_tight_on_communication_cable": yes_no(
        _("Does the MSA's communication cable run in liquid-tight conduit?"),
        _("Liquid-tight conduit is a sealed, bendable pipe for wires."),
    ),
    "energized_conductors_in_liquid_tight": choice(
        _("Do wires that carry 120 or 240 V run in liquid-tight conduit?"),
        enums.LiquidTight,
        _("Such as a solar tap to the A/C disconnect, or an EV charging cable."),
    ),
    "communication_conduit_obstructs": yes_no(
        _("Is communication conduit in the way of the pull section or of a breaker opening?"),
        _("The pull section is the part of the panel through which the utility's wires come in."),
    ),
    "device_in_waterproof_package": yes_no(
        _("Is the MSA next to the meter, in a waterproof package that is easy to see?")
    ),
    "device_clean_dry_undamaged": yes_no(_("Is the MSA clean, dry and undamaged?")),
    "clear_meter_access": yes_no(_("Is the way to the meter clear and safe?")),
    "access_notes": _access_notes,
}


def form_field(name: str, msa_request: MSARequest) -> forms.Field:
    return QUESTIONS[name](msa_request)
