"""Stands in for Slurm and Kubernetes where docs/CLUSTERS.md calls them: `cluster_cli.py sbatch|kubectl WORD...`.

Words are checked, and nothing is run. Options and commands that are not known are errors. `make test-slurm` runs Slurm.
"""

import argparse
import re
import sys
from pathlib import Path

import yaml

JOB = "4711"


def sbatch(words: list[str]) -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--parsable", action="store_true", required=True)
    parser.add_argument("--array")
    parser.add_argument("--dependency")
    parser.add_argument("--kill-on-invalid-dep", choices=["yes", "no"])
    parser.add_argument("script", type=Path)
    parser.add_argument("arguments", nargs="+")
    options = parser.parse_args(words)
    assert options.script.read_text().startswith("#!"), options.script
    assert options.array is None or re.fullmatch(r"\d+-\d+|\d+(,\d+)*", options.array), options.array
    assert options.dependency in (None, f"afterok:{JOB}"), options.dependency
    print(JOB)


def kubectl(words: list[str]) -> None:
    if words[0] == "apply":
        option, path = words[1:]
        assert option == "-f"
        for manifest in yaml.safe_load_all(Path(path).read_text()):
            print(f"{manifest['kind'].lower()}/{manifest['metadata']['name']} created")
    else:
        command, kind, _, option, query = words
        assert (command, kind, option) == ("get", "job", "-o") and query.startswith("jsonpath="), words
        print("Complete: CompletionsReached")


if __name__ == "__main__":
    {"sbatch": sbatch, "kubectl": kubectl}[sys.argv[1]](sys.argv[2:])
