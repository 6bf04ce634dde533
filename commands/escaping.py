"""Text of people never becomes HTML: whatever marks a text as safe, or has HTML parsed, stands in a reviewed list.

Templates escape every value; `format_html` escapes what it fills in. What goes past them is one of `_KINDS`, and is
refused but for the places in `REVIEWED`, each of which says why no person's text acts there.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from commands import structure
from commands.console import ROOT

# File and kind, how often, and why it may. A place that is gone is a complaint too.
REVIEWED: dict[tuple[str, str], tuple[int, str]] = {
    ("fieldwork/phone/pages.py", "HttpResponse of HTML"): (1, "a page that a template made (phone/shell.py)"),
    ("msa_portal/notices/admin.py", "HttpResponse of HTML"): (1, "an email as sent, in a sandbox without scripts"),
    ("demo/mailbox.py", "HttpResponse of HTML"): (1, "an email as sent, in a sandbox without scripts"),
    ("msa_portal/notices/rendering.py", "autoescape"): (1, "off for plain text and the subject, on for HTML"),
    ("static/requests_app/form.js", "HTML parsed by a script"): (5, "parts of the page, from its own templates"),
    ("static/requests_app/questions.js", "HTML parsed by a script"): (1, "questions, from their own templates"),
    ("static/requests_app/photos.js", "HTML parsed by a script"): (1, "a photo's card, from its own template"),
    ("static/fieldwork/board/page.js", "HTML parsed by a script"): (1, "parts of the board, from its own templates"),
    ("static/fieldwork/board/run.js", "HTML parsed by a script"): (1, "a run's state, from its own template"),
}
_MARKERS = frozenset({"mark_safe", "SafeString", "SafeText", "SafeData", "html_safe", "__html__"})
_TEMPLATE = re.compile(r"\|\s*safe(?:seq)?\b|{%-?\s*autoescape\b|\bfilter\s+safe\b")
_SCRIPT = re.compile(
    r"\b(?:inner|outer)HTML\s*\+?=(?!=)|\binsertAdjacentHTML\b|\bdocument\.write|\bparseFromString\b|\bsrcdoc\b"
    r"|\bcreateContextualFragment\b|\bsetHTMLUnsafe\b|\beval\(|\bnew Function\b|\bparseHTMLUnsafe\b"
)


def complaints() -> str | None:
    """What is wrong, one line per fault; None if nothing is."""
    places = [*_in_python(), *_in_templates(), *_in_scripts()]
    counts = Counter((file, kind) for file, _line, kind in places)
    allowed = {place: count for place, (count, _reason) in REVIEWED.items()}
    lines = [
        f"{file}:{line}: {kind}: escape it, or give its reason in commands/escaping.py"
        for file, line, kind in places
        if counts[file, kind] > allowed.get((file, kind), 0)
    ]
    lines += [
        f"{file}: {kind}, {counts[file, kind]} times, not {count}: take it off the list in commands/escaping.py"
        for (file, kind), count in allowed.items()
        if counts[file, kind] < count
    ]
    return "\n".join(lines) or None


type Place = tuple[str, int, str]


def _in_python() -> Iterator[Place]:
    for path in structure.modules():
        name = str(path.relative_to(ROOT))
        is_admin = "admin" in Path(name).with_suffix("").parts
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.stmt | ast.expr) and (kind := _kind(node)):
                yield name, node.lineno, kind
            if is_admin and (line := _line_of_hint(node)):
                yield name, line, "help text with values in it, which Django's admin prints unescaped"


def _line_of_hint(node: ast.AST) -> int | None:
    """Where a form's help text is set to anything but words of ours."""
    if isinstance(node, ast.keyword) and node.arg == "help_text" and not _is_words(node.value):
        return node.value.lineno
    if isinstance(node, ast.Assign) and "help_text" in map(_name, node.targets) and not _is_words(node.value):
        return node.lineno
    return None


def _is_words(node: ast.expr) -> bool:
    """A literal, translated or not."""
    if isinstance(node, ast.Call):
        return _name(node.func) in {"_", "gettext", "gettext_lazy"} and _all_literal(node.args)
    return isinstance(node, ast.Constant)


def _kind(node: ast.AST) -> str | None:
    """The kind of what the node does past the escaping, if it does."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in _MARKERS:
        return "marked as safe"
    if isinstance(node, ast.Call):
        return _kind_of_call(node)
    if isinstance(node, ast.ClassDef) and {_name(base) for base in [*node.bases, *node.decorator_list]} & _MARKERS:
        return "marked as safe"
    return None


def _kind_of_call(call: ast.Call) -> str | None:
    name = _name(call.func)
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in _MARKERS or _is_not(False, keywords.get("is_safe")):
        return "marked as safe"
    if _is_not(True, keywords.get("autoescape")):
        return "autoescape"
    if name in {"format_html", "format_html_join"} and not _all_literal(call.args[: 1 + (name != "format_html")]):
        return "format_html without a literal"
    if name == "HttpResponse" and call.args and not {"content_type", "headers"} & keywords.keys():
        return "HttpResponse of HTML"
    return None


def _is_not(value: bool, node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and node.value is value)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _all_literal(nodes: list[ast.expr]) -> bool:
    return bool(nodes) and all(isinstance(node, ast.Constant) for node in nodes)


def _in_templates() -> Iterator[Place]:
    yield from _in_text(structure.templates(), _TEMPLATE, "marked as safe")


def _in_scripts() -> Iterator[Place]:
    yield from _in_text((ROOT / "static").rglob("*.js"), _SCRIPT, "HTML parsed by a script")


def _in_text(paths: Iterator[Path], pattern: re.Pattern[str], kind: str) -> Iterator[Place]:
    for path in sorted(paths):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for _match in pattern.finditer(line):
                yield str(path.relative_to(ROOT)), number, kind
