"""What a link that breaks costs a technician: a report with 8 photos, its chunks aborted at random half of the time.

`python -m tests.benchmarks.upload` alone takes a few seconds.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from commands.console import say
from tests.fieldwork.phone import simulation

RUNS, PHOTO_BYTES = 20, 400_000


def measured() -> dict[str, Any]:
    """Bytes beside those of a link that never breaks, mean of the seeded runs: of broken chunks, and of broken requests."""
    with tempfile.TemporaryDirectory() as folder:
        chunks = simulation.run(Path(folder), "bytes.mjs", RUNS, 1, PHOTO_BYTES)
        everything = simulation.run(Path(folder), "bytes.mjs", RUNS, 1, PHOTO_BYTES, "everything")
    return {"runs": RUNS, "photo_bytes": PHOTO_BYTES, "chunks": chunks, "everything": everything}


if __name__ == "__main__":
    say(json.dumps(measured(), indent=2))
