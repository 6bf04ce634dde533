"""Facts from what is stored: a request, a product."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from requests_app.eligibility.facts import FIELDS, DeviceFacts, Facts, Panels, Unlisted
from requests_app.eligibility.panels import load_panels
from requests_app.enums import DocumentKind, ScanState
from requests_app.models import Document, MSARequest, Product, normalized_panel_model


def facts_of(
    msa_request: MSARequest,
    *,
    on: date,
    panels: Panels | None = None,
    documents: tuple[str, ...] | None = None,
) -> Facts:
    """The request's facts, its device as approved on that day (E6, D15).

    `panels` are those that a rule or a page has read already, `documents` the titles that are missing.
    """
    values = {name: _said(getattr(msa_request, name)) for name in FIELDS if name != "device"}
    panels = load_panels() if panels is None else panels
    device = device_facts(msa_request.device, on=on) if msa_request.device else None
    return Facts(
        **values,
        device=device,
        panel_model_confirmed=is_confirmed(msa_request),
        incompatible_panels=panels.incompatible,
        taught=panels.taught,
        missing_documents=missing_documents(msa_request) if documents is None else documents,
    )


def missing_documents(msa_request: MSARequest) -> tuple[str, ...]:
    """What the device asks for and nobody has sent (R5)."""
    wanted = msa_request.device.documents_by_key if msa_request.device and msa_request.places_device else {}
    if not wanted or msa_request.pk is None:
        return ()
    here = {document.topic for document in msa_request.case.documents if is_sent(document)}
    return tuple(title for key, title in wanted.items() if key not in here)


def is_sent(document: Document) -> bool:
    """What counts as sent for a device: one in quarantine does, an infected one does not."""
    return document.kind == DocumentKind.PRODUCT_DOCUMENT and document.scan != ScanState.INFECTED


def is_confirmed(msa_request: MSARequest) -> bool:
    """A person stands by this very panel model; for another text they are asked again (E8)."""
    return normalized_panel_model(msa_request.panel_model) == msa_request.panel_model_confirmed


def facts_from(answers: Mapping[str, Any], *, on: date) -> Facts:
    """Facts from validated answers by the API's names, the device as its id."""
    values = {name: _said(answers.get(name)) for name in FIELDS if name != "device"}
    device = device_by_id(answers.get("device"), on=on)
    panels = load_panels() if values["panel_model"] else Panels()
    return Facts(
        **values,
        device=device,
        panel_model_confirmed=bool(answers.get("panel_model_confirmed")),
        incompatible_panels=panels.incompatible,
        taught=panels.taught,
    )


def device_by_id(device_id: int | None, *, on: date) -> DeviceFacts | Unlisted | None:
    """`Unlisted` for an id that is not on the list, however odd a number it is."""
    if device_id is None:
        return None
    product = Product.objects.filter(pk=device_id).first()
    return device_facts(product, on=on) if product else Unlisted()


def device_facts(product: Product, *, on: date) -> DeviceFacts:
    return DeviceFacts(
        id=product.pk,
        isolating=product.isolating,
        requires_storage=product.requires_storage,
        max_service_amps=product.max_service_amps,
        approved=product.is_approved_on(on),
        request_types=tuple(product.request_types),
        companions=tuple(str(companion.label).lower() for companion in product.other_companions),
    )


def _said(value: Any) -> Any:
    return None if value == "" else value
