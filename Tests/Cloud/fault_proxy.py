"""A proxy between the program and S3 that injects faults of networks and overloaded services.

Every fault is bounded: it affects the first few requests for an object and then forwards them, or it ends with the
proxy. It counts its strikes, so that a test can check that it occurred.
"""

import base64
import fcntl
import http.client
import random
import socket
import struct
import termios
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from processes import BOUND

# Hop-by-hop headers, and those that are written again for a reply.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange:
    """One request, the response of S3, and operations that damage the response."""

    def __init__(self, handler: "_Handler", body: bytes) -> None:
        self.handler, self.body = handler, body
        self.method, self.path = handler.command, urlsplit(handler.path).path
        self.query = parse_qs(urlsplit(handler.path).query, keep_blank_values=True)

    @property
    def target(self) -> tuple[str, str]:
        """What is requested: an object, for any range, or a page of a listing."""
        return (self.method, self.handler.path if self.is_listing else self.path)

    @property
    def is_listing(self) -> bool:
        return self.method == "GET" and "list-type" in self.query

    @property
    def is_download(self) -> bool:
        return self.method == "GET" and not self.query and self.path.count("/") > 1

    @property
    def is_upload(self) -> bool:
        return self.method == "PUT"

    def upstream(self) -> Reply:
        """The response of S3 to the unchanged request: its Host header is signed."""
        headers = {name: value for name, value in self.handler.headers.items() if name.lower() not in _HOP}
        headers.pop("Expect", None)
        connection = http.client.HTTPConnection("127.0.0.1", self.handler.server.upstream_port, timeout=BOUND)
        try:
            has_body = self.method in ("PUT", "POST")
            connection.request(self.method, self.handler.path, self.body if has_body else None, headers)
            response = connection.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in _HOP]
            if self.method == "HEAD":
                kept.append(("Content-Length", response.getheader("Content-Length") or "0"))
            return Reply(response.status, kept, response.read())
        finally:
            connection.close()

    def send(self, reply: Reply, declared: int | None = None, sent: int | None = None) -> None:
        """Sends it, with a `Content-Length` of `declared` and only the first `sent` bytes of its body."""
        if self.handler.server.is_out():
            return self.hang_up(reset=True)
        self.handler.send_response(reply.status)
        for name, value in reply.headers:
            self.handler.send_header(name, value)
        if self.method != "HEAD":
            self.handler.send_header("Content-Length", str(len(reply.body) if declared is None else declared))
        self.handler.end_headers()
        if self.method != "HEAD":
            self.handler.wfile.write(reply.body if sent is None else reply.body[:sent])
        self.handler.wfile.flush()

    def fail(self, status: int, code: str, message: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        """An error in the format of S3."""
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
        self.send(Reply(status, [("Content-Type", "application/xml"), *headers], text.encode()))

    def hang_up(self, reset: bool) -> None:
        """Closes the connection properly, or with a reset."""
        self.handler.close_connection = True
        reset_connection(self.handler.connection) if reset else self.handler.connection.shutdown(socket.SHUT_WR)

    def wait_until_received(self) -> None:
        """Waits until the client has received all sent bytes, or the proxy ends: a reset discards bytes in transit."""
        deadline = time.monotonic() + BOUND
        while time.monotonic() < deadline and not self.handler.server.ending.is_set():
            unsent = fcntl.ioctl(self.handler.connection, termios.TIOCOUTQ, b"\0" * 4)
            if unsent == b"\0" * 4:
                return
            time.sleep(0.005)

    def wait(self, seconds: float) -> None:
        """Waits for a duration, or until the client disconnects or the proxy ends."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self.handler.server.ending.is_set():
            try:
                self.handler.connection.settimeout(min(left, 0.05))
                if self.handler.connection.recv(1, socket.MSG_PEEK) == b"":
                    break
                time.sleep(min(left, 0.05))
            except TimeoutError:
                continue
            except OSError:
                break
        self.handler.connection.settimeout(None)


def reset_connection(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@dataclass
class Fault:
    """A fault of the first `times` matching requests for each object, and for each page of a listing."""

    times: int = 2
    strikes: int = field(default=0, init=False)
    _seen: Counter[tuple[str, str]] = field(default_factory=Counter, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def fits(self, exchange: Exchange) -> bool:
        raise NotImplementedError

    def spoil(self, exchange: Exchange) -> None:
        raise NotImplementedError

    def interrupts(self) -> bool:
        """Whether every connection is reset now."""
        return False

    def takes(self, exchange: Exchange) -> bool:
        if not self.fits(exchange):
            return False
        with self._lock:
            self._seen[exchange.target] += 1
            strikes = self._seen[exchange.target] <= self.times
            self.strikes += strikes
            return strikes


@dataclass
class Storm(Fault):
    """The first requests are refused."""

    status: int = 503
    code: str = "SlowDown"
    retry_after: int | None = None
    suffix: str = ""

    def fits(self, exchange: Exchange) -> bool:
        return exchange.path.endswith(self.suffix)

    def spoil(self, exchange: Exchange) -> None:
        headers = [] if self.retry_after is None else [("Retry-After", str(self.retry_after))]
        exchange.fail(self.status, self.code, "Please reduce your request rate.", headers)


@dataclass
class Crowded(Fault):
    """Downloads take a while, and those beyond a number at the same time are refused."""

    times: int = 1_000_000
    most: int = 2
    seconds: float = 0.03
    _running: int = field(default=0, init=False, repr=False)

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_download

    def spoil(self, exchange: Exchange) -> None:
        with self._lock:
            is_served = self._running < self.most
            self._running += is_served
            self.strikes -= is_served
        if not is_served:
            return exchange.fail(503, "SlowDown", "Please reduce your request rate.")
        try:
            exchange.wait(self.seconds)
            exchange.send(exchange.upstream())
        finally:
            with self._lock:
                self._running -= 1


@dataclass
class Reset(Fault):
    """The connection is reset in the middle of a body."""

    part: float = 0.5

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_download or exchange.is_listing

    def spoil(self, exchange: Exchange) -> None:
        reply = exchange.upstream()
        exchange.send(reply, sent=int(len(reply.body) * self.part))
        exchange.wait_until_received()
        exchange.hang_up(reset=True)


@dataclass
class Stall(Fault):
    """The body stops in the middle, and the connection stays open."""

    times: int = 1
    part: float = 0.5
    seconds: float = 60
    suffix: str = ""

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_download and exchange.path.endswith(self.suffix)

    def spoil(self, exchange: Exchange) -> None:
        reply = exchange.upstream()
        exchange.send(reply, sent=int(len(reply.body) * self.part))
        exchange.wait(self.seconds)
        exchange.hang_up(reset=True)


@dataclass
class Short(Fault):
    """The connection is closed properly before the end of the body."""

    missing: int = 1

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_download or exchange.is_listing

    def spoil(self, exchange: Exchange) -> None:
        reply = exchange.upstream()
        exchange.send(reply, sent=max(0, len(reply.body) - self.missing))
        exchange.hang_up(reset=False)


@dataclass
class Cropped(Fault):
    """A body shorter than the requested range, but complete by its `Content-Length`."""

    missing: int = 1

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_download and "Range" in exchange.handler.headers

    def spoil(self, exchange: Exchange) -> None:
        reply = exchange.upstream()
        exchange.send(Reply(reply.status, reply.headers, reply.body[: max(0, len(reply.body) - self.missing)]))


@dataclass
class Corrupted(Fault):
    """A bit of the body is flipped, which the checksum detects."""

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_download

    def spoil(self, exchange: Exchange) -> None:
        reply = exchange.upstream()
        # S3 has checksums of whole objects only.
        if reply.status != 200 or not reply.body:
            with self._lock:
                self.strikes -= 1
            return exchange.send(reply)
        checksum = base64.b64encode(zlib.crc32(reply.body).to_bytes(4, "big")).decode()
        body = bytearray(reply.body)
        body[len(body) // 2] ^= 1
        exchange.send(Reply(200, [*reply.headers, ("x-amz-checksum-crc32", checksum)], bytes(body)))


@dataclass
class SlowFirstByte(Fault):
    """The response is right, but begins late."""

    times: int = 1
    seconds: float = 1.5
    suffix: str = ""

    def fits(self, exchange: Exchange) -> bool:
        return (exchange.is_download and exchange.path.endswith(self.suffix)) or exchange.is_listing

    def spoil(self, exchange: Exchange) -> None:
        exchange.wait(self.seconds)
        exchange.send(exchange.upstream())


@dataclass
class LostAnswer(Fault):
    """An upload succeeds, and the connection is reset instead of a response."""

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_upload

    def spoil(self, exchange: Exchange) -> None:
        exchange.upstream()
        exchange.hang_up(reset=True)


@dataclass
class DuplicatedPages(Fault):
    """A page of a listing is repeated instead of the next one."""

    times: int = 1
    _pages: dict[str, Reply] = field(default_factory=dict, init=False, repr=False)

    def fits(self, exchange: Exchange) -> bool:
        if not exchange.is_listing:
            return False
        if "continuation-token" in exchange.query:
            return True
        self._pages[self._listing(exchange)] = exchange.upstream()
        return False

    def spoil(self, exchange: Exchange) -> None:
        listing = self._listing(exchange)
        former, self._pages[listing] = self._pages[listing], exchange.upstream()
        exchange.send(former)

    @staticmethod
    def _listing(exchange: Exchange) -> str:
        return f"{exchange.path}?{exchange.query.get('prefix')}"


@dataclass
class EndlessPages(Fault):
    """A listing whose continuation token leads back to the same page."""

    times: int = 1_000_000

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_listing

    def spoil(self, exchange: Exchange) -> None:
        token = exchange.query.get("continuation-token", ["once-more"])[0]
        entry = b"<Contents><Key>100MB/1.pt</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents>"
        body = (
            b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            b"<IsTruncated>true</IsTruncated><NextContinuationToken>" + token.encode() + b"</NextContinuationToken>"
            + entry + b"</ListBucketResult>"
        )  # fmt: skip
        exchange.send(Reply(200, [("Content-Type", "application/xml")], body))


@dataclass
class Refusal(Fault):
    """Every request is refused."""

    times: int = 1_000_000
    status: int = 403
    code: str = "AccessDenied"
    message: str = "Access Denied"

    def fits(self, exchange: Exchange) -> bool:
        return True

    def spoil(self, exchange: Exchange) -> None:
        exchange.fail(self.status, self.code, self.message)


@dataclass
class Latency(Fault):
    """Every request is delayed by a random time in seconds, so that simultaneous ones arrive in any order.

    Delayed requests are forwarded, or affected by the faults after this one.
    """

    times: int = field(default=0, init=False)
    seconds_min: float
    seconds_max: float
    seed: int
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next_delay(self) -> float:
        with self._lock:
            self.strikes += 1
            return self._random.uniform(self.seconds_min, self.seconds_max)

    def takes(self, exchange: Exchange) -> bool:
        exchange.wait(self.next_delay())
        return False


@dataclass
class Outage(Fault):
    """Between `start` and `stop` every connection is reset: new ones, and others instead of their next response.

    A request that was received before the start may take effect.
    """

    times: int = field(default=0, init=False)
    _active: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    def start(self) -> None:
        self._active.set()

    def stop(self) -> None:
        self._active.clear()

    def interrupts(self) -> bool:
        with self._lock:
            self.strikes += self._active.is_set()
        return self._active.is_set()

    def fits(self, exchange: Exchange) -> bool:
        return False


@dataclass
class Trigger(Fault):
    """Calls `action` when the request of that number arrives, counted from 1.

    The request is then forwarded, or affected by the faults after this one, or its connection is reset if `is_lost`.
    """

    times: int = field(default=0, init=False)
    number: int
    action: Callable[[], object]
    is_lost: bool = False
    _count: int = field(default=0, init=False, repr=False)

    def takes(self, exchange: Exchange) -> bool:
        with self._lock:
            self._count += 1
            if self._count != self.number:
                return False
            self.strikes += 1
        self.action()
        return self.is_lost

    def spoil(self, exchange: Exchange) -> None:
        exchange.hang_up(reset=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments: object) -> None:
        pass

    def handle_any(self) -> None:
        server: FaultProxy = self.server  # type: ignore[assignment]
        try:
            exchange = Exchange(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            server.count(exchange)
            if server.is_out():
                return exchange.hang_up(reset=True)
            for fault in server.faults:
                if fault.takes(exchange):
                    return fault.spoil(exchange)
            exchange.send(exchange.upstream())
        except OSError:  # the client has disconnected
            self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            pass


class FaultProxy(ThreadingHTTPServer):
    """Listens on a free port within its context."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, upstream_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream_port = upstream_port
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.ending = threading.Event()
        self._lock = threading.Lock()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, exchange: Exchange) -> None:
        with self._lock:
            self.requests.append((exchange.method, exchange.path))

    def is_out(self) -> bool:
        return any(fault.interrupts() for fault in self.faults)

    def verify_request(self, request: Any, client_address: object) -> bool:
        if self.is_out():
            reset_connection(request)
            return False
        return True

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def fault_proxy(upstream_port: int, *faults: Fault) -> Iterator[FaultProxy]:
    proxy = FaultProxy(upstream_port)
    proxy.faults = list(faults)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.ending.set()
        proxy.shutdown()
        thread.join()
        proxy.server_close()
