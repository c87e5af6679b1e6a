"""`cai embed s3://...` against `curl --parallel` of the same objects, from a server on loopback that is as slow as S3:
60 ms to the first byte of an object, 60 MB/s a connection.

The network is so small that the line is the limit: what is measured is how fast objects arrive, and what processor time
that takes. Both are interleaved, over HTTP and HTTPS, and the best round of each counts.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import network

ROOT = Path(__file__).resolve().parents[2]
NPY_HEADER = 128
FEATURES = 4 * network.WIDTH
SYSTEM_AUTHORITIES = [Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt")]


@dataclass(frozen=True)
class Run:
    """Seconds by the clock and of the processors, and the peak of the resident memory in bytes."""

    wall: float
    processor: float
    memory: int


def run(command: Sequence[object], environment: dict[str, str]) -> Run:
    start = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench-s3: {command[0]} ended with {process.returncode}: {errors.strip()}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


@contextmanager
def server(command: Sequence[object]) -> Iterator[int]:
    """Its port. It ends when its input does."""
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            sys.exit("bench-s3: the server did not start")
        yield int(line)
    finally:
        process.stdin.close()
        process.wait(30)


def make_files(cai: Path, folder: Path) -> None:
    """A partition of 5,120 galaxies (105 MB), the network, the server, its certificate and the authorities."""
    (folder / "copies").mkdir()
    for copy in range(10):
        shutil.copy(ROOT / "weights/demo-galaxies.pt", folder / "copies" / f"{copy}.pt")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True}
    subprocess.run([cai, "split", folder / "copies", "-o", folder / "data", "--rows", "5120"], **quiet)
    shutil.rmtree(folder / "copies")
    network.write(folder / "network.safetensors")
    compiler = os.environ.get("CC", "cc").split()
    subprocess.run(
        [*compiler, "-O2", "-Wall", "-Wextra", "-o", folder / "server", Path(__file__).with_name("server.c"), "-lssl",
         "-lcrypto", "-lpthread"], check=True,
    )  # fmt: skip
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], **quiet,
    )  # fmt: skip
    # As many as a connection to S3 is verified against: reading them takes time.
    system = next((path for path in SYSTEM_AUTHORITIES if path.is_file()), None)
    if system is None:
        sys.exit(f"bench-s3: expected a bundle of authorities, found none of {', '.join(map(str, SYSTEM_AUTHORITIES))}")
    own = (folder / "certificate.pem").read_bytes()
    (folder / "authorities.pem").write_bytes(system.read_bytes() + own)


def check(features: Path, expected: bytes, keys: int) -> None:
    """The features have to be those of the local file, once for each key."""
    with features.open("rb") as file:
        file.seek(NPY_HEADER)
        for key in range(keys):
            if file.read(len(expected)) != expected:
                sys.exit(f"bench-s3: the features of object {key} are not those of the same file on disk")
        if file.read(1):
            sys.exit("bench-s3: more features than galaxies")


def machine(cai: Path) -> str:
    """The processor is named by the program: /proc/cpuinfo has numbers for those of 64-bit ARM."""
    facts = subprocess.run([cai, "inspect", "--cpu", "--json"], check=True, capture_output=True)
    model = json.loads(facts.stdout)["processor"]
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return f"{model}, {os.cpu_count()} processors, Linux {platform.release()}, commit {commit.stdout.strip() or '?'}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("--cai", type=Path, default=ROOT / ".build/release/cai")
    parser.add_argument("--keys", type=int, default=60, help="objects of 105 MB (default: 60)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32, help="of curl (default: 32)")
    parser.add_argument("--delay", type=float, default=60, help="milliseconds to the first byte (default: 60)")
    parser.add_argument("--rate", type=float, default=60, help="MB/s of a connection (default: 60)")
    parser.add_argument("--schemes", default="http,https")
    options = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="bench-s3-"))
    try:
        make_files(options.cai, folder)
        data, features = folder / "data/1.pt", folder / "features.npy"
        environment = {
            "PATH": os.environ["PATH"], "TMPDIR": str(folder), "AWS_ACCESS_KEY_ID": "bench", "AWS_REGION": "us-east-1",
            "AWS_SECRET_ACCESS_KEY": "bench", "AWS_CA_BUNDLE": str(folder / "authorities.pem"), "NO_PROXY": "*",
        }  # fmt: skip
        embed = [options.cai, "embed", "--quiet", "--weights", folder / "network.safetensors", "-o", features]
        run([*embed, data], environment)
        expected = features.read_bytes()[NPY_HEADER:]
        size = data.stat().st_size * options.keys

        print(f"{options.keys} objects of {data.stat().st_size / 1e6:.0f} MB, {options.delay:.0f} ms to the first byte, "
              f"{options.rate:.0f} MB/s a connection, best of {options.rounds}")  # fmt: skip
        print(machine(options.cai))
        print(f"features of a file on disk: SHA-256 {hashlib.sha256(expected).hexdigest()[:16]}\n")
        names = (f"curl, {options.connections} connections", "cai embed")
        print("| line | program | MB/s | of curl | processor s/GB | MB of memory |")
        print("|---|---|---:|---:|---:|---:|")
        for scheme in options.schemes.split(","):
            keys = [folder / "certificate.pem", folder / "key.pem"] if scheme == "https" else []
            found: dict[str, list[Run]] = {name: [] for name in names}
            with server([folder / "server", data, options.keys, options.delay, options.rate, *keys]) as port:
                url = f"{scheme}://127.0.0.1:{port}"
                curl: list[object] = [
                    "curl", "--silent", "--show-error", "--fail", "--no-progress-meter", "--parallel", "--parallel-max",
                    options.connections, "--cacert", folder / "authorities.pem",
                ]  # fmt: skip
                for key in range(options.keys):
                    curl += ["-o", "/dev/null", f"{url}/bucket/{key}.pt"]
                for _ in range(options.rounds):
                    found[names[0]].append(run(curl, environment))
                    own = {**environment, "AWS_ENDPOINT_URL_S3": url}
                    found[names[1]].append(run([*embed, "s3://bucket/"], own))
                    check(features, expected, options.keys)
            fastest = {name: min(run.wall for run in runs) for name, runs in found.items()}
            for name, runs in found.items():
                processor = min(run.processor for run in runs) / size * 1e9
                memory = max(run.memory for run in runs) / 1e6
                print(f"| {scheme.upper()} | {name} | {size / fastest[name] / 1e6:.0f} | "
                      f"{fastest[names[0]] / fastest[name]:.2f} | {processor:.2f} | {memory:.0f} |", flush=True)  # fmt: skip
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
