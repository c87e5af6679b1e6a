"""The blocks of the documents, and a folder like a checkout in which their commands are executed."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from processes import BOUND
from program import Program
from s3 import REGION, S3

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
FENCE = re.compile(r"^(?:<!-- not run: (.+) -->\n)?```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
# Of a checkout, by the documents' commands.
LINKED = ["weights", "docs", "deploy", "Examples", "Benchmarks"]
STAND_INS = {"aws_cli.py": ["aws", "skopeo"], "cluster_cli.py": ["sbatch", "kubectl"]}
# How a line begins that is a command.
COMMAND = re.compile(
    r"\s*(?:\$ |(?:sudo|cai|aws|make|git|kubectl|sbatch|srun|docker|apt-get|python3?|pip) (?! )|[\w.]+/\S+\.sh )"
)


@dataclass(frozen=True)
class Block:
    reason: str | None
    language: str
    text: str

    @property
    def commands(self) -> str:
        """The block's commands; those of `make` only print what they would run."""
        lines = self.text.splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return "\n".join(re.sub(r"^make\b", f"make -n -C '{ROOT}'", line) for line in lines) + "\n"

    @property
    def shown(self) -> str:
        """The output below the commands."""
        return "".join(f"{line}\n" for line in self.text.splitlines() if not line.startswith("$ "))


def documents() -> list[str]:
    """Every document of the repository, by its path in it."""
    return sorted(
        str(path.relative_to(ROOT))
        for folder in (".", "*", "docs/*", "Tests/*", "Tests/*/*")
        for path in ROOT.glob(f"{folder}/*.md")
        if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    )


def blocks(document: str) -> list[Block]:
    return [Block(*match.groups()) for match in FENCE.finditer((ROOT / document).read_text())]


def faults(text: str) -> list[str]:
    """Blocks of code that no test sees: indented ones, fences that are indented or state no language, and commands in a
    block of text."""
    found: list[str] = []
    is_open, language, before = False, "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            is_open, language = not is_open, line[3:].strip()
            if is_open and not language:
                found.append(f"line {number}: a fence without a language")
        elif line.lstrip(" >").startswith("```"):
            found.append(f"line {number}: an indented fence")
        elif is_open and language == "text" and COMMAND.match(line):
            found.append(f"line {number}: a command in a block of text: {line.strip()}")
        elif not is_open and line.startswith("    ") and (not before.strip() or before.startswith(("#", "```"))):
            found.append(f"line {number}: an indented block: {line.strip()}")
        before = line
    return found


class Checkout:
    """A folder that has the names of the checkout that commands use, and nothing of an earlier run. `aws`, `skopeo`,
    `sbatch` and `kubectl` are those of the tests, `python3` is this Python."""

    # All variables, exported or not, without those of the shell itself.
    _kept = "grep -vE '^declare -[a-zA-Z-]*r|^declare -[^ ]+ (BASH|DIRSTACK|FUNCNAME|GROUPS|PIPESTATUS|_=)'"

    def __init__(self, folder: Path, cai: Program, s3: S3, more: dict[str, str]) -> None:
        (folder / ".build/release").mkdir(parents=True)
        (folder / ".build/release/cai").symlink_to(cai.path)
        for name in LINKED:
            (folder / name).symlink_to(ROOT / name)
        programs = folder.with_suffix(".bin")
        programs.mkdir()
        self._script(programs / "python3", f'exec "{sys.executable}" "$@"')
        for script, names in STAND_INS.items():
            for name in names:
                self._script(programs / name, f'exec "{sys.executable}" "{HERE}/{script}" {name} "$@"')
        environment = {**cai.environment, **cai.on(s3), **more, "PWD": str(folder)}
        environment["PATH"] = f"{programs}:{environment['PATH']}"
        del environment["CAI_WEIGHTS"]
        self.folder, self.environment = folder, environment
        self.state = folder.with_suffix(".environment")
        self.state.write_text("")

    @staticmethod
    def _script(path: Path, command: str) -> None:
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)

    def run(self, commands: str) -> str:
        """Runs commands in a shell that has the variables of the earlier ones. The region is that of the local servers."""
        commands = commands.replace("eu-central-1", REGION)
        script = f". '{self.state}'\nset -e\n{commands}\ndeclare -p | {self._kept} > '{self.state}'\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=BOUND,
        )  # fmt: skip
        assert done.returncode == 0, f"{commands}exit status {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def run_python(self, code: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=BOUND,
        )  # fmt: skip
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"
        return done.stdout
