"""cfn-lint accepts the templates and the state machine; the schemas of Kubernetes accept its manifests."""

import json
import os
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cfnlint.api import ManualArgs, lint_file

from conftest import ROOT
from templates import Template

DEPLOY = ROOT / "deploy"


def lint(template: Path) -> list[str]:
    """The errors and warnings of cfn-lint."""
    regions = ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1"]
    return [str(match) for match in lint_file(template, ManualArgs(regions=regions))]


@pytest.mark.parametrize("template", ["template.yaml", "batch/template.yaml"])
def test_the_template_is_valid(template: str) -> None:
    assert lint(DEPLOY / template) == []


def wrapped(definition: dict[str, object], folder: Path) -> Path:
    """A template with the definition of the state machine inline, as cfn-lint requires."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/states", "Definition": definition}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    path = folder / "states.yaml"
    path.write_text(yaml.safe_dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}))
    return path


def definition() -> dict[str, object]:
    text = (DEPLOY / "state-machine.asl.json").read_text()
    for name in ("Initialize", "Worker", "Summarize"):
        text = text.replace(f"${{{name}Function}}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    text = text.replace("${Partition}", "aws")
    assert "${" not in text
    return json.loads(text)


def test_the_state_machine_is_valid(tmp_path: Path) -> None:
    assert lint(wrapped(definition(), tmp_path)) == []


def test_a_mistake_in_the_state_machine_is_found(tmp_path: Path) -> None:
    broken = definition()
    del broken["StartAt"]
    assert any("StartAt" in finding for finding in lint(wrapped(broken, tmp_path)))


@pytest.mark.parametrize("name", ["infer", "merge"])
def test_the_manifest_is_valid(name: str) -> None:
    manifest = yaml.safe_load((DEPLOY / f"kubernetes/{name}.yaml").read_text())
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_each_completion_has_the_number_of_completions() -> None:
    job = yaml.safe_load((DEPLOY / "kubernetes/infer.yaml").read_text())["spec"]
    environment = {entry["name"]: entry["value"] for entry in job["template"]["spec"]["containers"][0]["env"]}
    assert job["completionMode"] == "Indexed"
    assert environment["WORLD_SIZE"] == str(job["completions"])


def test_a_mistake_in_a_manifest_is_found() -> None:
    manifest = yaml.safe_load((DEPLOY / "kubernetes/infer.yaml").read_text())
    manifest["spec"]["completion"] = manifest["spec"].pop("completions")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        (["", "Suspended: a b", "SuccessCriteriaMet: all c\nComplete: all c"], 0),
        (["", "FailureTarget: BackoffLimitExceeded x\nFailed: BackoffLimitExceeded Job has reached it"], 1),
        (["!", "!", "!", "!", "", "!", "!", "!", "!", "Complete: "], 0),
        (["", "!", "!", "!", "!", "!"], 3),
    ],
)
def test_waiting_ends_with_the_job_whether_it_is_complete_or_has_failed(
    tmp_path: Path, answers: list[str], status: int
) -> None:
    """`kubectl` is a script with one answer for each call; `!` is a cluster that does not answer."""
    for number, answer in enumerate(answers):
        (tmp_path / str(number)).write_text(answer)
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        f"""#!/bin/sh
cd '{tmp_path}' && printf '%s\\n' "$*" >>calls
answer=$(cat "$(($(wc -l <calls) - 1))") || exit 9
[ "$answer" != '!' ] || exit 1
cat "$(($(wc -l <calls) - 1))"
"""
    )
    kubectl.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "INTERVAL": "0"}
    command = [DEPLOY / "kubernetes/wait.sh", "cai-infer", "--namespace", "sky"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == status, ended
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == len(answers) and all(call.startswith("get job cai-infer --namespace sky") for call in calls)
    assert ("BackoffLimitExceeded" in ended.stderr) == (status == 1)


@pytest.mark.parametrize("folder", ["none", "", "/parts"])
def test_a_batch_array_writes_its_parts_where_its_merge_reads_them(tmp_path: Path, folder: str) -> None:
    """`aws` is a script that prints its arguments as the name of what it makes."""
    aws = tmp_path / "aws"
    aws.write_text(
        f"""#!/bin/sh
printf '%s\\n' "$*" >>'{tmp_path}/calls'
case $* in *PartsFolder*) echo '{folder}' ;; *InferJob*) echo infer ;; *MergeJob*) echo merge ;; *) echo made ;; esac
"""
    )
    aws.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = [DEPLOY / "batch/submit.sh", "cai-batch", "64", "s3://data/in/", "s3://out/results/run/z.v2.csv"]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=300)
    array, merge = [call for call in (tmp_path / "calls").read_text().splitlines() if "submit-job" in call]
    if folder.startswith("/"):
        part = "/parts/out_results_run_z.v2.csv"
        parts = "/parts/out_results_run_z.v2.rank-*-of-0064.csv"
    else:
        part = "s3://out/results/run/z.v2.csv.parts/z.v2.csv"
        parts = "s3://out/results/run/z.v2.csv.parts/"
    assert f"--parameters input=s3://data/in/,output={part} " in array and "size=64" in array
    assert f"--parameters parts={parts},output=s3://out/results/run/z.v2.csv " in merge


def test_batch_ranks_resume_if_the_parts_are_in_a_file_system() -> None:
    def containers(**parameters: str) -> dict[str, dict[str, object]]:
        resources = Template(DEPLOY / "batch/template.yaml", **parameters).evaluated("Resources")
        return {job: resources[job]["Properties"]["ContainerProperties"] for job in ("InferJob", "MergeJob")}

    resumed, other = containers(FileSystemId="fs-1"), containers()
    assert other["InferJob"]["Command"] == ["infer", "Ref::input", "--output", "Ref::output"]
    assert resumed["InferJob"]["Command"] == ["infer", "Ref::input", "--resume", "--output", "Ref::output"]
    for job in ("InferJob", "MergeJob"):
        assert resumed[job]["MountPoints"] == [{"SourceVolume": "parts", "ContainerPath": "/parts"}]
        assert "MountPoints" not in other[job]
