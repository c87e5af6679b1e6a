"""Refusals of S3 are errors of one line with exit status 1."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fault_proxy import Refusal, fault_proxy
from processes import free_port
from program import Program, Sky
from s3 import REGION, S3, Keys
from step_functions import Moto

Write = Callable[[Any], Path]


def test_a_wrong_secret_is_one_line(cai: Program, s3: S3, keys: Keys, sky: Sky, write: Write) -> None:
    wrong = replace(keys, secret_key=Keys.random().secret_key)
    line = cai.run("run", write(sky.input("no")), environment={**cai.on(s3), **wrong.environment}).line
    assert "signature does not match" in line and "secret key" in line


def test_an_unknown_access_key_is_one_line(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    environment = {**cai.on(s3), **Keys.random(with_token=True).environment}
    assert "access key is not known" in cai.run("run", write(sky.input("no")), environment=environment).line


def test_an_expired_token_is_one_line(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    refusal = Refusal(status=400, code="ExpiredToken", message="The provided token has expired.")
    with fault_proxy(s3.port, refusal) as proxy:
        line = cai.run("run", write(sky.input("no")), environment=cai.at(proxy.endpoint, s3)).line
    assert "expired" in line and refusal.strikes == 1


def test_missing_credentials_are_one_line(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    environment = {"AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_REGION": REGION}
    assert "credentials" in cai.run("run", write(sky.input("no")), environment=environment).line


@pytest.mark.parametrize("key", ["bucket", "data_bucket"])
def test_a_missing_bucket_is_one_line(cai: Program, s3: S3, sky: Sky, write: Write, key: str) -> None:
    line = cai.run("run", write({**sky.input("no"), key: "not-there"}), environment=cai.on(s3)).line
    assert "not-there" in line and "no such bucket" in line


def test_an_unreachable_server_is_one_line(cai: Program, s3: S3, sky: Sky, write: Write) -> None:
    environment = cai.at(f"http://127.0.0.1:{free_port()}", s3)
    assert "127.0.0.1" in cai.run("run", write(sky.input("no")), environment=environment).line


class Strict:
    """moto as a second verifier, with policies. Of its two users, one has no permissions."""

    def __init__(self, moto: Moto) -> None:
        root = Keys("root", "root")
        iam = root.client("iam", moto.endpoint)
        self.endpoint, everything = moto.endpoint, '{"Effect":"Allow","Action":"s3:*","Resource":"*"}'
        self.client = root.client("s3", moto.endpoint)
        users = []
        for name in ("may", "may-not"):
            iam.create_user(UserName=name)
            made = iam.create_access_key(UserName=name)["AccessKey"]
            users.append(Keys(made["AccessKeyId"], made["SecretAccessKey"]))
        self.may, self.may_not = users
        policy = f'{{"Version":"2012-10-17","Statement":[{everything}]}}'
        iam.put_user_policy(UserName="may", PolicyName="all", PolicyDocument=policy)

    def environment(self, keys: Keys) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL_S3": self.endpoint, "AWS_REGION": REGION, **keys.environment}


@pytest.fixture(scope="module")
def strict(environment: dict[str, str], logs: Path, sky: Sky, work: Path) -> Iterator[Strict]:
    port = free_port()
    moto = Moto(logs / "moto.log", environment, port, port)
    try:
        service = Strict(moto)
        for bucket in ("results", "galaxies"):
            service.client.create_bucket(Bucket=bucket)
        for name in sky.names:
            service.client.put_object(Bucket="galaxies", Key=f"100MB/{name}", Body=(work / "sky" / name).read_bytes())
        moto.post("reset-auth", "0")  # signatures are verified from now on
        yield service
    finally:
        moto.stop()


def test_access_denied_by_a_policy_is_one_line(cai: Program, strict: Strict, sky: Sky, write: Write) -> None:
    line = cai.run("run", write(sky.input("no")), environment=strict.environment(strict.may_not)).line
    assert "access denied" in line


def test_a_wrong_secret_fails_in_the_second_verifier(cai: Program, strict: Strict, sky: Sky, write: Write) -> None:
    wrong = replace(strict.may, secret_key=Keys.random().secret_key)
    line = cai.run("run", write(sky.input("no")), environment=strict.environment(wrong)).line
    assert "signature does not match" in line


def test_a_run_succeeds_with_the_second_verifier(cai: Program, strict: Strict, sky: Sky, write: Write) -> None:
    cai.succeed("run", write(sky.input("moto", ranks=4)), environment=strict.environment(strict.may))
    predictions = strict.may.client("s3", strict.endpoint).get_object(Bucket="results", Key="moto/predictions.csv")
    assert predictions["Body"].read() == sky.predictions
