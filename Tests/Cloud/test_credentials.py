"""Credentials of roles, profiles and programs, without keys in the environment."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest

from fault_proxy import Exchange, Fault, fault_proxy
from processes import free_port
from program import Program, Sky
from s3 import REGION, S3, Keys
from step_functions import Moto

Write = Callable[[Any], Path]
ROLE = "arn:aws:iam::123456789012:role/ranks"


class TokenService(ThreadingHTTPServer):
    """AWS STS for a web identity: gives the keys of the tests' S3 for the right token."""

    def __init__(self, keys: Keys) -> None:
        super().__init__(("127.0.0.1", 0), _TokenHandler)
        self.keys, self.tokens = keys, list[str]()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()


class _TokenHandler(BaseHTTPRequestHandler):
    server: TokenService

    def log_message(self, *arguments: object) -> None:
        pass

    def do_POST(self) -> None:
        fields = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
        action, token = fields["Action"][0], fields["WebIdentityToken"][0]
        self.server.tokens.append(token)
        keys = self.server.keys
        session = f"<SessionToken>{keys.session_token}</SessionToken>" if keys.session_token else ""
        body, status = (
            f"<{action}Response><{action}Result><Credentials><AccessKeyId>{keys.access_key}</AccessKeyId>"
            f"<SecretAccessKey>{keys.secret_key}</SecretAccessKey>{session}"
            f"<Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>"
        ), 200
        if token != "right" or fields["RoleArn"] != [ROLE] or "Authorization" in self.headers:
            error = f"<Code>InvalidIdentityToken</Code><Message>no: {token}</Message>"
            body, status = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>", 400
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


@pytest.fixture
def tokens(s3: S3) -> Iterator[TokenService]:
    service = TokenService(s3.keys)
    yield service
    service.stop()


def identity(s3: S3, tokens: TokenService, file: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_ENDPOINT_URL_STS": tokens.endpoint, "AWS_REGION": REGION,
        "AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
    }  # fmt: skip


