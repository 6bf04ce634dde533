"""`python -m commands.healthcheck ADDRESS`: exits 0 where the address answers 200.

Asks under the first of ALLOWED_HOSTS: the web server refuses any other name, its own included.
"""

from __future__ import annotations

import os
import sys
import urllib.request


def main(address: str) -> int:
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    request = urllib.request.Request(address, headers={"Host": host})  # noqa: S310  (the image's own address)
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            return 0
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
