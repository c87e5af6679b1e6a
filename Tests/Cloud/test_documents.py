"""The commands of the documents, in order, as a reader pastes them: blocks in `sh` have to succeed, and blocks in `console`
to print what they show. Commands of `make` are not repeated here: their targets have to exist. A block that cannot run here
has a comment `<!-- not run: REASON -->` above it."""

import re
import subprocess
from pathlib import Path

import pytest

from conftest import DEMO, ROOT
from processes import BOUND
from program import Program
from s3 import S3
from shared_hooks import IS_ENDURANCE

SHORT = ["README.md"]
LONG = ["docs/USAGE.md"]
# Of all documents together; none in the README.
MOST_NOT_RUN = 5
BLOCK = re.compile(r"^(?:<!-- not run: (.+) -->\n)?```(sh|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block:
    def __init__(self, reason: str | None, language: str, text: str) -> None:
        self.reason, self.language, self.text = reason, language, text

    @property
    def commands(self) -> str:
        lines = self.text.splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return "\n".join(re.sub(r"^make\b", f"make -n -C '{ROOT}'", line) for line in lines) + "\n"

    @property
    def shown(self) -> str:
        """The output below the commands."""
        return "".join(f"{line}\n" for line in self.text.splitlines() if not line.startswith("$ "))


def blocks(document: str) -> list[Block]:
    found = [Block(*match.groups()) for match in BLOCK.finditer((ROOT / document).read_text())]
    assert found, f"{document}: no block in sh"
    return found


class Checkout:
    """A folder that has the names of the checkout that commands use, and nothing of an earlier run."""

    def __init__(self, folder: Path, cai: Program, s3: S3) -> None:
        (folder / ".build/release").mkdir(parents=True)
        (folder / ".build/release/cai").symlink_to(cai.path)
        for name in ("weights", "docs", "deploy", "Examples"):
            (folder / name).symlink_to(ROOT / name)
        environment = {**cai.environment, **cai.on(s3), "PWD": str(folder)}
        del environment["CAI_WEIGHTS"]
        self.folder, self.environment = folder, environment
        self.state = folder.with_suffix(".environment")
        self.state.write_text("")

    def run(self, commands: str) -> str:
        """Runs commands in a shell that has the variables of the earlier ones."""
        script = f". '{self.state}'\nset -e\n{commands}\nexport -p > '{self.state}'\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=BOUND,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}exit status {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout


@pytest.mark.parametrize(
    "document",
    [*SHORT, *(pytest.param(document, marks=pytest.mark.endurance) for document in LONG)],
)
def test_every_command_of_the_document_runs(document: str, cai: Program, s3: S3, tmp_path: Path) -> None:
    if document in LONG and not IS_ENDURANCE:
        pytest.skip("the long documents are run by make test-endurance only")
    folder = tmp_path / "checkout"
    if not (s3.folder / "bucket").exists():
        s3.make_bucket("bucket")
        s3.put("bucket", {"100MB/1.pt": DEMO.read_bytes()})
    checkout = Checkout(folder, cai, s3)
    for block in blocks(document):
        if block.reason is None:
            output = checkout.run(block.commands)
            if block.language == "console":
                assert output == block.shown, block.commands


def test_few_blocks_are_not_run() -> None:
    reasons = {document: [block.reason for block in blocks(document) if block.reason] for document in SHORT + LONG}
    assert not reasons["README.md"]
    assert sum(map(len, reasons.values())) <= MOST_NOT_RUN, reasons
