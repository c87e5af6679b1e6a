"""S3 on loopback, and its credentials."""

import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import boto3
from botocore.config import Config

from processes import Server, answers, free_port

REGION = "us-east-1"
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Keys:
    """Credentials of one test run. Secrets contain slashes and plus signs, as real ones do."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    # Secrets of this session, which no output may contain.
    made: ClassVar[set[bytes]] = set()

    def __post_init__(self) -> None:
        if len(self.secret_key) >= 20:
            self.made.update(word.encode() for word in self.environment.values())

    @classmethod
    def random(cls, with_token: bool = False) -> "Keys":
        token = f"FwoGZXIvYXdzE/{secrets.token_hex(40)}+/==" if with_token else None
        return cls(f"AKIA{secrets.token_hex(8).upper()}", f"s/{secrets.token_hex(17)}+/{secrets.token_hex(1)}", token)

    @property
    def environment(self) -> dict[str, str]:
        token = {"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {}
        return {"AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret_key, **token}

    def client(self, service: str, endpoint: str) -> Any:
        return boto3.client(
            service, endpoint_url=endpoint, region_name=REGION, aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key, aws_session_token=self.session_token,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, max_pool_connections=32),
        )  # fmt: skip


class S3:
    """A server that verifies signatures and enforces conditions. Its objects are files, `folder/bucket/key`."""

    def __init__(self, folder: Path, log: Path, keys: Keys, environment: dict[str, str], page: int = 1000) -> None:
        self.folder, self.keys = folder, keys
        folder.mkdir(parents=True)
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        own = {"NANIO_ACCESS_KEY": keys.access_key, "NANIO_SECRET_KEY": keys.secret_key}
        self.server = Server(
            [sys.executable, HERE / "s3_server.py", folder, self.port, page], log, {**environment, **own},
            ready=lambda: answers(self.endpoint),
        )  # fmt: skip
        self.client = keys.client("s3", self.endpoint)

    def make_bucket(self, name: str) -> None:
        self.client.create_bucket(Bucket=name)

    def put(self, bucket: str, objects: dict[str, bytes]) -> None:
        def put_one(key: str) -> None:
            self.client.put_object(Bucket=bucket, Key=key, Body=objects[key])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(put_one, objects))

    def get(self, bucket: str, key: str) -> bytes:
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def etags(self, bucket: str, prefix: str = "") -> dict[str, str]:
        """ETags by key, from all pages."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {entry["Key"]: entry["ETag"] for page in pages for entry in page.get("Contents", [])}

    def open_uploads(self, bucket: str, prefix: str = "") -> dict[str, str]:
        """Keys, by upload id, of the uploads in parts that are neither completed nor aborted."""
        listed = self.client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
        return {entry["UploadId"]: entry["Key"] for entry in listed.get("Uploads", [])}

    def modified(self, bucket: str, key: str) -> int:
        """The modification time of the file in ns."""
        return (self.folder / bucket / key).stat().st_mtime_ns

    def stop(self) -> None:
        self.server.stop()
