"""The outbox outside of a browser: the app's own modules, run by Node with a made-up phone, portal and network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from commands.console import ROOT
from commands.toolchain import node_path

APP = ROOT / "static" / "fieldwork" / "app"
HERE = Path(__file__).parent
SECONDS = 300


def run(folder: Path, script: str, *arguments: object, without: tuple[str, str, str] | None = None) -> Any:
    """What the script prints, read as JSON. `without`: a module, and in it the words that are replaced by others."""
    for file in [*APP.glob("*.js"), *HERE.glob("*.mjs")]:
        shutil.copy(file, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    if without:
        module, words, others = without
        text = (folder / module).read_text()
        assert words in text, f"{module} doesn't say “{words}”."
        (folder / module).write_text(text.replace(words, others))
    done = subprocess.run(
        ["node", script, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "PATH": node_path()},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
