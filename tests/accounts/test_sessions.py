"""How long a sign-in lasts, and what was typed meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.http import url_has_allowed_host_and_scheme

from msa_portal.accounts import kept_forms
from msa_portal.accounts.models import User
from msa_portal.accounts.roles import Role
from tests import factories
from tests.accounts.conftest import sign_in
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DETAILS = "/accounts/details/"


def person(*roles: Role, **fields) -> User:
    user = UserFactory(roles=roles, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def in_minutes(minutes: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=False)


def is_in_after(client: Client, minutes: float, path: str = DETAILS, **headers) -> bool:
    with in_minutes(minutes):
        return client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize("role", [Role.PROGRAM_STAFF, Role.SUPERVISOR, Role.DISPATCHER])
def test_office_signs_in_again_after_an_hour_without_doing_anything(client, role):
    sign_in(client, person(role).email)
    assert is_in_after(client, 59)
    assert is_in_after(client, 59 + 59)
    assert not is_in_after(client, 59 + 59 + 61)


def test_office_signs_in_again_after_12_hours_however_busy(client):
    sign_in(client, person(Role.PROGRAM_STAFF).email)
    for half_hour in range(1, 24):
        assert is_in_after(client, half_hour * 30)
    assert not is_in_after(client, 12 * 60 + 1)


def test_superuser_counts_as_office(client):
    sign_in(client, person(is_superuser=True, is_staff=True).email)
    assert not is_in_after(client, 61)


def test_page_that_asks_by_script_keeps_nobody_signed_in(client):
    sign_in(client, person(Role.DISPATCHER).email)
    assert is_in_after(client, 40, **{"Sec-Fetch-Mode": "cors"})
    assert not is_in_after(client, 61, **{"Sec-Fetch-Mode": "navigate"})


def test_limits_are_settings(client, settings):
    settings.OFFICE_SESSION_IDLE, settings.OFFICE_SESSION_AGE = 120, 240
    sign_in(client, person(Role.PROGRAM_STAFF).email)
    assert is_in_after(client, 1.5)
    assert is_in_after(client, 3)
    assert not is_in_after(client, 4.5)


def test_customer_has_no_such_limit(client):
    user = person()
    client.post(
        "/accounts/login/", {"login": user.email, "password": "correct horse battery staple", "remember": "on"}
    )
    assert is_in_after(client, 13 * 60)


def test_technicians_phone_stays_signed_in_for_30_days_idle_or_not(client):
    sign_in(client, person(Role.TECHNICIAN).email)
    age = client.cookies["sessionid"]["max-age"]
    assert 30 * 24 * 3600 - 5 <= age <= 30 * 24 * 3600
    assert is_in_after(client, 29 * 24 * 60)
    assert not is_in_after(client, 30 * 24 * 60 + 1)


def test_technician_signs_a_lost_phone_out(client):
    user = person(Role.TECHNICIAN)
    phone = Client(headers={"User-Agent": "Lost phone"})
    sign_in(phone, user.email)
    sign_in(client, user.email)
    assert "Lost phone" in client.get("/accounts/sessions/").content.decode()
    lost = UserSession.objects.get(user_agent="Lost phone")
    client.post(f"/accounts/devices/{lost.pk}/sign-out/")
    assert phone.get(DETAILS).status_code == 302
    assert client.get(DETAILS).status_code == 200


def test_nobody_signs_anothers_device_out(client):
    phone = Client()
    sign_in(phone, person().email)
    sign_in(client, person().email)
    session = UserSession.objects.order_by("pk").first()
    assert client.post(f"/accounts/devices/{session.pk}/sign-out/").status_code == 404
    assert phone.get(DETAILS).status_code == 200


def test_supervisor_signs_a_technicians_phone_out(client):
    technician = person(Role.TECHNICIAN)
    phone = Client()
    sign_in(phone, technician.email)
    client.force_login(person(Role.SUPERVISOR))
    chosen = {"action": "sign_out_everywhere", "_selected_action": [technician.pk]}
    client.post("/admin/accounts/user/", chosen)
    assert phone.get(DETAILS).status_code == 302


# What was typed


def sent_too_late(client: Client, user: User, data: dict, path: str = DETAILS, **extra):
    sign_in(client, user.email)
    with in_minutes(61):
        return client.post(path, data, **extra)


def test_what_was_typed_comes_back_in_the_form_after_signing_in(client):
    user = person(Role.PROGRAM_STAFF, name="Sam Staff")
    response = sent_too_late(client, user, {"name": 'Sam "The" <Staff>', "phone": "626-555-0199"})
    assert (response.status_code, response.url) == (302, "/accounts/login/?next=%2Faccounts%2Fdetails%2F")
    assert "what you typed is kept" in client.get(response.url).content.decode()
    assert User.objects.get(pk=user.pk).name == "Sam Staff"

    back = client.post(
        "/accounts/login/", {"login": user.email, "password": "correct horse battery staple", "next": DETAILS}
    )
    page = client.get(back.url).content.decode()
    assert 'value="Sam &quot;The&quot; &lt;Staff&gt;"' in page
    assert 'value="626-555-0199"' in page
    assert "is back on this page" in page
    assert User.objects.get(pk=user.pk).name == "Sam Staff"
    assert "626-555-0199" not in client.get(DETAILS).content.decode()


def test_it_comes_back_where_the_session_is_gone_without_a_trace(client):
    user = person(name="Carla Customer")
    sign_in(client, user.email)
    client.session.delete()
    assert client.post(DETAILS, {"name": "Typed before", "phone": ""}).url.startswith("/accounts/login/")
    sign_in(client, user.email)
    assert 'value="Typed before"' in client.get(DETAILS).content.decode()


def test_it_comes_back_on_the_page_that_the_form_stood_on(client):
    user = person(Role.PROGRAM_STAFF)
    response = sent_too_late(
        client,
        user,
        {"name": "X"},
        "/accounts/company/invitations/",
        headers={"Referer": "http://testserver/accounts/company/"},
    )
    assert response.url == "/accounts/login/?next=%2Faccounts%2Fcompany%2F"


def test_htmx_is_led_to_the_sign_in_as_a_page(client):
    user = person(Role.PROGRAM_STAFF)
    page = {"HX-Request": "true", "HX-Current-URL": "http://testserver/accounts/details/?tab=1"}
    response = sent_too_late(client, user, {"name": "X"}, headers=page)
    assert response["HX-Redirect"] == "/accounts/login/?next=%2Faccounts%2Fdetails%2F%3Ftab%3D1"


def test_staff_desk_brings_it_back_too(client):
    user = person(is_superuser=True, is_staff=True)
    path = f"/admin/accounts/user/{user.pk}/change/"
    sent_too_late(client, user, {"name": "Typed before", "email": user.email, "phone": ""}, path)
    sign_in(client, user.email)
    assert 'value="Typed before"' in client.get(path).content.decode()


def test_somebody_else_on_the_same_computer_does_not_get_it(client):
    sent_too_late(client, person(Role.PROGRAM_STAFF), {"name": "Not for others", "phone": ""})
    sign_in(client, person(Role.PROGRAM_STAFF).email)
    assert "Not for others" not in client.get(DETAILS).content.decode()
    assert "kept_form" not in client.session


def test_page_elsewhere_is_never_come_back_to(client):
    response = sent_too_late(
        client,
        person(Role.PROGRAM_STAFF),
        {"name": "X"},
        headers={"Referer": "https://evil.example/accounts/details/"},
    )
    assert response.url == "/accounts/login/?next=%2Faccounts%2Fdetails%2F"


def test_forged_post_is_not_kept():
    client, user = Client(enforce_csrf_checks=True), person(Role.PROGRAM_STAFF)
    client.force_login(user)
    with in_minutes(61):
        assert client.post(DETAILS, {"name": "Forged", "phone": ""}).status_code == 403
    assert "kept_form" not in client.session


def test_passwords_and_files_are_not_kept(client):
    user = person(Role.PROGRAM_STAFF, name="Sam Staff")
    data = {"name": "Kept", "password1": "never kept", "photo": SimpleUploadedFile("a.txt", b"never kept")}
    sent_too_late(client, user, data)
    assert client.session["kept_form"]["fields"] == {"name": ["Kept"]}
    sign_in(client, user.email)
    assert "Choose your files again" in client.get(DETAILS).content.decode()


# A form that was open in another tab

PASSWORD = "correct horse battery staple"


class Tabs:
    """Two tabs of one browser, which checks tokens."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)

    def token_on(self, path: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.client.get(path).text)
        assert token
        return token[1]

    def signs_in(self, user: User) -> None:
        """A session from before is over."""
        self.client.session.flush()
        login = {"login": user.email, "password": PASSWORD, "csrfmiddlewaretoken": self.token_on("/accounts/login/")}
        assert self.client.post("/accounts/login/", login).status_code == 302

    def sends(self, token: str, **headers: str) -> Any:
        data = {"name": "Typed in the second tab", "phone": "", "csrfmiddlewaretoken": token}
        return self.client.post(DETAILS, data, headers=headers)


