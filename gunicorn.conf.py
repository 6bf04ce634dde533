"""The web server's settings; `WEB_CONCURRENCY` sets the number of processes, `--bind` the address."""

import os
from pathlib import Path

workers = int(os.environ.get("WEB_CONCURRENCY") or 3)
preload_app = True  # one start of Django instead of one per process
timeout = 60
graceful_timeout = 20
max_requests = 5000
max_requests_jitter = 500
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (heartbeats, kept off the disk)
control_socket_disable = True
forwarded_allow_ips = ""  # TrustedProxyMiddleware alone decides whose headers count
logger_class = "msa_portal.logs.web_server.WebServerLog"  # no address and no header of a request in the log
access_log_format = "%(h)s %(m)s %(s)s %(B)s bytes, %(M)s ms"  # where GUNICORN_CMD_ARGS turns it on
