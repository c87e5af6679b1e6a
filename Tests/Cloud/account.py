"""An AWS account on loopback: the concurrency of its functions, and the logs of emulated ones."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# What functions of the account share, as GetAccountSettings states it.
UNRESERVED = 10


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Account"

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        assert self.path == "/2016-08-19/account-settings/", self.path
        limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": UNRESERVED}
        self._answer(200, {"AccountLimit": limit})

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Amz-Target"] != "Logs_20140328.FilterLogEvents" or self.server.is_closed:
            return self._answer(400, {"__type": "AccessDeniedException"})
        assert request["filterPattern"] == '"REPORT RequestId"'
        lines = self.server.lines("REPORT RequestId")
        # In two pages.
        first = "nextToken" not in request
        half = lines[: len(lines) // 2] if first else lines[len(lines) // 2 :]
        self._answer(200, {"events": [{"message": line} for line in half], **({"nextToken": "2"} if first else {})})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Account(ThreadingHTTPServer):
    """Answers GetAccountSettings of Lambda, and FilterLogEvents of CloudWatch Logs with all workers' logs in `logs`."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, logs: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.logs, self.is_closed = logs, False
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def lines(self, start: str) -> list[str]:
        files = sorted(self.logs.glob("function-worker-*.log"))
        text = "".join(file.read_text(errors="replace") for file in files)
        return [line for line in text.splitlines() if line.startswith(start)]

    def stop(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()
