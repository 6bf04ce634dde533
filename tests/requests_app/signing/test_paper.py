"""Signing on paper: sent, looked at section by section, sent back with a reason, executed."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from msa_portal.approvals import services as approvals
from msa_portal.approvals.models import Proposal
from msa_portal.business_days.calendar import local_day
from msa_portal.errors import Refused
from msa_portal.notices.models import NoticeMessage
from requests_app import signals
from requests_app.agreements import versions
from requests_app.enums import AgreementState, EventKind, PaperState, Party, ScanState, Section
from requests_app.lifecycle import drafts
from requests_app.models import Agreement, Document, MSARequest, PaperReason, PaperSigning
from requests_app.signing import invitations, paper, rendering
from requests_app.signing.paper import Verdict
from tests import crafted, factories

pytestmark = pytest.mark.django_db


def rendered(msa_request: MSARequest) -> Agreement:
    agreement = versions.prepare(msa_request, by=factories.actor_of(msa_request))
    rendering.render(agreement.pk)
    return Agreement.objects.select_related("msa_request").get(pk=agreement.pk)


@pytest.fixture
def mine() -> Agreement:
    return rendered(factories.complete_request())


@pytest.fixture
def agents() -> Agreement:
    return rendered(factories.complete_request(company=factories.CompanyFactory()))


def scan(name: str = "scan.pdf"):
    return crafted.upload(crafted.pdf(), name, "application/pdf")


def send(agreement: Agreement, party: Party = Party.CUSTOMER, files=None, **who) -> PaperSigning:
    who = who or {"by": factories.actor_of(agreement.msa_request)}
    return paper.send(agreement, party, files or [scan()], **{"by": None} | who)


def accept(row: PaperSigning, *refused: str, note: str = "") -> PaperSigning:
    """Every section that waits, but for the refused ones."""
    reason = PaperReason.objects.get(code="not_signed")
    verdicts = [
        Verdict(Section(section.section), reason if section.section in refused else None, note)
        for section in row.sections.filter(state=PaperState.SENT)
    ]
    paper.decide(row, verdicts, by=factories.staff())
    return row


def test_accepted_pages_sign_and_execute_the_agreement(mine):
    row = send(mine, files=[scan(), crafted.upload(crafted.image(), "page2.jpg")])
    assert [document.kind for document in row.documents.all()] == ["paper_agreement"] * 2
    accept(row)
    mine.refresh_from_db()
    signature = mine.signatures.get()
    assert (mine.state, row.state) == (AgreementState.EXECUTED, PaperState.ACCEPTED)
    assert (signature.party, signature.email_proof, signature.sections, signature.name) == (
        "customer",
        "paper",
        ["customer_terms"],
        mine.facts["customer_name"],
    )
    kinds = list(mine.msa_request.events.values_list("kind", flat=True))
    assert kinds[-4:-1] == [EventKind.PAPER_SENT, EventKind.AGREEMENT_SIGNED, EventKind.AGREEMENT_EXECUTED]


def test_section_sent_back_is_told_with_its_reason_and_asked_for_alone(agents):
    first = accept(send(agents), "authorization", note="Sign at the second box.")
    assert (first.state, agents.signatures.count()) == (PaperState.SENT_BACK, 0)
    mail = NoticeMessage.objects.get(kind="paper_sent_back")
    assert mail.to_email == agents.msa_request.customer_email
    assert [words in mail.text for words in ("A signature is missing", "Sign at the second box.")] == [True, True]

    second = send(agents)
    assert [section.section for section in second.sections.all()] == ["authorization"]
    accept(second)
    assert [signature.sections for signature in agents.signatures.all()] == [["customer_terms", "authorization"]]
    agents.refresh_from_db()
    assert agents.state == AgreementState.SIGNING

    accept(send(agents, Party.AGENT))
    agents.refresh_from_db()
    assert agents.state == AgreementState.EXECUTED


def test_accepting_the_customers_pages_leaves_their_link_as_one_that_was_used(agents):
    accept(send(agents))
    invitation = agents.invitations.get()
    assert (invitation.used_at is not None, invitation.voided_at) == (True, None)


def test_newer_pages_replace_those_that_wait(mine):
    first, second = send(mine), send(mine)
    first.refresh_from_db()
    assert (first.state, second.state) == (PaperState.REPLACED, PaperState.SENT)
    assert first.documents.get().replaced_at is not None
    with pytest.raises(Refused, match="Replaced by newer pages"):
        accept(first)
    assert list(PaperSigning.objects.waiting()) == [second]


def test_pages_of_a_replaced_version_are_refused_with_the_explanation(mine):
    drafts.save_facts(
        mine.msa_request, {"city": "Arcadia"}, by=mine.msa_request.owner, version=mine.msa_request.version
    )
    mine.refresh_from_db()
    with pytest.raises(Refused, match="was replaced because something in it changed"):
        send(mine)
    assert Document.objects.filter(kind="paper_agreement").count() == 0


def test_pages_sent_before_a_change_are_not_accepted_after_it(mine):
    row = send(mine)
    drafts.save_facts(
        mine.msa_request, {"city": "Arcadia"}, by=mine.msa_request.owner, version=mine.msa_request.version
    )
    row.refresh_from_db()
    with pytest.raises(Refused, match="was replaced"):
        accept(PaperSigning.objects.get(pk=row.pk))
    assert list(PaperSigning.objects.waiting()) == []


def test_pages_that_wait_leave_the_queue_once_the_party_signs_electronically(mine):
    row = send(mine)
    factories.sign(mine, Party.CUSTOMER)
    assert list(PaperSigning.objects.waiting()) == []
    with pytest.raises(Refused, match="signed already"):
        accept(PaperSigning.objects.get(pk=row.pk))
    with pytest.raises(Refused, match="signed already"):
        send(Agreement.objects.get(pk=mine.pk))


def test_pages_in_quarantine_are_decided_on_when_they_can_be_opened(mine):
    row = send(mine)
    row.documents.update(scan=ScanState.WAITING)
    with pytest.raises(Refused, match="virus scanner"):
        accept(row)
    row.documents.update(scan=ScanState.CLEAN)
    assert accept(row).state == PaperState.ACCEPTED


def test_infected_pages_wait_for_nobody(mine):
    row = send(mine)
    document = row.documents.get()
    signals.file_infected.send(sender=Document, row=document, msa_request=mine.msa_request)
    row.refresh_from_db()
    assert row.state == PaperState.REPLACED


def test_every_section_needs_a_word(agents):
    row = send(agents)
    with pytest.raises(Refused, match="each section"):
        paper.decide(row, [Verdict(Section.CUSTOMER_TERMS)], by=factories.staff())
    assert row.sections.filter(state=PaperState.SENT).count() == 2


@pytest.mark.parametrize("make", [factories.UserFactory, factories.dispatcher, factories.technician])
def test_only_program_staff_decide(mine, make):
    with pytest.raises(Refused, match="Only program staff"):
        paper.decide(send(mine), [Verdict(Section.CUSTOMER_TERMS)], by=make())


def test_stranger_and_revoked_link_send_nothing(agents):
    with pytest.raises(Refused):
        send(agents, by=factories.UserFactory())
    invitation = agents.invitations.get()
    invitations.invite_customer(agents, by=factories.actor_of(agents.msa_request))
    with pytest.raises(Refused, match="no longer valid"):
        send(agents, invitation=invitation)
    assert PaperSigning.objects.count() == 0


def test_refused_file_keeps_nothing(mine):
    with pytest.raises(Refused, match=r"bad\.pdf: This PDF holds a program"):
        send(mine, files=[scan(), crafted.upload(crafted.pdf(b"/OpenAction << /S /JavaScript /JS (x) >>"), "bad.pdf")])
    assert (PaperSigning.objects.count(), Document.objects.filter(kind="paper_agreement").count()) == (0, 0)


def test_too_many_files_are_refused_with_the_number(mine):
    with pytest.raises(Refused, match="at most 12 files"):
        send(mine, files=[scan() for _each in range(13)])


def test_no_file_at_all_is_refused(mine):
    with pytest.raises(Refused, match="Choose the scan"):
        paper.send(mine, Party.CUSTOMER, [], by=mine.msa_request.owner, invitation=None)
    assert PaperSigning.objects.count() == 0


def test_nobody_sends_pages_without_a_link_or_an_account(mine):
    with pytest.raises(Refused, match="Sign in first"):
        send(mine, by=None)


def test_customers_invitation_sends_no_pages_for_the_agent(agents):
    with pytest.raises(Refused) as refusal:
        send(agents, Party.AGENT, invitation=agents.invitations.get())
    assert (refusal.value.code, PaperSigning.objects.count()) == ("wrong_link", 0)


# --- Pages -----------------------------------------------------------------------------------
def post(client, url: str, agreement: Agreement, *files, party: str = "customer"):
    return client.post(url, {"agreement": agreement.pk, "party": party, "pages": files or [scan()]}, follow=True)


def test_customer_downloads_sends_and_reads_why_it_came_back(client, mine):
    reference = mine.msa_request.reference
    client.force_login(mine.msa_request.owner)
    assert (
        reverse("requests:paper", args=[reference]) in client.get(f"/requests/{reference}/agreement/").content.decode()
    )
    url = f"/requests/{reference}/paper/"
    assert f"/documents/{mine.document_id}/" in client.get(url).content.decode()
    assert "Received. Program staff look at the pages" in post(client, url, mine).content.decode()

    accept(PaperSigning.objects.get(), "customer_terms", note="Page 2 lacks it.")
    shown = client.get(url).content.decode()
    assert [words in shown for words in ("A signature is missing", "Page 2 lacks it.", 'id="id_pages"')] == [True] * 3


def test_missing_file_is_said_at_the_field(client, mine):
    client.force_login(mine.msa_request.owner)
    answer = client.post(f"/requests/{mine.msa_request.reference}/paper/", {"agreement": mine.pk, "party": "customer"})
    assert (answer.status_code, 'href="#id_pages"' in answer.content.decode()) == (422, True)


def test_customer_without_an_account_sends_pages_by_the_link_and_a_get_does_nothing(client, agents):
    token = invitations.token_for(agents.invitations.get().key)
    url = f"/sign/{token}/paper/"
    assert client.get(url).status_code == 200
    assert PaperSigning.objects.count() == 0
    answer = post(client, url, agents)
    assert "Received." in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    row = PaperSigning.objects.get()
    assert (row.party, row.sent_by, row.sent_from) == ("customer", None, agents.msa_request.customer_email)
    accept(row, "customer_terms")
    mail = NoticeMessage.objects.get(kind="paper_sent_back")
    assert mail.private_link.startswith("sign:")


def test_link_cannot_send_for_the_agent(client, agents):
    token = invitations.token_for(agents.invitations.get().key)
    answer = post(client, f"/sign/{token}/paper/", agents, party="agent")
    assert (answer.status_code, PaperSigning.objects.count()) == (422, 0)


def test_agreement_of_another_request_is_not_found(client, mine, agents):
    client.force_login(mine.msa_request.owner)
    assert post(client, f"/requests/{mine.msa_request.reference}/paper/", agents).status_code == 404


def test_staff_without_a_part_in_it_do_not_send_pages(client, mine):
    client.force_login(factories.staff())
    assert client.get(f"/requests/{mine.msa_request.reference}/paper/").status_code == 404


# --- The desk --------------------------------------------------------------------------------
def test_staff_decide_in_the_desk(client, agents):
    row = send(agents)
    client.force_login(factories.staff())
    queue = reverse("admin:requests_app_papersigning_changelist") + "?queue=waiting"
    url = reverse("admin:requests_app_papersigning_change", args=[row.pk])
    assert agents.number in client.get(queue).content.decode()
    assert client.get(url).status_code == 200
    client.post(url, {"customer_terms": "accept", "authorization": "name_differs", "authorization_note": "Who is it?"})
    assert {section.section: (section.state, section.note) for section in row.sections.all()} == {
        "customer_terms": ("accepted", ""),
        "authorization": ("sent_back", "Who is it?"),
    }
    assert agents.number not in client.get(queue).content.decode()
    assert client.post(url, {"customer_terms": "accept"}).status_code == 409
    screening = client.get(reverse("admin:requests_app_msarequest_change", args=[agents.msa_request_id]))
    assert "The name is another one" in screening.content.decode()


@pytest.mark.parametrize("pk", ["0", "x"])
def test_pages_that_are_not_there(client, db, pk):
    client.force_login(factories.staff())
    assert client.get(reverse("admin:requests_app_papersigning_change", args=[pk])).status_code == 404


def test_pages_are_not_there_for_who_may_not_read_them(client, mine):
    row = send(mine)
    client.force_login(factories.UserFactory(is_staff=True))
    assert client.get(reverse("admin:requests_app_papersigning_change", args=[row.pk])).status_code == 404


def test_dispatcher_reads_and_does_not_decide(client, mine):
    row = send(mine)
    client.force_login(factories.dispatcher())
    url = reverse("admin:requests_app_papersigning_change", args=[row.pk])
    assert "Save the decision" not in client.get(url).content.decode()
    assert client.post(url, {"customer_terms": "accept"}).status_code == 409
    assert row.sections.get().state == PaperState.SENT


def test_two_supervisors_change_the_reasons(client):
    client.force_login(factories.supervisor())
    reason = PaperReason.objects.get(code="unreadable")
    url = reverse("admin:requests_app_paperreason_change", args=[reason.pk])
    values = {"code": reason.code, "title": "Too dark", "explanation": "", "rule": "", "position": 1}
    client.post(url, values | {"effective_on": local_day(timezone.now())})
    approvals.approve(Proposal.objects.get(), by=factories.supervisor())
    reason.refresh_from_db()
    assert (reason.title, reason.is_active, reason.history.count()) == ("Too dark", False, 1)


def test_queue_asks_as_often_for_many_as_for_one(client, django_assert_num_queries):
    client.force_login(factories.staff())
    url = reverse("admin:requests_app_papersigning_changelist")
    send(rendered(factories.complete_request()))
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url)
    for _each in range(3):
        send(rendered(factories.complete_request()))
    with django_assert_num_queries(len(one)):
        client.get(url)
