"""The check that no line of a template is longer than the formatter's own."""

from __future__ import annotations

from pathlib import Path

from commands import check
from commands.console import ROOT


def test_a_long_line_is_named_in_every_folder_and_kind_of_file(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text("[tool.djangofmt]\nline-length = 20\n", encoding="utf-8")
    (tmp_path / "shop" / "till").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    for folder in (tmp_path / "templates", tmp_path / "shop" / "till" / "templates"):
        folder.mkdir()
        (folder / "mail.txt").write_text("x" * 20 + "\n" + "x" * 21 + "\n", encoding="utf-8")
    assert check.template_lines(tmp_path) == (
        "templates/mail.txt:2: 21 characters, 20 at most\nshop/till/templates/mail.txt:2: 21 characters, 20 at most"
    )


def test_the_portals_own_folders_are_looked_through():
    assert check.template_folders() == [ROOT / "templates", ROOT / "payments" / "sandbox" / "templates"]