@pytest.fixture
def tabs() -> Tabs:
    return Tabs()


def test_form_in_another_tab_comes_back_after_signing_in_again_and_is_not_sent(tabs):
    user = person(Role.PROGRAM_STAFF, name="Sam Staff")
    tabs.signs_in(user)
    second_tab = tabs.token_on(DETAILS)
    with in_minutes(61):
        assert tabs.client.get(DETAILS).status_code == 302
        tabs.signs_in(user)
        answer = tabs.sends(second_tab)
        assert (answer.status_code, answer.url) == (302, DETAILS)
        page = tabs.client.get(DETAILS).text
        assert 'value="Typed in the second tab"' in page
        assert "so nothing was sent. What you typed is back on this page. Look it over" in page
        assert User.objects.get(pk=user.pk).name == "Sam Staff"
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        assert tabs.sends(token[1]).status_code == 302
    assert User.objects.get(pk=user.pk).name == "Typed in the second tab"


def test_it_comes_back_after_several_sign_ins(tabs):
    user = person()
    tabs.signs_in(user)
    second_tab = tabs.token_on(DETAILS)
    for _time in range(3):
        tabs.signs_in(user)
    assert tabs.sends(second_tab).status_code == 302


def test_htmx_in_another_tab_is_led_back_to_its_page(tabs):
    user = person()
    tabs.signs_in(user)
    second_tab = tabs.token_on(DETAILS)
    tabs.signs_in(user)
    page = {"HX-Request": "true", "Sec-Fetch-Mode": "cors", "HX-Current-URL": f"http://testserver{DETAILS}?tab=1"}
    assert tabs.sends(second_tab, **page)["HX-Redirect"] == f"{DETAILS}?tab=1"
    assert tabs.sends(second_tab, **{"Sec-Fetch-Mode": "cors"}).status_code == 403


