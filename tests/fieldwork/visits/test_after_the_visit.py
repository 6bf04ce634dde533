"""After the visit: what customer, agent and technician see of it (V4, D3, faults 31, 36)."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from fieldwork.models import SiteVisit, Technician, VisitPhoto
from fieldwork.visits import annotations, closeouts
from msa_portal.accounts.models import User
from msa_portal.notices.models import NoticeMessage
from requests_app import hooks
from requests_app.enums import ScanState, VisitOutcome
from requests_app.models import MSARequest, OutcomeReason, ProgramSettings
from requests_app.signing import authority
from tests import factories
from tests.fieldwork.conftest import new_technician, planned, report

pytestmark = pytest.mark.django_db
MARKS = [{"kind": "circle", "x1": 0.2, "y1": 0.2, "x2": 0.8, "y2": 0.8}]
STEPS = "Switch the battery on.\n\n  Scan the code   on its side.  "


def jpeg(color: str = "gray") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (320, 240), color).save(out, "JPEG")
    return out.getvalue()


def photo(number: int, **more: Any) -> closeouts.Photo:
    return closeouts.Photo(jpeg(), f"{number:064d}", **more)


def missing() -> OutcomeReason:
    return factories.OutcomeReasonFactory()


def close(visit: SiteVisit, *reasons: OutcomeReason, photos: Any = (), by: User | None = None) -> Any:
    assert visit.technician
    outcome = VisitOutcome.UNSUCCESSFUL if reasons else VisitOutcome.COMPLETE
    return closeouts.close_out(
        visit, report(outcome=outcome, reasons=reasons, photos=photos), by=by or visit.technician.user
    )


@pytest.fixture
def agents(technician: Technician) -> SiteVisit:
    """The visit of a request that an agent made for a customer who has an account."""
    msa_request = factories.complete_request(company=factories.CompanyFactory())
    msa_request.owner = factories.UserFactory(email=msa_request.customer_email)
    msa_request.save(update_fields=["owner"])
    return planned(technician, factories.ordered(factories.valid(factories.submitted(msa_request))))


def request_of(visit: SiteVisit) -> MSARequest:
    return factories.refreshed(visit.order.round.msa_request)


def mails(kind: str) -> list[NoticeMessage]:
    return list(NoticeMessage.objects.filter(kind=kind).order_by("to_email"))


# It worked


def test_success_tells_customer_and_agent_with_the_photo_and_the_next_steps(client: Client, agents: SiteVisit):
    msa_request = request_of(agents)
    assert msa_request.device
    msa_request.device.next_steps = STEPS
    msa_request.device.save()
    close(agents, photos=[photo(1)])
    assert {mail.to_email for mail in mails("visit_complete")} == {
        msa_request.owner and msa_request.owner.email,
        msa_request.agent and msa_request.agent.email,
    }
    for mail in mails("visit_complete"):
        for part in (
            f"What to do next with the {msa_request.device}:",
            "- Switch the battery on.\n- Scan the code on its side.",
            "See the photos of the finished work",
            f"/requests/{msa_request.reference}/#visit-title",
        ):
            assert part in mail.text
    client.force_login(msa_request.owner)
    page = client.get(msa_request.get_absolute_url()).text
    assert reverse("fieldwork:photo_small", args=[VisitPhoto.objects.get().pk]) in page
    assert "<li>Scan the code on its side.</li>" in page


def test_device_without_steps_leads_to_the_installer_and_a_removal_to_nobody(technician: Technician):
    close(planned(technician))
    [mail] = mails("visit_complete")
    assert "Ask your installer or vendor how to start using the Acme" in mail.text
    assert "photos" not in mail.text
    removal = planned(technician, factories.ordered(request_type="removal", existing_adapter="msa"))
    close(removal)
    mail = NoticeMessage.objects.get(kind="visit_complete", reference=request_of(removal).reference)
    assert "Ask your installer" not in mail.text


# It did not


def test_failure_says_of_each_reason_whose_it_is_what_to_do_and_what_it_costs(client: Client, agents: SiteVisit):
    ours, yours = factories.utility_reason(), missing()
    marked = photo(1, reason=yours, marks=MARKS, annotated=annotations.draw(jpeg(), MARKS))
    close(agents, yours, ours, photos=[marked, photo(2)])
    msa_request = request_of(agents)
    assert len(mails("visit_unsuccessful")) == 2
    text = " ".join(mails("visit_unsuccessful")[0].text.split())
    wanted = (
        "On the customer's side. Put it right, then say in a few words what was done.",
        "what was done. The next visit costs the site visit fee again.",
        "On the utility's side. You need not do anything about it. It costs you nothing.",
        f"See the photo that shows it {settings.PUBLIC_URL}/requests/{msa_request.reference}/reschedule/#reason-{yours.pk}",
    )
    for part in wanted:
        assert part in text
    client.force_login(msa_request.owner)
    shows, other = VisitPhoto.objects.order_by("pk")
    for name in ("requests:detail", "requests:reschedule", "requests:modify"):
        page = client.get(reverse(name, args=[msa_request.reference])).text
        assert "On the customer&#x27;s side" in page, name
        assert "It costs you nothing." in page, name
        assert reverse("fieldwork:photo_marked", args=[shows.pk]) in page, name
        assert (reverse("fieldwork:photo", args=[other.pk]) in page) == (name != "requests:modify"), name


def test_reasons_cost_nothing_where_supervisors_charge_no_second_fee(technician: Technician):
    ProgramSettings.current()
    ProgramSettings.objects.update(second_fee_when_customer_responsible=False)
    close(planned(technician), missing())
    [mail] = mails("visit_unsuccessful")
    assert "costs the site visit fee again" not in mail.text
    assert "It costs you nothing." in mail.text


# Who sees the photos


def test_marked_copy_and_small_copy_are_served_without_a_word_of_where(client: Client, agents: SiteVisit):
    drawn = annotations.draw(jpeg(), MARKS)
    close(agents, missing(), photos=[photo(1, annotated=drawn, marks=MARKS, evidence={"gps": "34.1"}), photo(2)])
    marked, plain = VisitPhoto.objects.order_by("pk")
    client.force_login(request_of(agents).owner)  # type: ignore[arg-type]
    answer = client.get(reverse("fieldwork:photo_marked", args=[marked.pk]))
    assert b"".join(answer.streaming_content) == drawn  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment;")
    small = client.get(reverse("fieldwork:photo_small", args=[marked.pk]))
    assert (small["Content-Type"], small["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert small["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert Image.open(io.BytesIO(small.content)).getexif() == {}
    assert client.get(reverse("fieldwork:photo_marked", args=[plain.pk])).status_code == 404


NAMES = ("photo", "photo_marked", "photo_small")


def statuses(client: Client, user: User, row: VisitPhoto) -> list[int]:
    client.force_login(user)
    answered = []
    for name in NAMES:
        answer = client.get(reverse(f"fieldwork:{name}", args=[row.pk]))
        if answer.streaming:
            list(answer.streaming_content)  # type: ignore[attr-defined]
        answered.append(answer.status_code)
    return answered


def test_photos_of_a_conflict_are_the_offices_and_the_technicians_alone(client: Client, agents: SiteVisit):
    close(agents, missing())
    late = new_technician("T-2")
    kept = close(agents, missing(), photos=[photo(1, annotated=jpeg())], by=late.user)
    assert kept.conflict == "already_closed"
    row, msa_request = VisitPhoto.objects.get(), request_of(agents)
    assert msa_request.owner
    assert msa_request.agent
    for person in (msa_request.owner, msa_request.agent, late.user, factories.UserFactory()):
        assert statuses(client, person, row) == [404, 404, 404]
    for person in (factories.staff(), factories.dispatcher(), agents.technician.user):  # type: ignore[union-attr]
        assert statuses(client, person, row) == [200, 200, 200]
    assert hooks.photos_of(agents.order.round) == []


@pytest.mark.parametrize("scan", [ScanState.WAITING, ScanState.INFECTED])
def test_photo_that_is_not_cleared_is_nowhere(client: Client, agents: SiteVisit, scan: ScanState):
    close(agents, missing(), photos=[photo(1, annotated=jpeg(), scan=scan)])
    assert hooks.photos_of(agents.order.round) == []
    assert statuses(client, factories.staff(), VisitPhoto.objects.get()) == [404, 404, 404]


def test_agent_whose_authority_ended_sees_no_photo_any_more(client: Client, agents: SiteVisit):
    close(agents, missing(), photos=[photo(1, annotated=jpeg())])
    msa_request, row = request_of(agents), VisitPhoto.objects.get()
    assert msa_request.agent
    assert msa_request.owner
    assert statuses(client, msa_request.agent, row) == [200, 200, 200]
    authority.revoke(msa_request, by=msa_request.owner)
    assert statuses(client, msa_request.agent, row) == [404, 404, 404]
    assert statuses(client, msa_request.owner, row) == [200, 200, 200]


# The flyer


def flyer(client: Client, visit: SiteVisit, shape: str) -> Any:
    return client.get(f"{reverse('fieldwork:flyer', args=[visit.pk])}?format={shape}")


@pytest.mark.pdf
@pytest.mark.parametrize(
    ("shape", "inches", "name"),
    [("label", (4, 6), "label"), ("letter", (8.5, 11), "letter"), ("x", (8.5, 11), "letter")],
)
def test_flyer_fits_its_paper_on_one_page(
    client: Client, tess: User, visit: SiteVisit, shape: str, inches: tuple[float, float], name: str
):
    reasons = [
        factories.OutcomeReasonFactory(
            code=f"long_{n}", title=f"A reason with a long name, number {n}", explanation="x " * 90
        )
        for n in range(5)
    ]
    close(visit, *reasons)
    answer = flyer(client, visit, shape)
    assert answer["Content-Disposition"].endswith(f'-{name}.pdf"')
    pages = PdfReader(io.BytesIO(answer.content)).pages
    assert (float(pages[0].mediabox.width) / 72, float(pages[0].mediabox.height) / 72) == pytest.approx(inches)
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    for part in (*(reason.title for reason in reasons), "Reschedule MSA Site Visit", "Withdraw IR", "fee again"):
        assert part in text
    if shape == "label":
        assert len(pages) == 1


def test_flyer_shows_on_the_phone_with_its_code(client: Client, tess: User, visit: SiteVisit):
    close(visit, factories.utility_reason())
    page = flyer(client, visit, "page")
    assert page["Content-Type"].startswith("text/html")
    assert '<img src="data:image/svg+xml;' in page.text
    assert "The next visit costs nothing." in page.text
    assert request_of(visit).customer_name not in page.text
    assert "?format=label" in page.text


def test_flyer_of_a_removal_offers_no_other_device(client: Client, tess: User, technician: Technician):
    visit = planned(technician, factories.ordered(request_type="removal", existing_adapter="msa"))
    close(visit, missing())
    assert "Modification Request" not in flyer(client, visit, "page").text
