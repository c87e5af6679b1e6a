"""The S3 server of the tests enforces conditions atomically, and copies and joins parts as S3 does."""

import base64
import hashlib
import http.client
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from conditional_s3 import LEAST_PART
from fault_proxy import Latency, fault_proxy
from processes import BOUND
from s3 import REGION, S3, Keys
from shared_hooks import IS_ENDURANCE, SEED

BUCKET = "conditions"
THREADS = 32
ROUNDS = 60 if IS_ENDURANCE else 8


@pytest.fixture(scope="module")
def client(s3: S3) -> Any:
    s3.make_bucket(BUCKET)
    return s3.client


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def race(pool: ThreadPoolExecutor, operations: list[Callable[[], Any]]) -> list[str]:
    """Begins all operations at once. Their S3 error codes, or "" for success."""
    barrier = threading.Barrier(len(operations), timeout=BOUND)

    def run(operation: Callable[[], Any]) -> str:
        barrier.wait()
        return code(operation)

    return list(pool.map(run, operations))


def code(operation: Callable[[], Any]) -> str:
    try:
        operation()
    except ClientError as error:
        return error.response["Error"]["Code"]
    return ""


@contextmanager
def refused(status: int, code: str = "") -> Iterator[None]:
    """The block ends with that response of S3; responses to HEAD have no code."""
    with pytest.raises(ClientError) as error:
        yield
    response = error.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert response["Error"]["Code"] == (code or str(status))