@pytest.mark.parametrize("token", ["", "x" * 64, "²" * 64, "x" * 32, "x"], ids=range(5))
def test_post_that_no_page_of_theirs_made_is_not_kept(tabs, token):
    user = person()
    tabs.signs_in(user)
    tabs.signs_in(person())
    tabs.signs_in(user)
    assert tabs.sends(token).status_code == 403
    assert "kept_form" not in tabs.client.session


def test_form_of_somebody_else_who_used_the_browser_is_not_kept(tabs):
    tabs.signs_in(person())
    second_tab = tabs.token_on(DETAILS)
    tabs.signs_in(person())
    answer = tabs.sends(second_tab)
    assert answer.status_code == 403
    assert "This page was open too long" in answer.text
    assert "kept_form" not in tabs.client.session


PAGE = """<!doctype html><p title="a&amp;b">&copy; <b>x</b><!-- c --></p>
<form method="post" action="/other/"><input name="a" value="old"></form>
<form method="post"><input type="hidden" name="version" value="7"><input name="a" value="old"><input name="a">
<input type="checkbox" name="c" value="1" checked><input type="checkbox" name="c" value="2">
<input type="radio" name="r" value="y" checked><input type="radio" name="r" value="n">
<textarea name="t" rows="2">old &lt;b&gt;</textarea><select name="s"><option value="1" selected>One</option>
<option value="2">Two</option></select><input type="password" name="p"></form><script>if (a < b && c) {}</script>"""