def test_a_run_uses_the_role_of_a_web_identity(
    cai: Program, s3: S3, sky: Sky, write: Write, tokens: TokenService, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("right\n")
    cai.succeed("run", write(sky.input("identity", ranks=3)), environment=identity(s3, tokens, file))
    sky.check(s3, "identity", ranks=3)
    assert tokens.tokens == ["right"]


def test_a_web_identity_that_fails_is_one_line_without_its_token(
    cai: Program, s3: S3, sky: Sky, write: Write, tokens: TokenService, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    environment = identity(s3, tokens, file)
    line = cai.run("run", write(sky.input("no")), environment=environment).line
    assert "AWS_WEB_IDENTITY_TOKEN_FILE" in line and str(file) in line
    file.write_text("hush-wrong-token")
    line = cai.run("run", write(sky.input("no")), environment=environment).line
    assert "InvalidIdentityToken" in line and ROLE in line and "hush" not in line


def test_a_run_uses_the_credentials_of_a_program(
    cai: Program, s3: S3, sky: Sky, write: Write, tmp_path: Path
) -> None:
    answer = {"Version": 1, "AccessKeyId": s3.keys.access_key, "SecretAccessKey": s3.keys.secret_key}
    if s3.keys.session_token:
        answer["SessionToken"] = s3.keys.session_token
    program = tmp_path / "my keys"
    program.write_text(f"#!/bin/sh\n[ \"$*\" = 'a b' ] || exit 3\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[profile p]\nregion = {REGION}\ncredential_process = '{program}' \"a b\"\n")
    environment = {"AWS_ENDPOINT_URL_S3": s3.endpoint, "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "p"}
    cai.succeed("run", write(sky.input("program", ranks=3)), environment=environment)
    sky.check(s3, "program", ranks=3)

    config.write_text(config.read_text().replace('"a b"', "b"))
    line = cai.run("run", write(sky.input("no")), environment=environment).line
    assert 'profile "p": credential_process' in line and "exit status 3" in line


@dataclass
class Expiry(Fault):
    """Session tokens expire after that many requests each."""

    requests: int = 30
    used: Counter[str] = field(default_factory=Counter)

    def takes(self, exchange: Exchange) -> bool:
        with self._lock:
            token = exchange.handler.headers["X-Amz-Security-Token"]
            self.used[token] += 1
            has_expired = self.used[token] > self.requests
            self.strikes += has_expired
            return has_expired

    def spoil(self, exchange: Exchange) -> None:
        exchange.fail(400, "ExpiredToken", "The provided token has expired.")


def test_a_run_renews_credentials_that_expire_in_its_middle(
    cai: Program, s3: S3, sky: Sky, write: Write, tmp_path: Path
) -> None:
    """Each call of the program gives a new token; keys without a source of others end the run."""
    calls = tmp_path / "calls"
    keys = {"Version": 1, "AccessKeyId": s3.keys.access_key, "SecretAccessKey": s3.keys.secret_key}
    answer = tmp_path / "answer"
    answer.write_text(json.dumps(keys | {"SessionToken": "NUMBER"}))
    program = tmp_path / "keys"
    program.write_text(f"#!/bin/sh\necho >>{calls}\nsed s/NUMBER/$(wc -l <{calls})/ {answer}\n")
    program.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = {REGION}\ncredential_process = {program}\n")
    expiry = Expiry()
    with fault_proxy(s3.port, expiry) as proxy:
        environment = {"AWS_ENDPOINT_URL_S3": proxy.endpoint, "AWS_CONFIG_FILE": str(config)}
        cai.succeed("run", write(sky.input("renewed")), environment=environment)
        sky.check(s3, "renewed")
        assert expiry.strikes >= 2 and len(expiry.used) == len(calls.read_text()) >= 3, expiry.used

        expiry.requests = 0
        line = cai.run("infer", "s3://galaxies/100MB/1.pt", environment=cai.at(proxy.endpoint, s3)).line
        assert "the credentials have expired" in line and "the environment" in line


def test_a_run_uses_the_role_of_a_profile(
    cai: Program, environment: dict[str, str], logs: Path, sky: Sky, work: Path, write: Write, tmp_path: Path
) -> None:
    """moto verifies the signatures of S3's requests; only the role may use the buckets."""
    port = free_port()
    moto = Moto(logs / "moto-roles.log", environment, port, port)
    try:
        root = Keys("root", "root")
        iam, s3 = root.client("iam", moto.endpoint), root.client("s3", moto.endpoint)
        iam.create_user(UserName="user")
        made = iam.create_access_key(UserName="user")["AccessKey"]
        iam.create_role(RoleName="ranks", AssumeRolePolicyDocument="{}")
        for action, put, owner in (
            ("sts:AssumeRole", iam.put_user_policy, {"UserName": "user"}),
            ("s3:*", iam.put_role_policy, {"RoleName": "ranks"}),
        ):
            statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            put(PolicyName="all", PolicyDocument=policy, **owner)
        for bucket in ("results", "galaxies"):
            s3.create_bucket(Bucket=bucket)
        for name in sky.names:
            s3.put_object(Bucket="galaxies", Key=f"100MB/{name}", Body=(work / "sky" / name).read_bytes())
        moto.post("reset-auth", "1")  # signatures are verified after AssumeRole, where moto's verification fails

        config = tmp_path / "config"
        user = f"aws_access_key_id = {made['AccessKeyId']}\naws_secret_access_key = {made['SecretAccessKey']}"
        config.write_text(
            f"[profile user]\n{user}\n[profile ranks]\nregion = {REGION}\nendpoint_url = {moto.endpoint}\n"
            f"role_arn = {ROLE}\nsource_profile = user\nduration_seconds = 900\n"
        )
        settings = {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "ranks"}
        cai.succeed("run", write(sky.input("roles", ranks=3)), environment=settings)

        denied = {**settings, "AWS_PROFILE": "user", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": moto.endpoint}
        line = cai.run("run", write(sky.input("no")), environment=denied).line
        assert "access denied" in line and 'credentials from profile "user"' in line
    finally:
        moto.stop()
