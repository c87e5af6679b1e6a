"""Settings of accounts: encryption with a KMS key, requester-pays buckets, public objects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import make_tiny_sky
from fault_proxy import Exchange, Fault, fault_proxy
from partitions import Galaxies
from program import Program, Sky
from s3 import REGION, S3, Keys
from step_functions import StepFunctions

Write = Callable[[Any], Path]
KEY = f"arn:aws:kms:{REGION}:123456789012:key/0b1c"


@dataclass
class Record(Fault):
    """Keeps every request, and forwards it."""

    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def takes(self, exchange: Exchange) -> bool:
        headers = {name.lower(): value for name, value in exchange.handler.headers.items()}
        self.seen.append((exchange.method, exchange.handler.path, headers))
        return False


@pytest.fixture(scope="module")
def sky(s3: S3, cai: Program, galaxies: Galaxies, work: Path) -> Sky:
    return make_tiny_sky(s3, cai, galaxies, work / "access", "access", partitions=2)


def test_requests_pay_and_new_objects_name_the_kms_key(
    cai: Program, s3: S3, sky: Sky, write: Write, work: Path
) -> None:
    """The server verifies the signatures of the headers."""
    record = Record()
    with fault_proxy(s3.port, record) as proxy:
        settings = {"AWS_REQUEST_PAYER": "requester", "CAI_SSE_KMS_KEY": KEY}
        environment = cai.at(proxy.endpoint, s3) | settings
        cai.succeed("run", write(sky.input("access")), environment=environment)
        cai.succeed("infer", "s3://access/sky/", "-o", "s3://results/access-infer.csv", environment=environment)
        part, target = work / "access/1.pt", "s3://results/access-split/"
        cai.succeed("split", part, "-o", target, "--rows", 1, environment=environment)
    sky.check(s3, "access")
    assert s3.get("results", "access-infer.csv") == sky.predictions
    assert all(headers["x-amz-request-payer"] == "requester" for _, _, headers in record.seen)
    encrypted = ("aws:kms", KEY)
    for method, path, headers in record.seen:
        named = tuple(headers.get(f"x-amz-server-side-encryption{end}") for end in ("", "-aws-kms-key-id"))
        assert named == (encrypted if method == "PUT" else (None, None)), f"{method} {path}"
    written = {path for method, path, _ in record.seen if method == "PUT"}
    assert {"/results/access/manifest.json", "/results/access/summary.json", "/results/access-infer.csv"} <= written
    assert any(path.startswith("/results/access-split/") for path in written)


def test_public_objects_are_read_without_credentials(
    cai: Program, s3: S3, sky: Sky, step_functions: StepFunctions, work: Path, tmp_path: Path
) -> None:
    """moto answers requests without a signature, the tests' S3 refuses them."""
    moto = step_functions.moto.endpoint
    client = Keys("any", "any").client("s3", moto)
    client.create_bucket(Bucket="public")
    for name in sky.names:
        content = (work / "access" / name).read_bytes()
        client.put_object(Bucket="public", Key=f"sky/{name}", Body=content, ACL="public-read")
    out = tmp_path / "z.csv"
    command, unsigned = ("infer", "s3://public/sky/", "-o", out), {"AWS_NO_SIGN_REQUEST": "YES"}
    cai.succeed(*command, environment={"AWS_ENDPOINT_URL": moto, **unsigned})
    assert out.read_bytes() == sky.predictions

    line = cai.run("infer", "s3://access/sky/1.pt", environment={"AWS_ENDPOINT_URL": s3.endpoint, **unsigned}).line
    assert "access denied" in line and "without a signature (AWS_NO_SIGN_REQUEST)" in line
    line = cai.run("infer", "s3://access/sky/1.pt", environment={"AWS_ENDPOINT_URL": moto, "AWS_REGION": REGION}).line
    assert "AWS credentials: none found" in line and "AWS_NO_SIGN_REQUEST=YES" in line