def test_each_kind_of_field_is_filled_in_and_nothing_else_changes():
    fields = {
        "a": ["1", "2"],
        "c": ["2"],
        "r": ["n"],
        "t": ['</textarea><i>"'],
        "s": ["2"],
        "p": ["x"],
        "version": ["6"],
    }
    filled = kept_forms.refilled(PAGE, action="/here/", page_path="/here/", fields=fields)
    expected = (
        PAGE.replace(
            '<input name="a" value="old"><input name="a">\n', '<input name="a" value="1"><input name="a" value="2">\n'
        )
        .replace(
            'value="1" checked><input type="checkbox" name="c" value="2">',
            'value="1"><input type="checkbox" name="c" value="2" checked>',
        )
        .replace(
            'value="y" checked><input type="radio" name="r" value="n">',
            'value="y"><input type="radio" name="r" value="n" checked>',
        )
        .replace("old &lt;b&gt;</textarea>", "\n&lt;/textarea&gt;&lt;i&gt;&quot;</textarea>")
        .replace('<option value="1" selected>', '<option value="1">')
        .replace('<option value="2">', '<option value="2" selected>')
    )
    assert filled == expected


SEVERAL = """<form method="post"><input type="hidden" name="item" value="1"><input type="checkbox" name="c" value="1" checked>
<input name="note"></form><form method="post"><input type="hidden" name="item" value="2"><input name="note">
<button formaction="/other/">Other</button></form>"""


def test_of_several_forms_the_very_one_is_filled_in():
    posted = {"item": ["2"], "note": ["typed"]}
    for action in ("/here/", "/other/"):
        filled = kept_forms.refilled(SEVERAL, action=action, page_path="/here/", fields=posted)
        assert filled is not None
        first, second = filled.split("</form>")[:2]
        assert 'value="typed"' not in first
        assert " checked" in first
        assert 'value="typed"' in second
    assert kept_forms.refilled(SEVERAL, action="/gone/", page_path="/here/", fields=posted) is None


def test_zip_code_is_an_answer_and_a_code_is_a_secret(client):
    sent_too_late(client, person(Role.PROGRAM_STAFF), {"zip_code": "91016", "code": "ABCD", "recovery_codes": "1"})
    assert client.session["kept_form"]["fields"] == {"zip_code": ["91016"]}


def test_address_that_only_takes_forms_leads_to_its_page_with_what_was_typed(client):
    """Without the page's address the form's own is all that is known."""
    manager = person()
    factories.CompanyFactory().memberships.create(user=manager, is_manager=True)
    sign_in(client, manager.email)
    client.session.delete()
    response = client.post("/accounts/company/invitations/", {"email": "new@example.com"})
    assert response.url == "/accounts/login/?next=%2Faccounts%2Fcompany%2Finvitations%2F"
    sign_in(client, manager.email)
    page = client.get("/accounts/company/invitations/", headers={"Accept": "text/html"}, follow=True)
    assert page.redirect_chain == [("/accounts/company/", 302)]
    assert 'value="new@example.com"' in page.text
    assert page.text.count("is back on this page") == 1


@pytest.mark.parametrize("knows_its_page", [True, False])
def test_decision_of_staff_comes_back_on_the_screening_page(client, knows_its_page):
    """An address that only takes decisions: a sign-in that led to it ended in a 405 (issue 15, C8)."""
    msa_request, reason = factories.submitted(), factories.CorrectionReasonFactory()
    desk, page = (
        reverse(f"admin:requests_app_msarequest_{name}", args=[msa_request.pk]) for name in ("corrections", "change")
    )
    decision = {f"reason_{reason.pk}": "on", f"note_{reason.pk}": "Your bill says otherwise."}
    headers = {"Referer": f"http://testserver{page}"} if knows_its_page else {}
    sam = person(Role.PROGRAM_STAFF)
    response = sent_too_late(client, sam, decision, desk, headers=headers)
    sign_in(client, sam.email)
    goes_to = parse_qs(urlsplit(response.url).query)["next"][0]
    landed = client.get(goes_to, headers={"Accept": "text/html"}, follow=True)
    assert (landed.status_code, landed.request["PATH_INFO"]) == (200, page)
    assert "Your bill says otherwise.</textarea>" in landed.text
    tick = re.search(rf'<input[^>]*name="reason_{reason.pk}"[^>]*>', landed.text)
    assert tick
    assert " checked" in tick[0]
    assert msa_request.corrections.count() == 0


