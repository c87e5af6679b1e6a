"""A store on loopback for measurements: it keeps objects, ignores signatures, and responds at once or with a given
bandwidth in bytes a second."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Line:
    """A bandwidth in bytes a second, shared by all connections."""

    def __init__(self, bytes_per_second: float) -> None:
        self.bytes_per_second = bytes_per_second
        self.lock = threading.Lock()
        self.free = 0.0  # the time at which the sent bytes have passed

    def wait(self, count: int) -> None:
        with self.lock:
            self.free = max(self.free, time.monotonic()) + count / self.bytes_per_second
            ready = self.free
        time.sleep(max(0.0, ready - time.monotonic()))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Store"

    def answer(self, status: int, body: bytes | memoryview, *headers: str, total: int | None = None) -> None:
        lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(body) if total is None else total}", 'ETag: "0"', *headers]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode())
        step = 64 << 10
        for start in range(0, len(body), step):
            if self.server.line:
                self.server.line.wait(min(step, len(body) - start))
            self.wfile.write(body[start : start + step])

    def do_PUT(self) -> None:
        self.server.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(200, b"")

    def do_HEAD(self) -> None:
        body = self.server.objects.get(self.path)
        self.answer(404, b"") if body is None else self.answer(200, b"", total=len(body))

    def do_GET(self) -> None:
        body = self.server.objects.get(self.path)
        if body is None:
            self.answer(404, b"")
        elif asked := self.headers["Range"]:
            first, last = asked.removeprefix("bytes=").split("-")
            end = min(int(last or len(body)) + 1, len(body))
            place = f"Content-Range: bytes {first}-{end - 1}/{len(body)}"
            self.answer(206, memoryview(body)[int(first) : end], place)
        else:
            self.answer(200, memoryview(body))

    def log_message(self, *_: Any) -> None:
        pass


class Store(ThreadingHTTPServer):
    """Responds on a free port until `shutdown`."""

    def __init__(self, bytes_per_second: float | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, bytes] = {}
        self.line = Line(bytes_per_second) if bytes_per_second else None
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that uses it as S3."""
        return {
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "measure", "AWS_SECRET_ACCESS_KEY": "measure",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
        }  # fmt: skip


def worker_event(data_path: str | None) -> dict[str, Any]:
    """The event of a rank for partition `data_path` in the bucket `data`, with results in the bucket `results`."""
    return {
        "S3_BUCKET": "results", "S3_OBJECT_NAME": "", "SCRIPT": "", "S3_OBJECT_TYPE": "folder", "WORLD_SIZE": "1",
        "RANK": "0", "DATA_BUCKET": "data", "DATA_PREFIX": "", "DATA_PATH": data_path, "RESULT_PATH": "run",
        "BATCH_SIZE": 512,
    }  # fmt: skip
