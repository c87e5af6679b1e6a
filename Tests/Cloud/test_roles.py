"""Each role of the templates has the permissions that it needs, in every partition, and no others."""

import json
from typing import Any

import pytest

from conftest import ROOT
from templates import ACCOUNT, Template

LAMBDA, BATCH = ROOT / "deploy/template.yaml", ROOT / "deploy/batch/template.yaml"
BUCKETS = {"DataBucket": "data", "DataPrefix": "in/", "ResultBucket": "out"}
DATA_KEY, RESULT_KEY = (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{name}" for name in ("d", "r"))
KEYS = {"DataKmsKeyArn": DATA_KEY, "ResultKmsKeyArn": RESULT_KEY}
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}"
RESULTS, WEIGHTS = "arn:aws:s3:::out/results/*", "arn:aws:s3:::out/weights/*"

FUNCTIONS: dict[str, set[tuple[str, str]]] = {
    "InitializeRole": {
        ("s3:ListBucket", "arn:aws:s3:::data"), ("s3:ListBucket", "arn:aws:s3:::out"), ("s3:GetObject", WEIGHTS),
        ("s3:GetObject", "arn:aws:s3:::data/in/*"),
        ("s3:GetObject", RESULTS), ("s3:PutObject", RESULTS), ("s3:DeleteObject", RESULTS),
        ("s3:AbortMultipartUpload", RESULTS), ("lambda:GetAccountSettings", "*"),
        ("logs:CreateLogStream", "{InitializeLogs.Arn}"), ("logs:PutLogEvents", "{InitializeLogs.Arn}"),
    },
    "WorkerRole": {
        ("s3:GetObject", "arn:aws:s3:::data/in/*"), ("s3:GetObject", WEIGHTS),
        ("s3:GetObject", RESULTS), ("s3:PutObject", RESULTS), ("s3:AbortMultipartUpload", RESULTS),
        ("s3:DeleteObject", f"{RESULTS}/partial/*"),
        ("logs:CreateLogStream", "{WorkerLogs.Arn}"), ("logs:PutLogEvents", "{WorkerLogs.Arn}"),
    },
    "SummarizeRole": {
        ("s3:ListBucket", "arn:aws:s3:::out"),
        ("s3:GetObject", RESULTS), ("s3:PutObject", RESULTS), ("s3:DeleteObject", RESULTS),
        ("s3:AbortMultipartUpload", RESULTS),
        ("logs:CreateLogStream", "{SummarizeLogs.Arn}"), ("logs:PutLogEvents", "{SummarizeLogs.Arn}"),
    },
    "StateMachineRole": {
        ("lambda:InvokeFunction", "{InitializeFunction.Arn}"), ("lambda:InvokeFunction", "{WorkerFunction.Arn}"),
        ("lambda:InvokeFunction", "{SummarizeFunction.Arn}"),
        ("states:StartExecution", f"{MACHINE}:stateMachine:cai"),
        ("states:DescribeExecution", f"{MACHINE}:execution:cai:*"),
        ("states:DescribeExecution", f"{MACHINE}:execution:cai/*"),
        ("states:StopExecution", f"{MACHINE}:execution:cai:*"), ("states:StopExecution", f"{MACHINE}:execution:cai/*"),
        ("s3:GetObject", f"{RESULTS}/items.json"), ("s3:GetObject", f"{RESULTS}/map/*"),
        ("s3:PutObject", f"{RESULTS}/map/*"), ("s3:ListMultipartUploadParts", f"{RESULTS}/map/*"),
        ("s3:AbortMultipartUpload", f"{RESULTS}/map/*"),
    },
}  # fmt: skip
WRITES_ENCRYPTED = {("kms:Decrypt", RESULT_KEY), ("kms:GenerateDataKey", RESULT_KEY)}


@pytest.mark.parametrize("role", FUNCTIONS)
def test_a_role_has_the_permissions_that_it_needs(role: str) -> None:
    assert Template(LAMBDA, **BUCKETS).permissions(role) == FUNCTIONS[role]
    reads = {("kms:Decrypt", DATA_KEY)} if role in ("InitializeRole", "WorkerRole") else set()
    assert Template(LAMBDA, **BUCKETS, **KEYS).permissions(role) == FUNCTIONS[role] | WRITES_ENCRYPTED | reads


def test_an_access_point_replaces_the_data_bucket() -> None:
    point = f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/sky"
    template = Template(LAMBDA, **BUCKETS | {"DataBucket": point})
    listed = ("s3:ListBucket", "arn:aws:s3:::data"), ("s3:ListBucket", point)
    read = ("s3:GetObject", "arn:aws:s3:::data/in/*"), ("s3:GetObject", f"{point}/object/in/*")
    for role, replaced in (("InitializeRole", (listed, read)), ("WorkerRole", (read,))):
        expected = FUNCTIONS[role] - {before for before, _ in replaced} | {after for _, after in replaced}
        assert template.permissions(role) == expected


