"""What this app shows in sections of pages: readiness, evidence, the device's documents, and repairs after a visit."""

from __future__ import annotations

from typing import Any

from msa_portal.accounts.models import User
from requests_app import enums, hooks, permissions
from requests_app.agreements import versions
from requests_app.enums import Status
from requests_app.files import product_documents, site_photos
from requests_app.follow_ups import cures
from requests_app.models import MSARequest, PaperSigning
from requests_app.readiness import evidence, readiness
from requests_app.signing import paper, signer_names

_LATER = (Status.INSTALLATION_COMPLETE, Status.WITHDRAWN)


def connect() -> None:
    """Called once when the app is ready. Sections appear on the page in this order."""
    hooks.register_section("paper", signing_on_paper)
    hooks.register_section("screening", signed_on_paper)
    hooks.register_section("screening", other_names)
    hooks.register_section("owner", ready_for_the_visit)
    hooks.register_section("screening", evidence_for_screening)
    hooks.register_section("screening", documents)
    hooks.register_section("owner", documents)
    hooks.register_section("screening", put_right)


def put_right(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """Each reason of the last failed visit, with what its owner shows for it."""
    if msa_request.status in _LATER:
        return None
    previous = cures.of_previous_visit(msa_request)
    if previous is None:
        return None
    visit, items = previous
    context = {"msa_request": msa_request, "visit": visit, "items": items, "is_office": viewer.sees_all_requests}
    return "requests_app/partials/cures.html", context


def documents(msa_request: MSARequest, user: User) -> tuple[str, dict[str, Any]] | None:
    """What was sent and what is missing; whoever acts for the customer can send it from here."""
    wanted = product_documents.wanted(msa_request)
    if not wanted:
        return None
    may_send = msa_request.status not in enums.FINAL and permissions.acts_for(user, msa_request)
    context = {"msa_request": msa_request, "wanted": wanted, "may_send": may_send}
    return "requests_app/panels/device_documents.html", context


def ready_for_the_visit(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """Until the request is closed: the answer, and the way to what was said and shown."""
    if (
        msa_request.status in enums.FINAL
        or not msa_request.request_type
        or not permissions.acts_for(viewer, msa_request)
    ):
        return None
    context = {
        "msa_request": msa_request,
        "readiness": readiness.check(msa_request),
        "photo_count": len(site_photos.current(msa_request)),
    }
    return "requests_app/panels/readiness.html", context


def evidence_for_screening(msa_request: MSARequest, _viewer: User) -> tuple[str, dict[str, Any]] | None:
    return "requests_app/panels/evidence.html", {
        "msa_request": msa_request,
        "evidence": evidence.evidence_of(msa_request),
    }


def signing_on_paper(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """On the agreement's page: the way to paper, and what came of it."""
    agreement = versions.current(msa_request)
    if agreement is None or not viewer.is_authenticated or not permissions.acts_for(viewer, msa_request):
        return None
    papers = paper.papers_of(agreement)
    if not papers and not paper.asked_for(agreement):
        return None
    context = {"msa_request": msa_request, "papers": papers, "asked_for": paper.asked_for(agreement)}
    return "requests_app/panels/paper.html", context


def signed_on_paper(msa_request: MSARequest, viewer: User) -> tuple[str, dict[str, Any]] | None:
    """On the screening page: what was signed on paper."""
    papers = PaperSigning.objects.filter(agreement__msa_request=msa_request).select_related("agreement__msa_request")
    rows = list(papers.prefetch_related("sections__reason").order_by("-pk"))
    return ("requests_app/panels/paper_desk.html", {"papers": rows}) if rows else None


def other_names(msa_request: MSARequest, _viewer: User) -> tuple[str, dict[str, Any]] | None:
    """On the screening page: signatures under another name than the account's."""
    differences = signer_names.differences(msa_request)
    return ("requests_app/panels/signer_names.html", {"differences": differences}) if differences else None
