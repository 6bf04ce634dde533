"""`python -m payments.sandbox --port N --store PATH --webhook-url URL --webhook-secret SECRET`"""

import argparse
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from payments.sandbox import later
from payments.sandbox.app import App
from payments.sandbox.context import Sandbox, make

ADDRESS = "127.0.0.1"


class Handler(WSGIRequestHandler):
    """Logs nothing: addresses and bodies hold what belongs to a payer."""

    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"

    def log(self, *args: Any, **kwargs: Any) -> None:
        return None


class Server(ThreadedWSGIServer):
    request_queue_size = 128


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m payments.sandbox", description="Payment sandbox")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--store", required=True, help="SQLite file; made where there is none")
    parser.add_argument("--webhook-url", default="")
    parser.add_argument(
        "--webhook-secret",
        default=os.environ.get("STRIPE_WEBHOOK_SECRET", ""),
        help="default: STRIPE_WEBHOOK_SECRET",
    )
    parser.add_argument("--public-url", default="", help="default: http://localhost:PORT")
    return parser.parse_args()


def serve(box: Sandbox, server: Server) -> None:
    for work in (box.webhooks.run, lambda: later.run(box)):
        threading.Thread(target=work, daemon=True).start()

    def stop(signum: int, frame: FrameType | None) -> None:
        box.stopping.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(f"Payment sandbox ready at {box.public_url}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.05)
    server.server_close()


def main() -> None:
    options = arguments()
    box = make(
        options.store,
        public_url=(options.public_url or f"http://localhost:{options.port}").rstrip("/"),
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
    )
    serve(box, Server(ADDRESS, options.port, App(box), handler=Handler))


if __name__ == "__main__":
    main()
