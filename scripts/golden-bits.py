#!/usr/bin/env python3
"""Compares what the program computes of the demo galaxies, bit by bit, with weights/golden-bits.json.

Every instruction set but `portable` has to give these bits, and each that the machine can run is compared. Digests are
SHA-256 of little-endian float32 values, without a file's header: of the first 16 galaxies, and of all 512. Exit status
1 and a line for each output that differs. Outputs in bf16 have the bits of VDPBF16PS; they are left out on processors
that compute them by BFMMLA, which rounds otherwise.

    golden-bits.py                                        with .build/release/cai
    golden-bits.py --galaxies 16 --cai 'qemu-aarch64-static path/cai'
    golden-bits.py --write                                writes the file: after an intended change of arithmetic only
"""

import argparse
import ast
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "weights"
GOLDEN = WEIGHTS / "golden-bits.json"
GALAXIES = "demo-galaxies.pt"
REDSHIFT, AUTOENCODER = "astromae-demo.safetensors", "astromae-mae-demo.safetensors"
COUNTS = (16, 512)

# Name of an output, its command, and the array of an .npz.
OUTPUTS = {
    "redshifts": (["infer", "--weights", REDSHIFT], None),
    "redshifts bf16": (["infer", "--weights", REDSHIFT, "--precision", "bf16"], None),
    "features tokens": (["embed", "--weights", REDSHIFT, "--layer", "tokens"], None),
    "features tokens bf16": (["embed", "--weights", REDSHIFT, "--layer", "tokens", "--precision", "bf16"], None),
    "features pooled": (["embed", "--weights", REDSHIFT, "--layer", "pooled"], None),
    "features fc_norm": (["embed", "--weights", REDSHIFT, "--layer", "fc_norm"], None),
    "autoencoder tokens": (["embed", "--weights", AUTOENCODER, "--layer", "tokens"], None),
    "autoencoder pooled": (["embed", "--weights", AUTOENCODER, "--layer", "pooled"], None),
    "reconstructions": (["reconstruct", "--weights", AUTOENCODER], "pred.npy"),
    "reconstruction losses": (["reconstruct", "--weights", AUTOENCODER], "loss.npy"),
}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def file_digests() -> dict[str, str]:
    return {name: sha256((WEIGHTS / name).read_bytes()) for name in (REDSHIFT, AUTOENCODER, GALAXIES)}


def float_rows(content: bytes) -> tuple[bytes, int]:
    """The values of an .npy file (format 1 to 3) of little-endian float32, and its number of rows."""
    wide = content[6] > 1
    start = 12 if wide else 10
    length = int.from_bytes(content[8:start], "little")
    header = ast.literal_eval(content[start : start + length].decode())
    if header["descr"] != "<f4" or header["fortran_order"]:
        raise ValueError(f"expected rows of float32, found {header}")
    return content[start + length :], header["shape"][0]


def processor(command: list[str]) -> tuple[list[str], bool]:
    """The instruction sets whose kernels are in C and that this machine can run; whether bf16 is computed by BFMMLA."""
    output = subprocess.run([*command, "inspect", "--cpu", "--json"], check=True, stdout=subprocess.PIPE).stdout
    report = json.loads(output)
    names = [entry["name"] for entry in report["instruction_sets"] if entry["usable"] and entry["name"] != "portable"]
    return names, "neon" in names and report["multiplies_bfloat16"]


class Program:
    """Runs the program's commands once each, and keeps their outputs."""

    def __init__(self, command: list[str], instruction_set: str, folder: pathlib.Path, limit: int) -> None:
        self.command, self.folder, self.limit = command, folder, limit
        self.environment = {**os.environ, "CAI_ISA": instruction_set}
        self.made: dict[tuple[str, ...], pathlib.Path] = {}

    def output(self, arguments: list[str], member: str | None) -> bytes:
        key = tuple(arguments)
        if key not in self.made:
            path = self.folder / f"{len(self.made)}.{'npz' if member else 'npy'}"
            files = [str(WEIGHTS / word) if word.endswith(".safetensors") else word for word in arguments[1:]]
            subprocess.run(
                [*self.command, arguments[0], str(WEIGHTS / GALAXIES), *files, "--limit", str(self.limit), "--quiet",
                 "-o", str(path)],
                check=True, stdin=subprocess.DEVNULL, env=self.environment,
            )  # fmt: skip
            self.made[key] = path
        if member is None:
            return self.made[key].read_bytes()
        with zipfile.ZipFile(self.made[key]) as archive:
            return archive.read(member)

    def digests(self, name: str) -> dict[str, str]:
        """Of the first galaxies, for each of COUNTS up to the limit."""
        rows, count = float_rows(self.output(*OUTPUTS[name]))
        if count != self.limit:
            raise ValueError(f"{name}: expected {self.limit} rows, found {count}")
        width = len(rows) // count
        return {str(number): sha256(rows[: number * width]) for number in COUNTS if number <= self.limit}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cai", default=str(ROOT / ".build/release/cai"), help="the program, with words before it")
    parser.add_argument("--galaxies", type=int, choices=COUNTS, default=COUNTS[-1])
    parser.add_argument("--only", action="append", choices=OUTPUTS, help="an output; may be repeated")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if options.write and (options.only or options.galaxies != COUNTS[-1]):
        parser.error("--write needs all outputs of all galaxies")

    golden = {"files": file_digests(), "sha256": {}} if options.write else json.loads(GOLDEN.read_text())
    for name, digest in file_digests().items():
        if golden["files"].get(name) != digest:
            print(f"weights/{name}: is not the file of which {GOLDEN.name} has the bits", file=sys.stderr)
            return 1
    command, names = shlex.split(options.cai), options.only or list(OUTPUTS)
    sets, is_bfmmla = processor(command)
    if is_bfmmla:
        if options.write:
            parser.error("--write: this processor rounds bf16 otherwise (BFMMLA): use one without it")
        names = [name for name in names if "bf16" not in OUTPUTS[name][0]]
    if not sets:
        print("golden bits: skipped: this machine has no instruction set with kernels in C")
        return 0
    differences = 0
    for instruction_set in sets:
        with tempfile.TemporaryDirectory() as folder:
            program = Program(command, instruction_set, pathlib.Path(folder), options.galaxies)
            found = {name: program.digests(name) for name in names}
        if options.write and not golden["sha256"]:
            golden["sha256"] = {name: dict(digests) for name, digests in found.items()}
        for name, digests in found.items():
            for count, digest in digests.items():
                expected = golden["sha256"].get(name, {}).get(count)
                if digest != expected:
                    print(
                        f"{instruction_set}: {name} of {count} galaxies: expected SHA-256 {expected}, found {digest}",
                        file=sys.stderr,
                    )
                    differences += 1
    if differences:
        return 1
    if options.write:
        GOLDEN.write_text(json.dumps(golden, indent=2) + "\n")
    verb = "were written" if options.write else "have the golden bits"
    print(f"{len(names)} outputs of {options.galaxies} galaxies {verb}: {', '.join(sets)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
