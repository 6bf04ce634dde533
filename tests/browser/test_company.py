"""A company takes a colleague in and lets them go: by invitation, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import expect

from demo import accounts
from tests.browser.journey import Person

Meet = Callable[..., Person]


def test_colleague_joins_by_invitation_works_for_two_companies_and_is_removed(meet: Meet) -> None:
    mark = uuid4().hex[:6]
    olga = meet(f"olga-{mark}@example.com", "Olga Petrov")
    olga.signs_up()
    olga.opens("/accounts/company/")
    olga.fills(Company_name=f"Foothill Solar {mark}", CSLB_license_number="# 987 654", License_classification="c10")
    olga.presses("Register company")
    olga.reads("C-10 987654", "Not yet.")

    nina = meet(f"nina-{mark}@example.com", "Nina Sample", phone=True)
    for company in (olga, meet(accounts.MANAGER.email, accounts.MANAGER.name)):
        if company is not olga:
            company.signs_in(accounts.MANAGER.start)
            company.opens("/accounts/company/")
        company.fills(Email_address=nina.email)
        company.presses("Send invitation")
        company.reads(f"We emailed an invitation to {nina.email}", "Invited, not here yet")
        assert "Nina" not in company.content.inner_text()
    invitation = nina.mail("An invitation to join a company")
    assert "We haven't verified this company yet" in invitation

    nina.signs_up()
    nina.opens("/accounts/invitations/")
    nina.reads(f"Foothill Solar {mark} invites you", "Bright Roof Solar invites you")
    nina.presses("Accept invitation")
    nina.reads(f"You work for Foothill Solar {mark} now.", "Bright Roof Solar invites you")
    nina.presses("Accept invitation")
    strip = nina.page.locator(".portal-company")
    expect(strip).to_contain_text("Working for Bright Roof Solar")
    nina.opens("/requests/")
    expect(nina.content).to_contain_text("MSA-")
    strip.get_by_role("link", name="Switch company").click()
    nina.chooses("Which company do you work for now?", f"Foothill Solar {mark}")
    nina.presses("Switch")
    expect(strip).to_contain_text(f"Working for Foothill Solar {mark}")
    expect(nina.content).not_to_contain_text("MSA-")

    nina.opens("/requests/new/")
    nina.chooses("Whom is the request for?", "A customer")
    nina.presses("Start")
    reference = nina.reference
    olga.opens("/accounts/company/")
    olga.presses("Remove Nina Sample")
    olga.reads("Remove Nina Sample?", "1 open request needs a new agent of record")
    olga.chooses("Who takes over?", "Olga Petrov")
    olga.presses("Remove")
    olga.reads("Nina Sample doesn't work for your company anymore.")
    assert nina.context.request.get(f"{nina.stack.url}/requests/{reference}/").status == 404
    olga.opens_request(reference)
    nina.opens("/requests/")
    expect(strip).to_have_count(0)
    expect(nina.content).not_to_contain_text(reference)
