"""What somebody typed while their session ended waits for them, and fills the form again after they sign in.

It works without scripts: the post is kept in the visitor's new session, and the page that they come back to is sent
with the form filled in. Nothing is carried out before they press the button again. The same holds for a form that was
open in another tab while they signed in again.
"""

from __future__ import annotations

import time
from html import escape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _

_KEY = "kept_form"
_KEPT_FOR = 12 * 3600  # seconds
_MOST = 200_000  # characters: a form's text, never a file's
_NEVER = ("password", "csrfmiddlewaretoken", "secret", "credential", "code")


def keep(request: HttpRequest, person: int) -> HttpResponse:
    """Keep what was posted for that person alone, and ask them to sign in."""
    page = _page_of(request)
    _keep(request, person, page, signed_out=True)
    messages.warning(request, _("You were signed out. Sign in again: what you typed is kept, and nothing was sent."))
    return _lead_to(request, f"{reverse('account_login')}?{urlencode({'next': page})}")


def show_again(request: HttpRequest) -> HttpResponse | None:
    """Keep what was posted for who is signed in, and lead them back to the page; None where there is nothing to keep.

    The caller knows that it came from a page of ours that was theirs.
    """
    page = _page_of(request)
    person = request.user.pk
    return _lead_to(request, page) if person and _keep(request, person, page, signed_out=False) else None


def _keep(request: HttpRequest, person: int, page: str, *, signed_out: bool) -> bool:
    fields = {
        name: values for name, values in request.POST.lists() if not any(word in name.lower() for word in _NEVER)
    }
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
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


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
    if kept["signed_out"]:
        what = _("What you typed before you were signed out is back in the form.")
    else:
        nothing_sent = _("You signed in again after you opened this page, so nothing was sent.")
        what = f"{nothing_sent} {_('What you typed is back in the form.')}"
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
    response.content = refilled(page, action=kept["path"], page_path=request.path, fields=kept["fields"])


def refilled(page: str, *, action: str, page_path: str, fields: dict[str, list[str]]) -> str:
    """The page with these values in the form that posts to `action`. Hidden fields stay: they hold what is true now."""
    filler = _Filler(action, page_path, fields)
    filler.feed(page)
    filler.close()
    return "".join(filler.out)


class _Filler(HTMLParser):
    def __init__(self, action: str, page_path: str, fields: dict[str, list[str]]) -> None:
        super().__init__(convert_charrefs=False)
        self.action, self.page_path = action, page_path
        self.left = {name: list(values) for name, values in fields.items()}
        self.fields = fields
        self.out: list[str] = []
        self.is_inside = False
        self.select: str | None = None
        self.is_dropping = False  # what a text area held

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            targets = [told.get("action"), told.get("hx-post")]
            own = next((urlsplit(target).path for target in targets if target), self.page_path)
            is_post = (told.get("method") or "").lower() == "post" or told.get("hx-post") is not None
            self.is_inside = is_post and own == self.action
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
