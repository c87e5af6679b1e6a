"""The commands of the documents, in order, as a reader pastes them: blocks in `sh` have to succeed, and blocks in `console`
to print what they show. Commands of `make` are not repeated here: their targets have to exist. A block that cannot run here
has a comment `<!-- not run: REASON -->` above it. Other blocks state another language; those in JSON have to be valid, and
those in Python have to compile.

The README runs in `make test`, the other documents, one after another, in `make test-endurance`."""

import json
import re
from pathlib import Path

import pytest

from conftest import DEMO, ROOT
from documents import Checkout, blocks, documents, faults
from program import Program
from s3 import S3
from shared_hooks import IS_ENDURANCE

SHORT = ["README.md"]
LONG = [
    "CONTRIBUTING.md", "Fuzzing/README.md", "Tests/Slurm/README.md", "deploy/README.md", "docs/ANOMALIES.md",
    "docs/AWS.md", "docs/CLUSTERS.md", "docs/COST.md", "docs/EMBEDDINGS.md", "docs/EXPERIMENTS.md", "docs/FORMATS.md",
    "docs/INTERVALS.md", "docs/RELIABILITY.md", "docs/REPORTS.md", "docs/RESULTS.md", "docs/STATISTICS.md",
    "docs/USAGE.md", "docs/results/README.md", "weights/README.md",
]  # fmt: skip
# Documents whose commands other tests run.
ELSEWHERE = {"docs/ENGINES.md": "Tests/Cloud/test_engines.py", "docs/PYTHON.md": "Python/tests/document.py"}
# Blocks in Python that need nothing but what the commands above them made.
WITH_PYTHON = ["docs/EMBEDDINGS.md"]
# Of all documents together; none in the README.
MOST_NOT_RUN = 5


@pytest.mark.parametrize(
    "document",
    [*SHORT, *(pytest.param(document, marks=pytest.mark.endurance) for document in LONG)],
)
def test_every_command_of_the_document_runs(
    document: str, cai: Program, s3: S3, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if document in LONG and not IS_ENDURANCE:
        pytest.skip("the long documents are run by make test-endurance only")
    if not (s3.folder / "bucket").exists():
        s3.make_bucket("bucket")
        s3.put("bucket", {"100MB/1.pt": DEMO.read_bytes()})
    checkout = Checkout(tmp_path / "checkout", cai, s3, account(request) if document == "docs/AWS.md" else {})
    for block in blocks(document):
        if block.reason is None and block.language in ("sh", "console"):
            output = checkout.run(block.commands)
            if block.language == "console":
                assert output == block.shown, block.commands
        elif block.language == "python" and document in WITH_PYTHON:
            checkout.run_python(block.text)


def account(request: pytest.FixtureRequest) -> dict[str, str]:
    """The variables of an AWS account on loopback, with the deployed state machine."""
    machine = request.getfixturevalue("state_machine")
    return {
        "AWS_ENDPOINT_URL": request.getfixturevalue("account").endpoint,
        "AWS_ENDPOINT_URL_SFN": request.getfixturevalue("step_functions").endpoint,
        "CAI_TEST_MACHINE": machine,
    }


def test_every_document_with_commands_is_run() -> None:
    found = {name for name in documents() if any(block.language in ("sh", "console") for block in blocks(name))}
    assert found == {*SHORT, *LONG, *ELSEWHERE}


def test_few_blocks_are_not_run() -> None:
    reasons = {document: [block.reason for block in blocks(document) if block.reason] for document in documents()}
    assert not reasons["README.md"]
    assert sum(map(len, reasons.values())) <= MOST_NOT_RUN, reasons


@pytest.mark.parametrize("document", documents())
def test_every_block_states_its_language(document: str) -> None:
    assert not faults((ROOT / document).read_text()), document
    for block in blocks(document):
        assert block.language in ("sh", "console", "python", "json", "yaml", "dockerfile", "text"), block.text
        if block.language == "json":
            json.loads(block.text)
        elif block.language == "python":
            compile(block.text, document, "exec")


def test_blocks_that_no_test_sees_are_found() -> None:
    assert faults("# Heading\n    make\n\ntext\n\n    code\n\n```\ncode\n```\n\n```sh\n    ls\n```\n- item\n    more\n") == [
        "line 2: an indented block: make", "line 6: an indented block: code", "line 8: a fence without a language",
    ]  # fmt: skip
    assert faults("- item\n  ```sh\n  ls\n  ```\n") == ["line 2: an indented fence", "line 4: an indented fence"]
    found = faults("```text\ncai: error: x\nA -> B\n$ ls\ncai infer x\ndeploy/batch/submit.sh cai 64\n```\n")
    assert found == [
        "line 4: a command in a block of text: $ ls", "line 5: a command in a block of text: cai infer x",
        "line 6: a command in a block of text: deploy/batch/submit.sh cai 64",
    ]  # fmt: skip


def test_targets_of_make_that_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for document in documents():
        named = re.findall(r"`make ([a-z0-9][a-z0-9-]*)", (ROOT / document).read_text())
        assert set(named) <= targets, f"{document}: {set(named) - targets}"
