"""The checks on the code's shape find what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import structure


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up product of one package."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    monkeypatch.setattr(structure, "ROOT", tmp_path)
    monkeypatch.setattr(structure, "PACKAGES", ("shop",))
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "shop"


def test_circle_through_a_function_is_found(elsewhere: Path):
    (elsewhere / "till.py").write_text("from shop import stock\n")
    (elsewhere / "stock.py").write_text("def sell():\n    from shop import till\n")
    assert [line.count("shop.till") for line in structure.circles()] in ([1], [2])


def test_import_for_type_checkers_alone_is_no_circle(elsewhere: Path):
    (elsewhere / "till.py").write_text("from shop import stock\n")
    (elsewhere / "stock.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop import till\n"
    )
    assert list(structure.circles()) == []


def test_folder_with_too_many_modules_is_named(elsewhere: Path):
    for number in range(structure.MOST_MODULES):
        (elsewhere / f"part_{number}.py").touch()
    assert list(structure.crowded()) == []
    (elsewhere / "one_more.py").touch()
    assert list(structure.crowded()) == [
        f"shop holds {structure.MOST_MODULES + 1} modules, more than 25: make packages of them."
    ]


def test_import_inside_a_function_needs_its_reason(elsewhere: Path):
    late = "def sell():\n    from shop import stock  # noqa: PLC0415{}\n"
    (elsewhere / "stock.py").touch()
    (elsewhere / "till.py").write_text(late.format("  (stock is slow)"))
    assert list(structure.inline()) == []
    (elsewhere / "till.py").write_text(late.format(""))
    assert [line.split(": ")[0] for line in structure.inline()] == ["shop/till.py:2"]


@pytest.mark.parametrize("statement", ["import shop.stock", "from shop.stock import price"])
def test_import_inside_a_function_is_counted_once_however_it_is_written(elsewhere: Path, statement: str):
    (elsewhere / "stock.py").touch()
    (elsewhere / "till.py").write_text(f"def sell():\n    def ring():\n        {statement}\n")
    assert [line.split(": ")[0] for line in structure.inline()] == ["shop/till.py:3"]


@pytest.mark.parametrize("decorator", ["transaction.atomic", "atomic", "transaction.atomic(durable=True)"])
def test_transaction_as_a_decorator_is_refused(elsewhere: Path, decorator: str):
    (elsewhere / "till.py").write_text(f"@{decorator}\ndef sell():\n    pass\n")
    assert [line.split(": ")[0] for line in structure.shared_blocks()] == ["shop/till.py:1"]


@pytest.mark.parametrize(
    "code",
    [
        "for each in (1, 2): pass",
        "prices = [each for each in (1, 2)]",
        "found = 1",
        "if found := 1: pass",
        "def sell(given): pass",
        "sell = lambda each: each",
    ],
)
@pytest.mark.parametrize("folder", ["shop", "tests"])
def test_variable_whose_name_says_nothing_is_named(elsewhere: Path, code: str, folder: str):
    (elsewhere.parent / folder).mkdir(exist_ok=True)
    (elsewhere.parent / folder / "till.py").write_text(code)
    assert [line.split(": ")[0] for line in structure.empty_names()] == [f"{folder}/till.py:1"]


@pytest.mark.parametrize(
    ("tag", "lines"),
    [
        ("{% for each in prices %}", 1),
        ("{% for price, given in prices %}", 1),
        ("{% if found %}", 1),
        ("{{ each.price }}", 1),
        ("{{ price.given }}", 0),
        ("{% translate 'each price' %}", 0),
        ("each price", 0),
    ],
)
@pytest.mark.parametrize("folder", ["templates", "shop/till/templates"])
def test_variable_of_a_template_whose_name_says_nothing_is_named(elsewhere: Path, tag: str, lines: int, folder: str):
    (elsewhere.parent / folder).mkdir(parents=True)
    (elsewhere.parent / folder / "till.html").write_text(f"\n{tag}\n")
    assert [line.split(": ")[0] for line in structure.empty_names()] == [f"{folder}/till.html:2"] * lines


def test_too_many_imports_inside_functions_are_counted(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(structure, "MOST_INLINE", 0)
    (elsewhere / "stock.py").touch()
    (elsewhere / "till.py").write_text("def sell():\n    from shop import stock  # noqa: PLC0415  (stock is slow)\n")
    assert [line.split(" ")[0] for line in structure.inline()] == ["1"]
