"""Stands in for the AWS CLI and Skopeo where docs/AWS.md calls them: `aws_cli.py aws|skopeo WORD...`.

`aws s3` works on the local S3. Calls of other services get a fixed answer, after their options and values were compared
with botocore's description of the service. Commands, options and parameters that are not known are errors.
"""

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.session import get_session
from botocore.validate import ParamValidator

ACCOUNT = "123456789012"
ANSWERS: dict[str, Any] = {
    "sts get-caller-identity": {"Account": ACCOUNT},
    "lambda get-account-settings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
    "s3api put-bucket-lifecycle-configuration": None,
    "ecr create-repository": None,
    "ecr delete-repository": None,
    "cloudformation describe-stacks": {
        "Stacks": [
            {
                "Outputs": [
                    {"OutputKey": "StateMachineArn", "OutputValue": os.environ.get("CAI_TEST_MACHINE")},
                    *({"OutputKey": key, "OutputValue": key} for key in ("Queue", "InferJob", "MergeJob")),
                    {"OutputKey": "PartsFolder", "OutputValue": "none"},
                ]
            }
        ]
    },
    "cloudformation delete-stack": None,
    "batch submit-job": {"jobName": "cai", "jobId": "7f3a"},
}


def location(url: str) -> tuple[str, str]:
    """Bucket and key of `s3://bucket/key`."""
    found = re.fullmatch(r"s3://([a-z0-9.-]{3,63})(?:/(.*))?", url)
    assert found, f"{url}: expected s3://bucket/key"
    return found[1], found[2] or ""


def keys(client: Any, bucket: str, prefix: str = "") -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


def s3(words: list[str]) -> None:
    client = boto3.client("s3", region_name=os.environ["AWS_REGION"])
    command, arguments = words[0], words[1:]
    if command == "mb":
        (url,) = arguments
        client.create_bucket(Bucket=location(url)[0])
    elif command == "rb":
        option, url = arguments
        assert option == "--force"
        bucket = location(url)[0]
        for key in keys(client, bucket):
            client.delete_object(Bucket=bucket, Key=key)
        client.delete_bucket(Bucket=bucket)
    elif command == "ls":
        (url,) = arguments
        found = keys(client, *location(url))
        assert found, f"{url}: no objects"
        print("\n".join(found))
    else:
        assert command == "cp", command
        url, target = arguments
        bucket, key = location(url)
        content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        if target == "-":
            sys.stdout.buffer.write(content)
        else:
            path = Path(target)
            (path / key.rpartition("/")[2] if path.is_dir() else path).write_bytes(content)


def package(words: list[str]) -> None:
    options = parsed(words, "template-file", "s3-bucket", "s3-prefix", "output-template-file")
    boto3.client("s3", region_name=os.environ["AWS_REGION"]).head_bucket(Bucket=options.s3_bucket)
    shutil.copy(options.template_file, options.output_template_file)


def deploy(words: list[str]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("stack-name", "template-file", "capabilities"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parameter-overrides", nargs="+", default=[])
    options = parser.parse_args(words)
    assert options.capabilities == "CAPABILITY_IAM"
    section = Path(options.template_file).read_text().partition("\nParameters:\n")[2]
    declared = re.findall(r"^  (\w+):$", re.split(r"^\w", section, flags=re.MULTILINE)[0], flags=re.MULTILINE)
    for override in options.parameter_overrides:
        name, _, value = override.partition("=")
        assert name in declared and value, f"{override}: expected one of {declared} and a value"


def parsed(words: list[str], *required: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in required:
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args(words)


def value_of(word: str, shape: Any) -> Any:
    """The value of an option: text, JSON, or the CLI's shorthand `key=value,key=value` for a structure or a map."""
    if shape.type_name == "string":
        return word
    if not re.match(r"[a-zA-Z]+=", word):
        return json.loads(word)
    if shape.type_name == "list":
        return [value_of(word, shape.member)]
    pairs = dict(pair.split("=", 1) for pair in word.split(","))
    if shape.type_name == "map":
        return pairs
    return {key: value_of(value, shape.members[key]) for key, value in pairs.items()}


def call(service: str, operation: str, words: list[str]) -> None:
    """A call of an API operation: options are its parameters."""
    answer = ANSWERS[f"{service} {operation}"]
    model = get_session().get_service_model({"s3api": "s3"}.get(service, service))
    shape = model.operation_model(
        next(name for name in model.operation_names if xform_name(name, "-") == operation)
    ).input_shape
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()} if shape else {}
    parameters: dict[str, Any] = {}
    query = None
    rest = iter(words)
    for word in rest:
        option = word.removeprefix("--")
        if option == "query":
            query = next(rest)
        elif option == "output":
            assert next(rest) == "text"
        else:
            name, member = members[option]
            if member.type_name == "boolean":
                parameters[name] = True
            else:
                parameters[name] = value_of(next(rest), member)
    if shape:
        report = ParamValidator().validate(parameters, shape)
        assert not report.has_errors(), report.generate_report()
    if query:
        found = jmespath.search(query, answer)
        print("\n".join(found) if isinstance(found, list) else found)


def aws(words: list[str]) -> None:
    service, operation = words[:2]
    if service == "s3":
        s3(words[1:])
    elif words[:2] == ["cloudformation", "package"]:
        package(words[2:])
    elif words[:2] == ["cloudformation", "deploy"]:
        deploy(words[2:])
    elif words[:3] == ["cloudformation", "wait", "stack-delete-complete"]:
        parsed(words[3:], "stack-name")
    elif words == ["ecr", "get-login-password"]:
        print("password")
    elif words[:2] == ["logs", "tail"]:
        assert words[2].startswith("/aws/lambda/")
        parsed(words[3:], "since")
    else:
        call(service, operation, words[2:])


def skopeo(words: list[str]) -> None:
    if words[0] == "login":
        assert sys.stdin.read().strip() and words[1:4] == ["--username", "AWS", "--password-stdin"]
    elif words[0] == "copy":
        source, target = words[1:]
        assert source.startswith("oci-archive:.build/image/cai-") and target.startswith(f"docker://{ACCOUNT}.dkr.ecr.")
    else:
        assert words[:3] == ["inspect", "--format", "{{.Digest}}"], words
        print(f"sha256:{64 * '0'}")


if __name__ == "__main__":
    {"aws": aws, "skopeo": skopeo}[sys.argv[1]](sys.argv[2:])
