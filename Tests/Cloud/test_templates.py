"""cfn-lint on what is deployed: the template, and the state machine in it."""

import json
from pathlib import Path

import yaml
from cfnlint.api import ManualArgs, lint_file

from conftest import ROOT

DEPLOY = ROOT / "deploy"


def lint(template: Path) -> list[str]:
    """Its errors and warnings."""
    return [str(match) for match in lint_file(template, ManualArgs(regions=["us-east-1", "eu-central-1"]))]


def test_the_template_passes() -> None:
    assert lint(DEPLOY / "template.yaml") == []


def wrapped(definition: dict[str, object], folder: Path) -> Path:
    """A template whose state machine has its definition within it, where cfn-lint looks."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/states", "Definition": definition}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    path = folder / "states.yaml"
    path.write_text(yaml.safe_dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}))
    return path


def definition() -> dict[str, object]:
    text = (DEPLOY / "state-machine.asl.json").read_text()
    for name in ("Initialize", "Worker", "Summarize"):
        text = text.replace(f"${{{name}Function}}", f"arn:aws:lambda:us-east-1:123456789012:function:{name}")
    assert "${" not in text
    return json.loads(text)


def test_the_state_machine_passes(tmp_path: Path) -> None:
    assert lint(wrapped(definition(), tmp_path)) == []


def test_a_state_machine_with_a_mistake_does_not(tmp_path: Path) -> None:
    broken = definition()
    del broken["StartAt"]
    assert any("StartAt" in finding for finding in lint(wrapped(broken, tmp_path)))
