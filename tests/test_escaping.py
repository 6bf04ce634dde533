"""The check on what goes past the escaping finds what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import escaping, structure


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up product of one package, in which nothing was reviewed."""
    for folder in ("shop/admin", "templates", "static"):
        (tmp_path / folder).mkdir(parents=True)
    for module in (structure, escaping):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(structure, "PACKAGES", ("shop",))
    monkeypatch.setattr(escaping, "REVIEWED", {})
    return tmp_path


def places() -> list[str]:
    return [line.split(": ")[0] for line in (escaping.complaints() or "").splitlines()]


@pytest.mark.parametrize(
    ("file", "text", "is_named"),
    [
        ("templates/hint.html", "{{ field.help_text|safe }}", True),
        ("templates/hint.html", "{{ names | safeseq|join:', ' }}", True),
        ("templates/hint.html", "{% autoescape off %}{{ name }}{% endautoescape %}", True),
        ("templates/hint.html", "{% filter safe %}{{ name }}{% endfilter %}", True),
        ("templates/hint.html", "{{ field.help_text }} is safe", False),
        ("shop/till.py", "mark_safe(name)", True),
        ("shop/till.py", "safestring.SafeString(name)", True),
        ("shop/till.py", "def price() -> SafeString: ...", False),
        ("shop/till.py", "class Price(SafeString): ...", True),
        ("shop/till.py", "@html_safe\nclass Price: ...", True),
        ("shop/till.py", "class Price:\n  def __html__(self): ...", True),
        ("shop/till.py", "register.filter(is_safe=True)(price)", True),
        ("shop/till.py", "Context(values, autoescape=False)", True),
        ("shop/till.py", "Context(values, autoescape=True)", False),
        ("shop/till.py", "format_html(f'<b>{name}</b>')", True),
        ("shop/till.py", "format_html('<b>' + name + '</b>')", True),
        ("shop/till.py", "format_html('<b>{}</b>', name)", False),
        ("shop/till.py", "format_html_join(', ', f'<b>{name}</b>', [])", True),
        ("shop/till.py", "format_html_join(', ', '<b>{}</b>', names)", False),
        ("shop/till.py", "HttpResponse(f'Hello {name}')", True),
        ("shop/till.py", "HttpResponse(pdf, content_type='application/pdf')", False),
        ("shop/till.py", "HttpResponse(status=204)", False),
        ("shop/till.py", "CharField(help_text=f'As {name} said')", False),
        ("shop/admin/till.py", "CharField(help_text=f'As {name} said')", True),
        ("shop/admin/till.py", "CharField(help_text=_('As %s said') % name)", True),
        ("shop/admin/till.py", "CharField(help_text=_('As it was said'))", False),
        ("shop/admin/till.py", "field.help_text = name", True),
        ("static/till.js", "place.innerHTML = name;", True),
        ("static/till.js", "place.insertAdjacentHTML('beforeend', name);", True),
        ("static/till.js", "if (place.innerHTML === name) return;", False),
    ],
)
def test_what_goes_past_the_escaping_is_named(elsewhere: Path, file: str, text: str, is_named: bool) -> None:
    (elsewhere / file).write_text(f"{text}\n")
    assert [place.split(":")[0] for place in places()] == [file] * is_named


def test_reviewed_place_may_and_one_more_in_the_same_file_may_not(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(escaping, "REVIEWED", {("shop/till.py", "marked as safe"): (1, "a picture of ours")})
    (elsewhere / "shop/till.py").write_text("mark_safe(PICTURE)\n")
    assert places() == []
    (elsewhere / "shop/till.py").write_text("mark_safe(PICTURE)\nmark_safe(name)\n")
    assert places() == ["shop/till.py:1", "shop/till.py:2"]
    (elsewhere / "shop/till.py").write_text("")
    assert places() == ["shop/till.py"]


def test_each_reviewed_place_has_its_reason() -> None:
    assert all(reason for _count, reason in escaping.REVIEWED.values())
