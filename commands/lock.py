"""`make lock`: write the locked sets anew, with hashes and without registry addresses."""

from __future__ import annotations

import os
import sys

from commands import toolchain
from commands.console import ROOT, Stop, finish, quietly, step

LOCKS = {
    "requirements.txt": ["pyproject.toml"],
    "requirements-dev.txt": ["pyproject.toml", "--group", "dev"],
    "requirements-node.txt": ["--group", "node"],
    "requirements-uv.txt": ["--group", "uv"],
}
COMPILE = ["pip", "compile", "--no-emit-index-url", "--no-emit-find-links", "--generate-hashes", "--universal"]


def main() -> int:
    try:
        uv = toolchain.find_uv()
        env = toolchain.uv_environment()
        for name, sources in LOCKS.items():
            with step(name):
                quietly([uv, *COMPILE, "--python", "3.13", *sources, "-o", name], toolchain.NETWORK, env)
        with step("package-lock.json"):
            path = toolchain.node_path()
            npm = ["npm", "install", "--package-lock-only", "--ignore-scripts"]
            quietly(npm, toolchain.NPM_NETWORK, {**os.environ, "PATH": path})
    except Stop as stop:
        return finish(stop)
    print(f"Review the changes in {ROOT} and commit them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