def test_what_was_typed_shows_where_its_form_is_gone(client):
    user = person(Role.PROGRAM_STAFF)
    headers = {"Referer": f"http://testserver{DETAILS}"}
    sent_too_late(client, user, {"note": "Typed <b>before</b>"}, "/accounts/company/invitations/", headers=headers)
    sign_in(client, user.email)
    page = client.get(DETAILS).text
    assert "isn’t here now" in page
    assert "<li>Typed &lt;b&gt;before&lt;/b&gt;</li>" in page


def test_what_the_page_itself_put_into_a_form_is_not_shown_as_typed(client):
    user = person(Role.PROGRAM_STAFF)
    headers = {"Referer": f"http://testserver{DETAILS}"}
    hidden = {"seen": '["request_submitted",1]', "page": "ab12", "shown": "street", "go": "next", "seen_7": "[x]"}
    sent_too_late(client, user, {"note": "Typed"} | hidden, "/accounts/company/invitations/", headers=headers)
    sign_in(client, user.email)
    page = client.get(DETAILS).text
    assert "<li>Typed</li>" in page
    assert not [value for value in hidden.values() if f"<li>{escape(value)}</li>" in page]


@pytest.mark.parametrize("path", ["//evil.example/take", "/\\evil.example", "///evil.example"])
def test_page_whose_path_names_another_host_is_never_come_back_to(client, path):
    response = sent_too_late(
        client, person(Role.PROGRAM_STAFF), {"name": "New"}, headers={"Referer": f"http://testserver{path}"}
    )
    goes_to = parse_qs(urlsplit(response.url).query)["next"][0]
    assert url_has_allowed_host_and_scheme(goes_to, {"testserver"})


def test_button_alone_is_to_be_pressed_again(client):
    response = sent_too_late(client, person(Role.PROGRAM_STAFF), {})
    assert "press the button again" in client.get(response.url).text


def test_too_much_text_is_not_said_to_be_kept(client):
    response = sent_too_late(client, person(Role.PROGRAM_STAFF), {"name": "x" * 300_000})
    page = client.get(response.url).text
    assert "fill in the form again" in page
    assert "is kept" not in page


def test_nobody_known_is_sent_to_the_page_and_nothing_is_kept(client):
    response = client.post(
        "/accounts/devices/1/sign-out/", {"x": "y"}, headers={"Referer": f"http://testserver{DETAILS}"}
    )
    assert response.url == "/accounts/login/?next=%2Faccounts%2Fdetails%2F"
    assert "kept_form" not in client.session


# A script that saves

BY_SCRIPT = {"X-Saves-Here": "1"}


def test_script_is_told_that_nobody_is_signed_in_and_its_page_keeps_what_was_typed(client):
    response = sent_too_late(client, person(Role.PROGRAM_STAFF), {"name": "X"}, headers=BY_SCRIPT)
    assert (response.status_code, response.json()["code"]) == (401, "signed_out")
    assert "kept_form" not in client.session


def test_script_of_a_page_from_before_gets_a_token_that_counts(tabs):
    user = person(name="Sam")
    tabs.signs_in(user)
    second_tab = tabs.token_on(DETAILS)
    tabs.signs_in(user)
    answer = tabs.sends(second_tab, **BY_SCRIPT)
    assert (answer.status_code, answer.json()["code"]) == (403, "token_refused")
    fresh = tabs.client.get("/accounts/form-token/").json()
    assert fresh["person"] == user.pk
    assert tabs.sends(fresh["token"], **BY_SCRIPT).status_code == 302
    assert User.objects.get(pk=user.pk).name == "Typed in the second tab"


def test_tab_for_signing_in_again_says_where_to_go(client):
    sign_in(client, person().email)
    assert "Close this tab" in client.get("/accounts/signed-in-again/").text
    assert Client().get("/accounts/signed-in-again/").status_code == 302
