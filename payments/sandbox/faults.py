"""Faults that a test asks for: the next calls fail or hang, before or after their work is done."""

import threading
from dataclasses import dataclass

KINDS = (
    "timeout_before",
    "timeout_during",
    "timeout_after",
    "error_before",
    "error_after",
    "error_saved",
)


@dataclass
class Fault:
    """`timeout_during` hangs while the key is in use, before the work. `error_saved` is Stripe's own 500, which its key repeats; `error_after` is a gateway's, which
    leaves the true answer for the retry."""

    kind: str
    count: int = 1
    method: str = ""
    path: str = ""
    seconds: float = 90

    def meets(self, method: str, path: str) -> bool:
        return self.method in ("", method) and path.startswith(self.path)


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, method: str, path: str) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.meets(method, path):
                    fault.count -= 1
                    if fault.count < 1:
                        self._waiting.remove(fault)
                    return fault
        return None
