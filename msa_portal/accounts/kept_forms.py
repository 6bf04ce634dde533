"""What somebody typed while their session ended waits for them, and fills the form again after they sign in.

It works without scripts: the post is kept in the visitor's new session, and the page that they come back to is sent
with the form filled in. Nothing is carried out before they press the button again. The same holds for a form that was
open in another tab while they signed in again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

_KEY = "kept_form"
_KEPT_FOR = 12 * 3600  # seconds
_MOST = 200_000  # characters: a form's text, never a file's
_NEVER = ("password", "csrfmiddlewaretoken", "secret", "credential")
# What a page's own fields and buttons hold, which nobody typed.
_OF_THE_PAGE = frozenset(
    {*("seen", "page", "before", "shown", "changed", "autosave"), *("go", "key", "form", "next", "then", "action")}
)
_NEVER_NAMED = ("code", "recovery_codes")  # of a sign-in; a ZIP code is an answer


def is_by_script(request: HttpRequest) -> bool:
    """Whether a script of ours saves, whose page stays open and holds what was typed (static/portal/saving.js)."""
    return "X-Saves-Here" in request.headers


def signed_out_answer() -> JsonResponse:
    return JsonResponse({"code": "signed_out", "message": _("You’re signed out. Sign in again.")}, status=401)


def keep(request: HttpRequest, person: int | None) -> HttpResponse:
    """Keep what was posted for that person alone, and ask them to sign in. Nobody known: nothing is kept."""
    page = _page_of(request)
    if not _fields_of(request):
        words = _("You were signed out, and nothing was sent. Sign in again, then press the button again.")
    elif person is not None and _keep(request, person, page, signed_out=True):
        words = _("You were signed out. Sign in again: what you typed is kept, and nothing was sent.")
    else:
        words = _("You were signed out, and nothing was sent. Sign in again, then fill in the form again.")
    messages.warning(request, words)
    return _lead_to(request, f"{reverse('account_login')}?{urlencode({'next': page})}")


def show_again(request: HttpRequest) -> HttpResponse | None:
    """Keep what was posted for who is signed in, and lead them back to the page; None where there is nothing to keep.

    The caller knows that it came from a page of ours that was theirs.
    """
    page = _page_of(request)
    person = request.user.pk
    return _lead_to(request, page) if person and _keep(request, person, page, signed_out=False) else None


def _keep(request: HttpRequest, person: int, page: str, *, signed_out: bool) -> bool:
    fields = _fields_of(request)
    if not fields or sum(len(value) for values in fields.values() for value in values) > _MOST:
        return False
    request.session[_KEY] = {
        "person": person,
        "page": page,
        "path": request.path,
        "fields": fields,
        "had_files": bool(request.FILES),
        "signed_out": signed_out,
        "at": int(time.time()),
    }
    return True


def _fields_of(request: HttpRequest) -> dict[str, list[Any]]:
    return {name: values for name, values in request.POST.lists() if not _is_secret(name.lower())}


def _is_secret(name: str) -> bool:
    return name in _NEVER_NAMED or any(word in name for word in _NEVER)


def is_no_page(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether somebody came, by a link or from the sign-in, to an address that only takes forms."""
    is_visit = request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"
    is_reading = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    return response.status_code == 405 and is_visit and is_reading


def lead_to_page(request: HttpRequest, kept: dict[str, Any] | None) -> HttpResponse:
    """To the page that the form stands on: the nearest one above its address. What waits for it waits there."""
    page = _page_above(request.path)
    if kept:
        request.session[_KEY] = kept | {"page": page, "is_announced": True}
    else:
        messages.info(request, _("Nothing was sent. Press the button on this page to send it."))
    return redirect(page)


def _page_above(path: str) -> str:
    while path.strip("/"):
        path = path.rstrip("/").rpartition("/")[0] + "/"
        for page in (path, f"{path}change/"):  # a row's page on the staff desk
            try:
                match = resolve(page)
            except Resolver404:
                continue
            if match.url_name:  # the staff desk has a view for all that it doesn't have
                return page
    return "/"


def _lead_to(request: HttpRequest, target: str) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return HttpResponse(headers={"HX-Redirect": target})
    return redirect(target)


def _page_of(request: HttpRequest) -> str:
    """The page that the form stood on."""
    address = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}):
        return request.get_full_path()
    parts = urlsplit(address)
    page = "/" + parts.path.lstrip("/\\")  # two slashes would name another host
    return f"{page}?{parts.query}" if parts.query else page


def waiting_for(request: HttpRequest) -> dict[str, Any] | None:
    """What waits for the page that is asked for; somebody else's is thrown away."""
    kept: dict[str, Any] | None = request.session.get(_KEY) if request.method == "GET" else None
    if kept is None or not request.user.is_authenticated:
        return None
    if kept["person"] != request.user.pk or time.time() - kept["at"] > _KEPT_FOR:
        del request.session[_KEY]
        return None
    return kept if kept["page"] == request.get_full_path() else None


def announce(request: HttpRequest, kept: dict[str, Any]) -> None:
    if kept.get("is_announced"):
        return
    if kept["signed_out"]:
        what = _("What you typed before you were signed out is back on this page.")
    else:
        nothing_sent = _("You signed in again after you opened this page, so nothing was sent.")
        what = f"{nothing_sent} {_('What you typed is back on this page.')}"
    if kept["had_files"]:
        messages.info(request, f"{what} {_('Choose your files again, then send it.')}")
    else:
        messages.info(request, f"{what} {_('Look it over, then send it.')}")


