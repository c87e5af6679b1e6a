"""Requests for the same object are checked and executed one after the other, others at the same time."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.multipart import MultipartInit, MultipartManager
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from conditional_s3 import ConditionalS3
from processes import BOUND

LIST = b"<Delete><Object><Key>before</Key></Object><Object><Key>key</Key></Object></Delete>"
PARTS = b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>e</ETag></Part></CompleteMultipartUpload>"


@dataclass(frozen=True)
class Call:
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def send(self, server: ConditionalS3) -> int:
        """The status of the response."""
        url, messages = urlsplit(self.target), [{"type": "http.request", "body": self.body, "more_body": False}]
        scope = {
            "type": "http", "method": self.method, "path": url.path, "query_string": url.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in self.headers.items()],
        }  # fmt: skip
        statuses: list[int] = []

        async def receive() -> Message:
            return messages.pop()

        async def keep(message: Message) -> None:
            statuses.extend([message["status"]] if "status" in message else [])

        await server(scope, receive, keep)
        return statuses[0]


class Recorder:
    """In place of nanio's handlers: the largest number of requests that were executed at once."""

    def __init__(self) -> None:
        self.active, self.most = 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.active += 1
        self.most = max(self.most, self.active)
        for _ in range(20):
            await asyncio.sleep(0)
        self.active -= 1
        await Response()(scope, receive, send)


CALLS = {
    "upload": Call("PUT", "/bucket/key"),
    "download": Call("GET", "/bucket/key"),
    "request for the header": Call("HEAD", "/bucket/key"),
    "deletion": Call("DELETE", "/bucket/key"),
    "deletion of a list": Call("POST", "/bucket?delete", body=LIST),
    "upload of a part": Call("PUT", "/bucket/key?partNumber=1&uploadId=ID"),
    "completion": Call("POST", "/bucket/key?uploadId=ID", body=PARTS),
    "abort": Call("DELETE", "/bucket/key?uploadId=ID"),
    "copy to it": Call("PUT", "/bucket/key", {"x-amz-copy-source": "bucket/another"}),
    "copy from it": Call("PUT", "/bucket/another", {"x-amz-copy-source": "/bucket/k%65y"}),
}


def most_at_once(folder: Path, calls: list[Call]) -> int:
    storage = FilesystemStorage(folder)
    storage.create_bucket("bucket")
    upload = MultipartManager(folder).create(MultipartInit("bucket", "key"))
    calls = [replace(call, target=call.target.replace("ID", upload)) for call in calls]

    async def run() -> int:
        recorder = Recorder()
        server = ConditionalS3(recorder, storage=storage)
        assert await asyncio.gather(*(call.send(server) for call in calls)) == [200] * len(calls)
        return recorder.most

    return asyncio.run(asyncio.wait_for(run(), BOUND))


@pytest.mark.parametrize("name", CALLS)
def test_no_request_for_an_object_is_executed_during_its_upload(tmp_path: Path, name: str) -> None:
    assert most_at_once(tmp_path, [CALLS["upload"], CALLS[name], CALLS["upload"]]) == 1


@pytest.mark.parametrize("name", CALLS)
def test_uploads_of_other_objects_are_executed_at_the_same_time(tmp_path: Path, name: str) -> None:
    assert most_at_once(tmp_path, [Call("PUT", "/bucket/other"), CALLS[name]]) == 2


def test_requests_that_take_several_locks_do_not_wait_for_each_other(tmp_path: Path) -> None:
    there = Call("PUT", "/bucket/key", {"x-amz-copy-source": "bucket/another"})
    back = Call("PUT", "/bucket/another", {"x-amz-copy-source": "bucket/key"})
    assert most_at_once(tmp_path, [there, back] * 10) == 1
