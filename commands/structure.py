"""The shape of the code: no import circles, no crowded folders, few imports inside functions, no empty names, no
transaction block that calls share.

import-linter checks which package may import which (pyproject.toml).
"""

from __future__ import annotations

import ast
import graphlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp

from commands.console import ROOT

PACKAGES = ("msa_portal", "requests_app", "payments", "fieldwork", "demo", "commands")
MOST_MODULES = 25
MOST_INLINE = 10
EMPTY_NAMES = frozenset({"each", "found", "given"})  # a variable is named for what it holds
_TAG = re.compile(r"{%.*?%}|{{.*?}}", re.DOTALL)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_VARIABLE = re.compile(rf"(?<![\w.])({'|'.join(sorted(EMPTY_NAMES))})\b")
_REASON = re.compile(r"# noqa: PLC0415  \(.+\)$")


def complaints() -> str | None:
    """What is wrong, one line per fault; None if nothing is."""
    return "\n".join([*circles(), *crowded(), *inline(), *empty_names(), *shared_blocks()]) or None


def circles() -> Iterator[str]:
    """Imports inside functions count; imports for type checkers only don't."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=True)
    try:
        graphlib.TopologicalSorter(
            {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
        ).prepare()
    except graphlib.CycleError as error:
        yield f"A circle of imports: {' <- '.join(error.args[1])}"


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def crowded() -> Iterator[str]:
    folders = Counter(path.parent for path in modules() if path.name != "__init__.py")
    for folder, count in folders.items():
        if count > MOST_MODULES:
            yield f"{folder.relative_to(ROOT)} holds {count} modules, more than {MOST_MODULES}: make packages of them."


def inline() -> Iterator[str]:
    """Too many imports of our own modules inside functions, or one without its reason beside the noqa (PLC0415)."""
    imports = [(path, line) for path in modules() for line in _lines_of_inline_imports(path)]
    places = [f"{path.relative_to(ROOT)}:{line}" for path, line in imports]
    if len(imports) > MOST_INLINE:
        yield f"{len(imports)} imports of our own modules inside functions, more than {MOST_INLINE}: {', '.join(places)}"
    for (path, line), place in zip(imports, places, strict=True):
        if not _REASON.search(path.read_text().splitlines()[line - 1]):
            yield f"{place}: say why this import is inside a function: # noqa: PLC0415  (the reason)"


def _lines_of_inline_imports(path: Path) -> list[int]:
    return sorted(
        {
            node.lineno
            for function in _functions(path)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
            if any(module.split(".")[0] in PACKAGES for module in _imported(node))
        }
    )


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that an import names. Ruff refuses relative ones (TID252)."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if node.module else []


def shared_blocks() -> Iterator[str]:
    """As a decorator, `atomic` opens the same block object at every call, and a lock is identified by its block."""
    for path in modules():
        for function in _functions(path):
            for decorator in function.decorator_list:
                if ast.unparse(decorator).split("(")[0].split(".")[-1] == "atomic":
                    place = f"{path.relative_to(ROOT)}:{decorator.lineno}"
                    yield f"{place}: open the transaction with a with statement: msa_portal.db.is_held identifies a lock by its block"


def empty_names() -> Iterator[str]:
    """Variables and parameters whose name doesn't say what they hold, in tests and templates too."""
    for path in [*modules(), *(ROOT / "tests").rglob("*.py")]:
        for line, bound in _bound(ast.parse(path.read_text())):
            if bound in EMPTY_NAMES:
                yield f"{path.relative_to(ROOT)}:{line}: name this variable for what it holds: {bound}"
    for path in templates():
        text = path.read_text()
        for tag in _TAG.finditer(text):
            if name := _VARIABLE.search(_QUOTED.sub("", tag[0])):
                line = text.count("\n", 0, tag.start()) + 1
                yield f"{path.relative_to(ROOT)}:{line}: name this variable for what it holds: {name[0]}"


def templates() -> Iterator[Path]:
    yield from (ROOT / "templates").rglob("*.*")
    for package in PACKAGES:
        yield from (ROOT / package).rglob("templates/**/*.*")


def _bound(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
