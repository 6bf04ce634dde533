from __future__ import annotations

import json
import logging
import resource
import sys
import warnings
from importlib import import_module

from . import limits
from .answers import NotTaken


def main(what: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.MEMORY_BYTES, limits.MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.CPU_SECONDS, limits.CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    warnings.simplefilter("ignore")
    logging.disable()
    if what not in {"photo", "pdf", "seal"}:
        raise SystemExit(2)
    try:
        module = import_module(f".{what}", __package__)
        answer, body = module.inspect(sys.stdin.buffer.read())
    except NotTaken as refusal:
        answer, body = refusal.answer, b""
    except (MemoryError, RecursionError):
        answer, body = {"refused": "too_heavy"}, b""
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + body)


main(sys.argv[1])
