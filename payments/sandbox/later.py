"""What happens by itself after a while: disputes, refunds that settle or bounce, sessions that run out."""

import time
from collections.abc import Callable

from payments.sandbox.checkout import close
from payments.sandbox.context import Sandbox
from payments.sandbox.store import now

Job = Callable[[Sandbox, str], None]
JOBS: dict[str, Job] = {}


def job(kind: str) -> Callable[[Job], Job]:
    def register(work: Job) -> Job:
        JOBS[kind] = work
        return work

    return register


def schedule(box: Sandbox, kind: str, target: str) -> None:
    box.store.run(
        "INSERT INTO jobs (due, kind, object) VALUES (?, ?, ?)",
        time.time() + box.later_seconds,
        kind,
        target,
    )


def run_due(box: Sandbox, *, early: bool = False) -> int:
    """Each job goes with its effect, in one transaction. `early`: those that are not due yet as well."""
    with box.store.transaction():
        latest = time.time() + (10**9 if early else 0)
        due = box.store.rows("SELECT * FROM jobs WHERE due <= ? ORDER BY id", latest)
        for row in due:
            box.store.run("DELETE FROM jobs WHERE id = ?", row["id"])
            JOBS[row["kind"]](box, row["object"])
        return len(due)


def expire_sessions(box: Sandbox) -> None:
    """Asked several times a second, so it must not read the sessions that are over."""
    with box.store.transaction():
        rows = box.store.rows(
            "SELECT id FROM objects INDEXED BY open_sessions WHERE object = 'checkout.session'"
            " AND json_extract(body, '$.status') = 'open'"
            " AND json_extract(body, '$.expires_at') <= ?",
            now(),
        )
        for row in rows:
            session = box.store.get(row["id"])
            if session:
                close(box, session)


def run(box: Sandbox) -> None:
    while not box.stopping.wait(0.2):
        run_due(box)
        expire_sessions(box)