def fill_in(request: HttpRequest, response: HttpResponse, kept: dict[str, Any]) -> None:
    """Put what waits into the page's form; from then on it waits no longer."""
    if response.status_code != 200 or not response.get("Content-Type", "").startswith("text/html"):
        return
    request.session.pop(_KEY, None)
    page = response.content.decode(response.charset)
    filled = refilled(page, action=kept["path"], page_path=request.path, fields=kept["fields"])
    response.content = filled if filled is not None else _MAIN.sub(_beside(kept["fields"]), page, count=1)


_MAIN = re.compile(r"<main\b[^>]*>")


def _beside(fields: dict[str, list[str]]) -> Callable[[re.Match[str]], str]:
    """At the top of a page without that form, since a colleague was quicker or a date has passed: what was typed."""
    typed = [
        value
        for name, values in fields.items()
        for value in values
        if any(map(str.isalpha, value)) and name not in _OF_THE_PAGE and not name.startswith("seen_")
    ]
    words = _("The form that you filled in isn’t here now. This is what you had in it, and nothing was sent:")
    told = format_html_join("", "<li>{}</li>", ((value,) for value in typed))
    box = format_html(
        '<div class="usa-alert usa-alert--warning" role="alert"><div class="usa-alert__body">'
        '<p class="usa-alert__text">{}</p><ul class="usa-list">{}</ul></div></div>',
        words,
        told,
    )
    return lambda main: main[0] + box


def refilled(page: str, *, action: str, page_path: str, fields: dict[str, list[str]]) -> str | None:
    """The page with these values in the form that posts to `action`; None where it has none.

    Hidden fields stay: they hold what is true now.
    """
    reader = _Forms(page_path)
    reader.feed(page)
    reader.close()
    places = _meant(reader.forms, action, fields)
    if not places:
        return None
    filler = _Filler(places, fields)
    filler.feed(page)
    filler.close()
    return "".join(filler.out)


@dataclass
class _Form:
    targets: set[str] = field(default_factory=set)  # its own and its buttons'
    hidden: dict[str, str] = field(default_factory=dict)


def _meant(forms: list[_Form], action: str, fields: dict[str, list[str]]) -> set[int]:
    """The places of the forms that these values came from: of several with that address, by their hidden fields."""
    likeness = {
        place: sum(value in fields.get(name, []) for name, value in form.hidden.items())
        for place, form in enumerate(forms)
        if action in form.targets
    }
    return {place for place, count in likeness.items() if count == max(likeness.values())}


class _Forms(HTMLParser):
    """Every form of a page, in order; one that isn't posted has no targets."""

    def __init__(self, page_path: str) -> None:
        super().__init__()
        self.page_path = page_path
        self.forms: list[_Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self.forms.append(_Form())
            if (told.get("method") or "").lower() == "post" or told.get("hx-post") is not None:
                targets = [told.get("action"), told.get("hx-post")]
                self.forms[-1].targets.add(next((urlsplit(to).path for to in targets if to), self.page_path))
        elif self.forms and self.forms[-1].targets:
            if told.get("formaction"):
                self.forms[-1].targets.add(urlsplit(told["formaction"] or "").path)
            if tag == "input" and told.get("type") == "hidden" and told.get("name"):
                self.forms[-1].hidden[told["name"] or ""] = told.get("value") or ""


class _Filler(HTMLParser):
    def __init__(self, places: set[int], fields: dict[str, list[str]]) -> None:
        super().__init__(convert_charrefs=False)
        self.places, self.place = places, -1
        self.left = {name: list(values) for name, values in fields.items()}
        self.fields = fields
        self.out: list[str] = []
        self.is_inside = False
        self.select: str | None = None
        self.is_dropping = False  # what a text area held

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self.place += 1
            self.is_inside = self.place in self.places
        name = told.get("name") or ""
        if self.is_inside and tag == "select":
            self.select = name if name in self.fields else None
        if self.is_inside and tag == "input":
            self._input(told, name)
        elif self.is_inside and tag == "option" and self.select:
            _switch(told, "selected", on=(told.get("value") or "") in self.fields[self.select])
        self.out.append(_start(tag, told) if self.is_inside else self.get_starttag_text() or "")
        if self.is_inside and tag == "textarea" and self.left.get(name):
            self.out.append("\n" + escape(self.left[name].pop(0)))
            self.is_dropping = True

    def _input(self, told: dict[str, str | None], name: str) -> None:
        kind = (told.get("type") or "text").lower()
        if kind in {"checkbox", "radio"}:
            if kind == "checkbox" or name in self.fields:
                _switch(told, "checked", on=(told.get("value") or "on") in self.fields.get(name, []))
        elif kind not in {"hidden", "password", "file", "submit", "button", "image", "reset"} and self.left.get(name):
            told["value"] = self.left[name].pop(0)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.is_dropping = False
        elif tag == "select":
            self.select = None
        elif tag == "form":
            self.is_inside = False
        self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._unless_dropped(data)

    def handle_entityref(self, name: str) -> None:
        self._unless_dropped(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._unless_dropped(f"&#{name};")

    def _unless_dropped(self, text: str) -> None:
        if not self.is_dropping:
            self.out.append(text)

    def handle_comment(self, data: str) -> None:
        self.out.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.out.append(f"<!{decl}>")


def _switch(told: dict[str, str | None], attribute: str, *, on: bool) -> None:
    told.pop(attribute, None)
    if on:
        told[attribute] = None


def _start(tag: str, told: dict[str, str | None]) -> str:
    words = [name if value is None else f'{name}="{escape(value)}"' for name, value in told.items()]
    return f"<{' '.join([tag, *words])}>"
