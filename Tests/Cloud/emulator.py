"""Lambda functions on loopback: the program as `bootstrap` behind Amazon's Runtime Interface Emulator."""

import json
import platform
import queue
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import samcli

from processes import BOUND, Server, free_port, listens

_MACHINE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
RIE = Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{_MACHINE}"


@dataclass(frozen=True)
class Invocation:
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str | None:
        """The type of the function's error. The emulator marks errors only by their keys."""
        value = self.value
        is_error = isinstance(value, dict) and "errorMessage" in value and "errorType" in value
        return value["errorType"] if is_error else None


class Emulator:
    """One environment of one function: a process that is kept between invocations."""

    def __init__(
        self, bootstrap: Path, handler: str, log: Path, environment: dict[str, str], timeout: int = BOUND
    ) -> None:
        self.port, runtime_port = free_port(), free_port()
        RIE.chmod(0o755)
        self.log = log
        self.server = Server(
            [
                RIE, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
                "--runtime-api-address", f"127.0.0.1:{runtime_port}", bootstrap, handler,
            ],
            log,
            {
                **environment,
                "AWS_LAMBDA_FUNCTION_NAME": handler.replace(".", "-"),
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
                "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
            },
            ready=lambda: listens(self.port),
            folder=bootstrap.parent,
        )  # fmt: skip

    def invoke(self, event: Any) -> Invocation:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations", json.dumps(event).encode()
        )
        try:
            with urllib.request.urlopen(request, timeout=2 * BOUND) as response:
                return Invocation(response.read())
        except urllib.error.HTTPError as error:  # the environment could not be set up
            with error:
                return Invocation(error.read())

    def stop(self) -> None:
        self.server.stop()


class Pool:
    """Environments of one function; an invocation takes a free one, or waits for it."""

    def __init__(self, emulators: list[Emulator]) -> None:
        self.emulators: list[Emulator] = []
        self._free: queue.Queue[Emulator] = queue.Queue()
        self.invocations: list[Any] = []
        for emulator in emulators:
            self.add(emulator)

    def add(self, emulator: Emulator) -> None:
        self.emulators.append(emulator)
        self._free.put(emulator)

    def invoke(self, event: Any) -> Invocation:
        with self._one() as emulator:
            self.invocations.append(event)
            return emulator.invoke(event)

    @contextmanager
    def _one(self) -> Iterator[Emulator]:
        emulator = self._free.get(timeout=2 * BOUND)
        try:
            yield emulator
        finally:
            self._free.put(emulator)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits for running invocations, and blocks new ones in its context."""
        with ExitStack() as stack:
            for _ in self.emulators:
                stack.enter_context(self._one())
            yield

    def stop(self) -> None:
        for emulator in self.emulators:
            emulator.stop()
