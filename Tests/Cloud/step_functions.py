"""Step Functions on loopback: moto's interpreter, whose calls of Lambda and S3 a gateway forwards to local servers."""

import http.client
import json
import re
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from emulator import Invocation
from processes import BOUND, Server, answers, free_port
from s3 import REGION, S3, Keys

ACCOUNT = "123456789012"
_INVOCATION = re.compile(r"^/2015-03-31/functions/([^/]+)/invocations(?:\?.*)?$")
_KEPT = ("content-type", "range", "x-amz-target")


class _Handler(BaseHTTPRequestHandler):
    """Forwards invocations to the emulators, S3 requests with a new signature to the tests' S3, all others to moto."""

    protocol_version = "HTTP/1.1"
    server: "Gateway"

    def log_message(self, *arguments: object) -> None:
        pass

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        function = _INVOCATION.match(self.path)
        if function:
            self._invoke(unquote(function[1]).rpartition(":")[2], body)
        elif "/s3/aws4_request" in self.headers.get("Authorization", ""):
            self._forward(self.server.s3.port, body, self._signed(body))
        else:
            self._forward(self.server.moto_port, body, dict(self.headers.items()))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def _invoke(self, name: str, body: bytes) -> None:
        function = self.server.functions.get(name)
        if function is None:
            message = json.dumps({"Message": f"Function not found: {name}"}).encode()
            return self._answer(404, [("X-Amzn-ErrorType", "ResourceNotFoundException")], message)
        invocation = function.invoke(json.loads(body))
        error = [("X-Amz-Function-Error", "Unhandled")] if invocation.error else []
        self._answer(200, [("Content-Type", "application/json"), *error], invocation.body)

    def _signed(self, body: bytes) -> dict[str, str]:
        keys = self.server.s3.keys
        headers = {name: self.headers[name] for name in _KEPT if name in self.headers}
        data = None if self.command in ("GET", "HEAD") else body
        request = AWSRequest(self.command, self.server.s3.endpoint + self.path, headers, data)
        S3SigV4Auth(Credentials(keys.access_key, keys.secret_key), "s3", REGION).add_auth(request)
        return dict(request.headers.items())

    def _forward(self, port: int, body: bytes, headers: dict[str, str]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2 * BOUND)
        try:
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            own = ("content-length", "connection", "transfer-encoding", "date", "server")
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in own]
            self._answer(response.status, kept, response.read())
        finally:
            connection.close()

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Function(Protocol):
    """Pools of environments by function name."""

    def invoke(self, event: Any) -> Invocation: ...


class Gateway(ThreadingHTTPServer):
    """The server that the interpreter uses as AWS."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, s3: S3, moto_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.s3, self.moto_port = s3, moto_port
        self.functions: dict[str, Function] = {}
        self.port = self.server_address[1]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class Moto:
    """A moto server. Its own calls go to `called_port`."""

    def __init__(self, log: Path, environment: dict[str, str], port: int, called_port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.server = Server(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], log,
            {**environment, "MOTO_PORT": str(called_port)}, ready=lambda: answers(f"{self.endpoint}/moto-api/"),
        )  # fmt: skip

    def post(self, path: str, body: str) -> None:
        headers = {"Content-Type": "application/octet-stream"}  # a form would be parsed and discarded
        request = urllib.request.Request(f"{self.endpoint}/moto-api/{path}", body.encode(), headers, method="POST")
        urllib.request.urlopen(request, timeout=BOUND).close()

    def stop(self) -> None:
        self.server.stop()


class StepFunctions:
    """The interpreter with state machines whose functions are emulator environments."""

    def __init__(self, s3: S3, log: Path, environment: dict[str, str]) -> None:
        moto_port = free_port()
        self.gateway = Gateway(s3, moto_port)
        try:
            self.moto = Moto(log, environment, moto_port, self.gateway.port)
        except BaseException:
            self.gateway.stop()
            raise
        self.moto.post("config", json.dumps({"stepfunctions": {"execute_state_machine": True}}))
        self.endpoint = self.gateway.endpoint
        self.client = Keys("states", "states").client("stepfunctions", self.endpoint)

    def create(self, name: str, definition: Path, functions: dict[str, Function]) -> str:
        """Loads a definition, whose `${NameFunction}` become the functions' ARNs. Returns the state machine's ARN."""
        text = definition.read_text().replace("${Partition}", "aws")
        for key, behind in functions.items():
            function = f"{name}-{key}"
            self.gateway.functions[function] = behind
            text = text.replace("${" + key + "}", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
        role = f"arn:aws:iam::{ACCOUNT}:role/states"
        return self.client.create_state_machine(name=name, definition=text, roleArn=role)["stateMachineArn"]

    def start(self, arn: str, name: str, event: Any) -> str:
        return self.client.start_execution(stateMachineArn=arn, name=name, input=json.dumps(event))["executionArn"]

    def wait(self, execution: str, timeout: float = BOUND) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while (state := self.client.describe_execution(executionArn=execution))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{execution} is still running after {timeout} s")
            time.sleep(0.1)
        return state

    def stop(self) -> None:
        self.gateway.stop()
        self.moto.stop()