@pytest.mark.parametrize("path", [LAMBDA, BATCH])
def test_buckets_are_named_as_policies_can_name_them(path: Any) -> None:
    """A policy that names an alias has no effect; `accesspoint:` is not the resource of a request."""
    point = f"arn:aws-cn:s3:cn-north-1:{ACCOUNT}:accesspoint"
    for name in ("data", "my.Data_1", f"{point}/sky"):
        Template(path, DataBucket=name)
    for name in ("ap-0123-s3alias", f"{point}:sky", "arn:aws:s3:::data", "s3://data", ""):
        with pytest.raises(AssertionError, match="DataBucket does not allow"):
            Template(path, DataBucket=name)
    Template(path, ResultBucket="out")
    for name in ("ap-0123-s3alias", f"{point}/sky", ""):
        with pytest.raises(AssertionError, match="ResultBucket does not allow"):
            Template(path, ResultBucket=name)


def test_the_role_of_batch_jobs_has_the_permissions_that_it_needs() -> None:
    expected = FUNCTIONS["WorkerRole"] | {("s3:ListBucket", "arn:aws:s3:::data"), ("s3:ListBucket", "arn:aws:s3:::out")}
    expected = {entry for entry in expected if not entry[0].startswith(("logs:", "s3:Delete"))}
    assert Template(BATCH, **BUCKETS).permissions("JobRole") == expected
    encrypted = Template(BATCH, **BUCKETS, **KEYS).permissions("JobRole")
    assert encrypted == expected | WRITES_ENCRYPTED | {("kms:Decrypt", DATA_KEY)}


def properties(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    resources = template.evaluated("Resources")
    return {name: entry["Properties"] for name, entry in resources.items() if entry["Type"] == kind}


@pytest.mark.parametrize("path", [LAMBDA, BATCH])
def test_keys_are_used_through_s3_alone_and_every_role_has_the_boundary(path: Any) -> None:
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    roles = properties(Template(path, **BUCKETS, **KEYS, PermissionsBoundaryArn=boundary), "AWS::IAM::Role")
    assert all(role["PermissionsBoundary"] == boundary for role in roles.values()) and len(roles) in (2, 4)
    statements = [
        statement
        for role in roles.values()
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "kms:" in str(statement["Action"])
    ]
    via_s3 = {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}}
    assert statements and all(statement["Condition"] == via_s3 for statement in statements)
    assert all("PermissionsBoundary" not in role for role in properties(Template(path), "AWS::IAM::Role").values())


def test_functions_are_in_a_vpc_if_subnets_are_given() -> None:
    template = Template(LAMBDA, Subnets=["subnet-1"], SecurityGroups=["sg-1"], RequestPayer="requester", **KEYS)
    functions = properties(template, "AWS::Lambda::Function")
    network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert len(functions) == 3 and all(function["VpcConfig"] == network for function in functions.values())
    interfaces = {
        (f"ec2:{action}", "*")
        for action in (
            "CreateNetworkInterface", "DescribeNetworkInterfaces", "DescribeSubnets", "DeleteNetworkInterface",
            "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses",
        )
    }  # fmt: skip
    plain = Template(LAMBDA, **KEYS)
    for role in FUNCTIONS:
        added = set() if role == "StateMachineRole" else interfaces
        assert template.permissions(role) == plain.permissions(role) | added
    for name, function in functions.items():
        settings = {"CAI_SSE_KMS_KEY": RESULT_KEY, "AWS_USE_FIPS_ENDPOINT": "false"}
        if name != "SummarizeFunction":
            settings["AWS_REQUEST_PAYER"] = "requester"
        if name == "InitializeFunction":
            settings |= {"CAI_WORKER_MEMORY": 1769, "CAI_WORKER_TIMEOUT": 900}
            settings |= {"CAI_MAX_CONCURRENCY": 500, "CAI_RESERVED_CONCURRENCY": -1}
        assert function["Environment"]["Variables"] == settings
    assert all("VpcConfig" not in function for function in properties(plain, "AWS::Lambda::Function").values())


@pytest.mark.parametrize("path", [LAMBDA, BATCH])
@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_arns_are_those_of_the_partition(path: Any, partition: str) -> None:
    template = Template(path, partition=partition, region="r", Subnets=["subnet-1"], **BUCKETS)
    text = json.dumps(template.evaluated("Resources"))
    assert f"arn:{partition}:" in text and "arn:aws:" not in text and "${" not in text
    if path == LAMBDA:
        machine = template.evaluated("Resources")["StateMachine"]["Properties"]
        definition = (ROOT / "deploy/state-machine.asl.json").read_text()
        for name, value in machine["DefinitionSubstitutions"].items():
            definition = definition.replace(f"${{{name}}}", value)
        assert f"arn:{partition}:states:::lambda:invoke" in definition
        assert "arn:aws:" not in definition and "${" not in definition


def test_the_outputs_name_the_roles() -> None:
    outputs = Template(LAMBDA).evaluated("Outputs")
    assert {name: outputs[f"{name}Arn"]["Value"] for name in FUNCTIONS} == {
        name: f"{{{name}.Arn}}" for name in FUNCTIONS
    }