def begin(client: Any, key: str, parts: list[bytes], **options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An upload with its parts, which is still open: the arguments that name it, and its list of parts."""
    upload = {"Bucket": BUCKET, "Key": key}
    upload["UploadId"] = client.create_multipart_upload(**upload, **options)["UploadId"]
    etags = [client.upload_part(**upload, PartNumber=n, Body=part)["ETag"] for n, part in enumerate(parts, 1)]
    return upload, [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]


def complete(client: Any, begun: tuple[dict[str, Any], list[dict[str, Any]]], **conditions: str) -> dict[str, Any]:
    return client.complete_multipart_upload(**begun[0], MultipartUpload={"Parts": begun[1]}, **conditions)


# Conditions


def test_an_object_is_created_only_if_it_does_not_exist(client: Any, s3: S3) -> None:
    client.put_object(Bucket=BUCKET, Key="new", Body=b"first", IfNoneMatch="*")
    with refused(412, "PreconditionFailed"):
        client.put_object(Bucket=BUCKET, Key="new", Body=b"second", IfNoneMatch="*")
    assert s3.get(BUCKET, "new") == b"first"


def test_an_object_is_replaced_only_if_its_etag_is_that_one(client: Any, s3: S3) -> None:
    first = client.put_object(Bucket=BUCKET, Key="same", Body=b"first")["ETag"]
    second = client.put_object(Bucket=BUCKET, Key="same", Body=b"second", IfMatch=first)["ETag"]
    with refused(412, "PreconditionFailed"):
        client.put_object(Bucket=BUCKET, Key="same", Body=b"third", IfMatch=first)
    with refused(404, "NoSuchKey"):
        client.put_object(Bucket=BUCKET, Key="absent", Body=b"third", IfMatch=second)
    client.put_object(Bucket=BUCKET, Key="same", Body=b"fourth", IfMatch=second.strip('"'))
    assert s3.get(BUCKET, "same") == b"fourth"


def test_an_upload_in_parts_is_completed_only_if_its_conditions_hold(client: Any, s3: S3) -> None:
    begun = begin(client, "joined", [b"parts"])
    with refused(404, "NoSuchKey"):
        complete(client, begun, IfMatch='"none"')
    etag = client.put_object(Bucket=BUCKET, Key="joined", Body=b"whole")["ETag"]
    with refused(412, "PreconditionFailed"):
        complete(client, begun, IfNoneMatch="*")
    with refused(412, "PreconditionFailed"):
        complete(client, begun, IfMatch='"other"')
    # A refused completion leaves the upload open.
    assert s3.open_uploads(BUCKET) == {begun[0]["UploadId"]: "joined"} and s3.get(BUCKET, "joined") == b"whole"
    joined = complete(client, begun, IfMatch=etag)["ETag"]
    assert s3.get(BUCKET, "joined") == b"parts" and not s3.open_uploads(BUCKET)
    assert client.head_object(Bucket=BUCKET, Key="joined")["ETag"] == joined == s3.etags(BUCKET, "joined")["joined"]


def test_reads_require_the_etag(client: Any) -> None:
    etag = client.put_object(Bucket=BUCKET, Key="read", Body=b"0123456789")["ETag"]
    assert client.get_object(Bucket=BUCKET, Key="read", IfMatch=etag)["Body"].read() == b"0123456789"
    assert client.get_object(Bucket=BUCKET, Key="read", IfMatch=etag, Range="bytes=2-4")["Body"].read() == b"234"
    assert client.head_object(Bucket=BUCKET, Key="read", IfMatch=etag)["ETag"] == etag
    client.put_object(Bucket=BUCKET, Key="read", Body=b"0")
    with refused(412, "PreconditionFailed"):
        client.get_object(Bucket=BUCKET, Key="read", IfMatch=etag)
    with refused(412, "PreconditionFailed"):
        client.get_object(Bucket=BUCKET, Key="read", IfMatch=etag, Range="bytes=2-4")
    with refused(412):
        client.head_object(Bucket=BUCKET, Key="read", IfMatch=etag)
    with refused(404, "NoSuchKey"):
        client.get_object(Bucket=BUCKET, Key="not/there", IfMatch=etag)


def test_a_deletion_requires_the_etag(client: Any) -> None:
    etag = client.put_object(Bucket=BUCKET, Key="delete", Body=b"1")["ETag"]
    with refused(412, "PreconditionFailed"):
        client.delete_object(Bucket=BUCKET, Key="delete", IfMatch='"other"')
    client.delete_object(Bucket=BUCKET, Key="delete", IfMatch=etag)
    with refused(404, "NoSuchKey"):
        client.delete_object(Bucket=BUCKET, Key="delete", IfMatch=etag)


def test_conditions_that_are_not_enforced_are_refused(client: Any) -> None:
    client.put_object(Bucket=BUCKET, Key="refused", Body=b"1")
    with refused(501, "NotImplemented"):
        client.get_object(Bucket=BUCKET, Key="refused", IfNoneMatch='"other"')
    with refused(501, "NotImplemented"):
        client.put_object(Bucket=BUCKET, Key="refused", Body=b"2", IfNoneMatch='"other"')
    with refused(501, "NotImplemented"):
        client.put_object(Bucket=BUCKET, Key="refused", Body=b"2", IfMatch="*")
    with refused(501, "NotImplemented"):
        client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "refused", "ETag": '"other"'}]})
    assert client.head_object(Bucket=BUCKET, Key="refused")["ContentLength"] == 1


def test_conditions_do_not_replace_signatures(client: Any, s3: S3) -> None:
    wrong = Keys(s3.keys.access_key, Keys.random().secret_key)
    upload, _ = begin(client, "unsigned", [])
    with refused(403, "SignatureDoesNotMatch"):
        wrong.client("s3", s3.endpoint).put_object(Bucket=BUCKET, Key="unsigned", Body=b"1", IfNoneMatch="*")
    with refused(403, "SignatureDoesNotMatch"):
        wrong.client("s3", s3.endpoint).upload_part_copy(**upload, CopySource=f"{BUCKET}/read", PartNumber=1)
    assert "Parts" not in client.list_parts(**upload) and not s3.etags(BUCKET, "unsigned")
    client.abort_multipart_upload(**upload)


# Races


@pytest.mark.endurance
@pytest.mark.parametrize("delay", [0, 0.02])
def test_one_of_simultaneous_creations_succeeds(client: Any, s3: S3, pool: ThreadPoolExecutor, delay: float) -> None:
    with fault_proxy(s3.port, Latency(0, delay, SEED)) as proxy:
        racer = s3.keys.client("s3", proxy.endpoint if delay else s3.endpoint)

        def put(key: str, number: int) -> Callable[[], Any]:
            return lambda: racer.put_object(Bucket=BUCKET, Key=key, Body=f"{key} {number}", IfNoneMatch="*")

        for number in range(ROUNDS):
            key = f"race-{delay}/{number}"
            codes = race(pool, [put(key, thread) for thread in range(THREADS)])
            assert sorted(codes) == ["", *["PreconditionFailed"] * (THREADS - 1)], f"round {number}, seed {SEED}"
            assert s3.get(BUCKET, key) == f"{key} {codes.index('')}".encode()


@pytest.mark.endurance
def test_one_of_simultaneous_replacements_of_an_etag_succeeds(client: Any, s3: S3, pool: ThreadPoolExecutor) -> None:
    etag = client.put_object(Bucket=BUCKET, Key="chain", Body=b"begin")["ETag"]
    for number in range(ROUNDS):

        def put(thread: int, number: int = number, etag: str = etag) -> Callable[[], Any]:
            return lambda: client.put_object(Bucket=BUCKET, Key="chain", Body=f"{number} {thread}", IfMatch=etag)

        codes = race(pool, [put(thread) for thread in range(THREADS)])
        assert sorted(codes) == ["", *["PreconditionFailed"] * (THREADS - 1)], f"round {number}"
        content = f"{number} {codes.index('')}".encode()
        assert s3.get(BUCKET, "chain") == content
        etag = f'"{hashlib.md5(content).hexdigest()}"'
        assert s3.etags(BUCKET, "chain") == {"chain": etag}


@pytest.mark.endurance
def test_one_of_simultaneous_uploads_and_completions_succeeds(client: Any, s3: S3, pool: ThreadPoolExecutor) -> None:
    for number in range(ROUNDS // 4):
        key = f"mixed/{number}"
        uploads = [begin(client, key, [f"parts {thread}".encode()]) for thread in range(THREADS // 2)]
        puts: list[Callable[[], Any]] = [
            lambda key=key, thread=thread: client.put_object(  # type: ignore[misc]
                Bucket=BUCKET, Key=key, Body=f"whole {thread}", IfNoneMatch="*"
            )
            for thread in range(THREADS // 2)
        ]
        ends = [lambda begun=begun: complete(client, begun, IfNoneMatch="*") for begun in uploads]
        codes = race(pool, [operation for pair in zip(puts, ends, strict=True) for operation in pair])
        assert sorted(codes) == ["", *["PreconditionFailed"] * (THREADS - 1)], f"round {number}"
        thread, is_parts = divmod(codes.index(""), 2)
        assert s3.get(BUCKET, key) == f"{'parts' if is_parts else 'whole'} {thread}".encode()
        # The upload that was completed is not open any more.
        still = [upload for upload, _ in uploads if upload["UploadId"] in s3.open_uploads(BUCKET, key)]
        assert len(still) == len(uploads) - is_parts
        for upload in still:
            client.abort_multipart_upload(**upload)
        assert not s3.open_uploads(BUCKET)


def test_an_upload_that_stops_neither_blocks_its_key_nor_takes_effect(client: Any, s3: S3) -> None:
    request = AWSRequest("PUT", f"{s3.endpoint}/{BUCKET}/slow", {"Content-Length": "100"})
    S3SigV4Auth(Credentials(*s3.keys.environment.values()), "s3", REGION).add_auth(request)
    connection = http.client.HTTPConnection("127.0.0.1", s3.port, timeout=BOUND)
    try:
        connection.request("PUT", f"/{BUCKET}/slow", b"0123456789", dict(request.headers))
        client.put_object(Bucket=BUCKET, Key="slow", Body=b"quick", IfNoneMatch="*")
    finally:
        connection.close()
    assert s3.get(BUCKET, "slow") == b"quick"


# Uploads in parts


@pytest.fixture(scope="module")
def source(client: Any) -> tuple[bytes, str]:
    """An object whose name needs encoding, and its ETag."""
    content = os.urandom(LEAST_PART + 1000)
    return content, client.put_object(Bucket=BUCKET, Key="from/a source+1.bin", Body=content)["ETag"]


FROM = {"CopySource": {"Bucket": BUCKET, "Key": "from/a source+1.bin"}}


@pytest.mark.parametrize("algorithm", ["CRC32", None])
def test_parts_are_copied_and_joined(client: Any, s3: S3, source: tuple[bytes, str], algorithm: str | None) -> None:
    content, etag = source
    options = {"ChecksumAlgorithm": algorithm} if algorithm else {}
    upload, parts = begin(client, "to/copy", [], **options)
    for number, span in enumerate([None, (1000, LEAST_PART + 999), (7, 16)], 1):
        extent = {"CopySourceRange": f"bytes={span[0]}-{span[1]}"} if span else {}
        copied = client.upload_part_copy(**upload, **FROM, **extent, PartNumber=number, CopySourceIfMatch=etag)
        result, part = copied["CopyPartResult"], content[span[0] : span[1] + 1] if span else content
        assert result["ETag"] == f'"{hashlib.md5(part).hexdigest()}"' and result["LastModified"]
        checksum = base64.b64encode(zlib.crc32(part).to_bytes(4, "big")).decode()
        assert result.get("ChecksumCRC32") == (checksum if algorithm else None)
        parts.append({"PartNumber": number, "ETag": result["ETag"]})
    joined = complete(client, (upload, parts))["ETag"]
    assert s3.get(BUCKET, "to/copy") == content + content[1000 : LEAST_PART + 1000] + content[7:17]
    assert client.head_object(Bucket=BUCKET, Key="to/copy")["ETag"] == joined and joined.endswith('-3"')
    # The source is unchanged.
    assert s3.get(BUCKET, FROM["CopySource"]["Key"]) == content


def test_copies_of_parts_are_refused(client: Any, s3: S3, source: tuple[bytes, str]) -> None:
    content, etag = source
    client.put_object(Bucket=BUCKET, Key="small", Body=b"0123456789")
    upload, _ = begin(client, "no/copy", [])

    def copy(key: str = FROM["CopySource"]["Key"], **options: str) -> None:
        client.upload_part_copy(**upload, CopySource={"Bucket": BUCKET, "Key": key}, PartNumber=1, **options)

    try:
        with refused(412, "PreconditionFailed"):
            copy(CopySourceIfMatch='"other"')
        with refused(404, "NoSuchKey"):
            copy("from/absent")
        with refused(404, "NoSuchKey"):
            copy("from/absent", CopySourceIfMatch=etag)
        for span in (f"bytes=0-{len(content)}", "bytes=2-1", "bytes=5-", "bytes=-5", "0-5"):
            with refused(400, "InvalidArgument"):
                copy(CopySourceIfMatch=etag, CopySourceRange=span)
        with refused(400, "InvalidRequest"):
            copy("small", CopySourceRange="bytes=0-4")
        with refused(501, "NotImplemented"):
            copy(CopySourceIfNoneMatch=etag)
        with refused(404, "NoSuchUpload"):
            client.upload_part_copy(**{**upload, "Key": "another"}, **FROM, PartNumber=1)
        assert "Parts" not in client.list_parts(**upload)
    finally:
        client.abort_multipart_upload(**upload)
    with refused(404, "NoSuchUpload"):
        copy()


def test_copies_of_objects_have_conditions(client: Any, s3: S3, source: tuple[bytes, str]) -> None:
    with refused(412, "PreconditionFailed"):
        client.copy_object(Bucket=BUCKET, Key="copied", **FROM, CopySourceIfMatch='"other"')
    client.copy_object(Bucket=BUCKET, Key="copied", **FROM, CopySourceIfMatch=source[1], IfNoneMatch="*")
    with refused(412, "PreconditionFailed"):
        client.copy_object(Bucket=BUCKET, Key="copied", **FROM, IfNoneMatch="*")
    assert s3.get(BUCKET, "copied") == source[0]


def test_only_the_last_part_is_smaller_than_5_mib(client: Any, s3: S3) -> None:
    begun = begin(client, "least", [bytes(LEAST_PART - 1), b"last"])
    with refused(400, "EntityTooSmall"):
        complete(client, begun)
    begun[1][0]["ETag"] = '"other"'
    with refused(400, "InvalidPart"):
        complete(client, begun)
    assert s3.open_uploads(BUCKET) == {begun[0]["UploadId"]: "least"}
    part = client.upload_part(**begun[0], PartNumber=1, Body=bytes(LEAST_PART))
    begun[1][0]["ETag"] = part["ETag"]
    complete(client, begun)
    assert s3.get(BUCKET, "least") == bytes(LEAST_PART) + b"last"


def test_open_uploads_are_listed_until_completed_or_aborted(client: Any, s3: S3) -> None:
    assert not s3.open_uploads(BUCKET)
    begun = [begin(client, f"open/{number}", [b"part"]) for number in range(3)]
    ids = [upload["UploadId"] for upload, _ in begun]
    assert s3.open_uploads(BUCKET) == {upload: f"open/{number}" for number, upload in enumerate(ids)}
    assert s3.open_uploads(BUCKET, "open/2") == {ids[2]: "open/2"}
    client.abort_multipart_upload(**begun[0][0])
    complete(client, begun[1])
    assert s3.open_uploads(BUCKET) == {ids[2]: "open/2"}
    with refused(404, "NoSuchUpload"):
        complete(client, begun[0])
    client.abort_multipart_upload(**begun[2][0])
    assert not s3.open_uploads(BUCKET) and s3.etags(BUCKET, "open/").keys() == {"open/1"}


# Operations without conditions


def test_etags_of_responses_and_of_listings_are_the_same(client: Any, s3: S3) -> None:
    for body in (b"", b"first", bytes(3 << 20), b"second"):
        etag = client.put_object(Bucket=BUCKET, Key="plain/etag", Body=body)["ETag"]
        assert etag == f'"{hashlib.md5(body).hexdigest()}"' == s3.etags(BUCKET, "plain/")["plain/etag"]
        assert client.head_object(Bucket=BUCKET, Key="plain/etag")["ETag"] == etag
        read = client.get_object(Bucket=BUCKET, Key="plain/etag")
        assert (read["ETag"], read["Body"].read()) == (etag, body)


def test_objects_are_deleted_whether_they_exist_or_not(client: Any, s3: S3) -> None:
    s3.put(BUCKET, {f"plain/{number}": b"1" for number in range(3)})
    client.delete_object(Bucket=BUCKET, Key="plain/0")
    client.delete_object(Bucket=BUCKET, Key="plain/0")
    client.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": f"plain/{number}"} for number in range(3)]})
    assert not {f"plain/{number}" for number in range(3)} & s3.etags(BUCKET, "plain/").keys()
    with refused(404, "NoSuchBucket"):
        client.put_object(Bucket="not-there", Key="a", Body=b"1", IfNoneMatch="*")


def test_objects_that_are_being_written_are_not_listed(client: Any, s3: S3) -> None:
    client.put_object(Bucket=BUCKET, Key="listed/.tmp", Body=b"1")
    (s3.folder / BUCKET / "listed" / ".tmp.0123").write_bytes(b"incomplete")
    assert s3.etags(BUCKET, "listed/").keys() == {"listed/.tmp"}
