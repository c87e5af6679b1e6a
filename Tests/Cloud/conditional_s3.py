"""What nanio lacks of S3: conditions of requests, atomic writes, parts copied from objects, least sizes of parts.

An ASGI application between nanio's verification of signatures and its handlers.
"""

import asyncio
import base64
import re
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from nanio.errors import (
    EntityTooSmall, InvalidArgument, InvalidRequest, NoSuchKey, NoSuchUpload, NotImplemented_, PreconditionFailed,
    S3Error,
)  # fmt: skip
from nanio.etag import unquote_etag
from nanio.storage.filesystem import FilesystemStorage
from nanio.storage.multipart import MultipartManager
from nanio.xml import S3_NS, list_multipart_uploads_xml
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from s3_operation import Name, Operation, elements

# S3's least size of a part that is not the last one, and of an object from which a range can be copied.
LEAST_PART = 5 << 20
_CONDITION = re.compile(r"(x-amz-|x-amz-copy-source-)?if-.*")
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class ConditionalS3:
    """Checks and executes a request for an object in one step, under the lock of its key.

    A body is received as a whole before its lock is taken, and a response is sent after the lock is released: clients
    that send or receive slowly do not delay others. Conditions that are not enforced are refused with 501.
    """

    def __init__(self, app: ASGIApp, *, storage: FilesystemStorage) -> None:
        self._app, self._storage = app, storage
        self._uploads = MultipartManager(storage.data_dir)
        self._locks: WeakValueDictionary[Name, asyncio.Lock] = WeakValueDictionary()
        # The ids of uploads with CRC32 checksums.
        self._with_crc32: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request, messages = Request(scope, receive), list[Message]()

        async def keep(message: Message) -> None:
            messages.append(message)

        try:
            body = await request.body()
            operation = Operation.of(request)
            async with self._locked(operation.names(body)):
                self._check(operation, body)
                app = await self._answer(operation) or self._app
                await app(scope, once(body, receive), keep)
            if operation.is_begin_of_upload and request.headers.get("x-amz-checksum-algorithm") == "CRC32":
                answer = b"".join(message.get("body", b"") for message in messages).decode()
                self._with_crc32.update(re.findall("<UploadId>(.*)</UploadId>", answer))
        except ClientDisconnect:  # an incomplete body is discarded
            return
        except S3Error as error:
            messages = []
            await xml(error.to_xml(), error.http_status)(scope, receive, keep)
        for message in messages:
            await send(message)

    @asynccontextmanager
    async def _locked(self, names: Iterable[Name]) -> AsyncIterator[None]:
        """Takes the locks in the order of their names, so that two requests cannot wait for each other."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(names)):
                await stack.enter_async_context(self._locks.setdefault(name, asyncio.Lock()))
            yield

    def _check(self, operation: Operation, body: bytes) -> None:
        """Throws where a condition does not hold, an upload is not one of this key, or its parts are too small."""
        headers = operation.request.headers
        if refused := {name for name in headers if _CONDITION.fullmatch(name)} - operation.enforced:
            raise NotImplemented_(f"not supported for this operation: {', '.join(sorted(refused))}")
        if operation.upload is not None:
            begun = self._uploads.load_init(operation.upload)
            if (begun.bucket, begun.key) != operation.name:
                raise NoSuchUpload(resource=operation.upload)
        if operation.is_completion:
            self._check_sizes(operation.upload or "", body)
        match, none_match = headers.get("if-match"), headers.get("if-none-match")
        is_write = operation.request.method in ("PUT", "POST")
        if none_match not in (None, "*") or none_match and match or is_write and match == "*":
            raise NotImplemented_("expected If-None-Match: * or If-Match: ETAG")
        if none_match and self._etag(operation.name) is not None:
            raise PreconditionFailed("the object exists")
        self._require(operation.name, match)
        if operation.source:
            self._require(operation.source, headers.get("x-amz-copy-source-if-match"))

    def _require(self, name: Name, match: str | None) -> None:
        """Throws where an ETag is required, and the object has another one or does not exist."""
        if match is None:
            return
        if (etag := self._etag(name)) is None:
            raise NoSuchKey(resource="/".join(name))
        if match != "*" and unquote_etag(match) != unquote_etag(etag):
            raise PreconditionFailed(f"the ETag is {etag}, expected {match}")

    def _etag(self, name: Name) -> str | None:
        """None where the object does not exist; throws `NoSuchBucket`."""
        try:
            return self._storage.head_object(*name).etag
        except NoSuchKey:
            return None

    def _check_sizes(self, upload: str, body: bytes) -> None:
        """Parts that do not exist, and wrong ETags, are errors of nanio."""
        found = self._uploads.list_parts(upload)
        sizes = {(str(part.part_number), unquote_etag(part.etag)): part.size for part in found}
        for part in elements(body, "Part")[:-1]:
            identity = part.get("PartNumber", "").strip(), unquote_etag(part.get("ETag", "").strip())
            if sizes.get(identity, LEAST_PART) < LEAST_PART:
                raise EntityTooSmall(f"part {identity[0]} has {sizes[identity]} bytes, expected {LEAST_PART} or more")

    async def _answer(self, operation: Operation) -> ASGIApp | None:
        """The response to an operation that nanio does not have."""
        if operation.is_copy_of_part:
            return await self._copy_part(operation)
        if operation.is_list_of_uploads:
            return self._list_uploads(operation)
        return None

    async def _copy_part(self, operation: Operation) -> Response:
        query, source, upload = operation.request.query_params, operation.source, operation.upload
        assert source and upload
        size = self._storage.head_object(*source).size
        first, last = None, None
        if (given := operation.request.headers.get("x-amz-copy-source-range")) is not None:
            if not (found := _RANGE.fullmatch(given)):
                raise InvalidArgument(f"x-amz-copy-source-range is {given!r}, expected bytes=FIRST-LAST")
            first, last = int(found[1]), int(found[2])
            if not first <= last < size:
                raise InvalidArgument(f"Range specified is not valid for source object of size: {size}")
            if size <= LEAST_PART:
                raise InvalidRequest(f"a range of an object of {size} bytes, expected more than {LEAST_PART}")
        if not query.get("partNumber", "").isdecimal():
            raise InvalidArgument(f"partNumber is {query.get('partNumber')!r}, expected 1 to 10000")
        content = await self._storage.get_object(*source, range_start=first, range_end=last)
        checksum = 0

        async def chunks() -> AsyncIterator[bytes]:
            nonlocal checksum
            async for chunk in content.body:
                checksum = zlib.crc32(chunk, checksum)
                yield chunk

        part = await self._uploads.upload_part(upload, int(query["partNumber"]), chunks())
        fields = {"LastModified": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z", "ETag": part.etag}
        if upload in self._with_crc32:
            fields["ChecksumCRC32"] = base64.b64encode(checksum.to_bytes(4, "big")).decode()
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        return xml(f'<?xml version="1.0"?>\n<CopyPartResult xmlns="{S3_NS}">{inner}</CopyPartResult>'.encode())

    def _list_uploads(self, operation: Operation) -> Response:
        """In the order of their keys and in one page; nanio ignores `prefix`."""
        self._storage.head_bucket(operation.bucket)
        query = operation.request.query_params
        if refused := {"delimiter", "key-marker", "upload-id-marker"} & query.keys():
            raise NotImplemented_(f"not supported for lists of uploads: {', '.join(sorted(refused))}")
        found = [
            (begun.key, upload, begun.initiated)
            for upload, begun in self._uploads.list_uploads()
            if begun.bucket == operation.bucket and begun.key.startswith(query.get("prefix", ""))
        ]
        found.sort(key=lambda entry: (entry[0], entry[2]))
        return xml(list_multipart_uploads_xml(bucket=operation.bucket, uploads=found))


def xml(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/xml")


def once(body: bytes, receive: Receive) -> Receive:
    """Receives the body in one message, and then what follows: the end of the connection."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return messages.pop() if messages else await receive()

    return next_message
