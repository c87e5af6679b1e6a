#!/usr/bin/env python3
"""Writes the wheel of astrocai: the package, the shared library, its header, and the command line as the script astrocai.

The same files make the same bytes. The platform tag (PEP 600) is the oldest one whose glibc has all symbols that the library
and the command line need. Fails where these need a newer glibc than the machine's wheels promise, or other libraries.
"""

import argparse
import base64
import hashlib
import platform
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
Version = tuple[int, ...]
# Newest versions of glibc's, libstdc++'s and libgcc's symbols by platform tag: auditwheel's policies.
POLICIES: list[dict[str, Version]] = [
    {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (11, 0)},
    {"GLIBC": (2, 35), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (11, 0)},
    {"GLIBC": (2, 38), "GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (11, 0)},
    {"GLIBC": (2, 39), "GLIBCXX": (3, 4, 33), "CXXABI": (1, 3, 15), "GCC": (14, 0, 0)},
]
# The newest glibc that a wheel may need. Wheels for 64-bit ARM are linked against Debian 13's.
NEWEST = {"x86_64": (2, 34), "aarch64": (2, 39)}
# Of auditwheel's manylinux policies, those that occur.
LIBRARIES = {
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}  # fmt: skip


def needed(path: Path) -> dict[str, Version]:
    """The newest version of each library's symbols that the file needs. Ends the program where it needs other libraries."""
    text = subprocess.run(
        ["readelf", "--wide", "--dynamic", "--version-info", path], check=True, capture_output=True, text=True
    ).stdout
    if others := set(re.findall(r"\(NEEDED\).*\[(.+)\]", text)) - LIBRARIES:
        sys.exit(f"{path}: needs {', '.join(sorted(others))}: expected {', '.join(sorted(LIBRARIES))} only")
    newest: dict[str, Version] = {}
    for name, number in re.findall(r"Name: (GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)", text):
        version = tuple(int(part) for part in number.split("."))
        newest[name] = max(newest.get(name, ()), version)
    return newest


def dotted(version: Version) -> str:
    return ".".join(map(str, version))


def glibc(machine: str, files: dict[Path, dict[str, Version]]) -> Version:
    """The glibc of the wheel's tag. Ends the program where a file needs a newer one than `NEWEST`."""
    for policy in POLICIES:
        beyond = [
            f"{path}: needs {name}_{dotted(version)}: expected {dotted(policy[name])}, for glibc {dotted(policy['GLIBC'])}"
            for path, newest in files.items() for name, version in newest.items() if version > policy[name]
        ]  # fmt: skip
        if not beyond:
            return policy["GLIBC"]
        if policy["GLIBC"] == NEWEST[machine]:
            break
    sys.exit("\n".join(beyond))


def stripped(path: Path, machine: str) -> bytes:
    """A program without symbols and debug information. `make arm64` has removed them from one for another machine."""
    if machine != platform.machine():
        return path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        subprocess.run(["strip", "--strip-all", "-o", copy, path], check=True)
        return copy.read_bytes()


def version() -> str:
    """The version of the program, which the package has to have as well."""
    release = (ROOT / "Sources/Platform/Release.swift").read_text()
    found = re.search(r'version = "(.+)"', release).group(1)
    package = re.search(r'__version__ = "(.+)"', (HERE / "astrocai/__init__.py").read_text()).group(1)
    if found != package:
        sys.exit(f"astrocai/__init__.py: expected version {found}, found {package}")
    return found


def metadata(project: dict, number: str) -> str:
    lines = [
        "Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {number}", f"Summary: {project['description']}",
        f"License-Expression: {project['license']}", "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}", f"Keywords: {','.join(project['keywords'])}",
    ]  # fmt: skip
    lines += [f"Classifier: {name}" for name in project["classifiers"]]
    lines += [f"Requires-Dist: {name}" for name in project["dependencies"]]
    for extra, names in project["optional-dependencies"].items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {name}; extra == "{extra}"' for name in names]
    lines.append("Description-Content-Type: text/markdown")
    return "\n".join(lines) + "\n\n" + (HERE / "README.md").read_text()


def write(release: Path, machine: str, folder: Path) -> Path:
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    number = version()
    library, program = release / "libastrocai.so", release / "cai"
    symbols = {path: needed(path) for path in (library, program)}
    oldest = glibc(machine, symbols)
    tag = f"py3-none-manylinux_{oldest[0]}_{oldest[1]}_{machine}"
    name = f"{project['name']}-{number}"
    info = f"{name}.dist-info"

    files: dict[str, tuple[bytes, bool]] = {}
    for path in sorted((HERE / "astrocai").rglob("*")):
        if path.suffix == ".py" or path.name == "py.typed":
            files[f"astrocai/{path.relative_to(HERE / 'astrocai')}"] = path.read_bytes(), False
    contents = {library: library.read_bytes(), program: stripped(program, machine)}
    for path, content in contents.items():
        found = ", ".join(f"{name} {dotted(version)}" for name, version in sorted(symbols[path].items()))
        print(f"{path.name}: {len(content) / 1e6:.1f} MB, {found}", file=sys.stderr)
    files["astrocai/libastrocai.so"] = contents[library], True
    files["astrocai/include/astrocai.h"] = (HERE / "include/astrocai.h").read_bytes(), False
    files[f"{name}.data/scripts/astrocai"] = contents[program], True
    files[f"{info}/licenses/LICENSE"] = (ROOT / "LICENSE").read_bytes(), False
    files[f"{info}/METADATA"] = metadata(project, number).encode(), False
    wheel = f"Wheel-Version: 1.0\nGenerator: astrocai\nRoot-Is-Purelib: false\nTag: {tag}\n"
    files[f"{info}/WHEEL"] = wheel.encode(), False
    record = f"{info}/RECORD"
    rows = []
    for path, (data, _) in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    files[record] = ("".join(rows) + f"{record},,\n").encode(), False

    folder.mkdir(parents=True, exist_ok=True)
    out = folder / f"{name}-{tag}.whl"
    partial = out.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path, (data, is_program) in files.items():
            entry = zipfile.ZipInfo(path, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if is_program else 0o100644) << 16
            archive.writestr(entry, data)
    partial.replace(out)
    # Made earlier, for another glibc.
    for other in folder.glob(f"{name}-*_{machine}.whl"):
        if other != out:
            other.unlink()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=ROOT / ".build/release", help="folder of the built products")
    parser.add_argument(
        "--machine", choices=sorted(NEWEST), default=platform.machine(), help="that the products are for"
    )
    parser.add_argument("-o", "--output", type=Path, default=HERE / "dist", help="folder of the wheel")
    arguments = parser.parse_args()
    print(write(arguments.release, arguments.machine, arguments.output))


if __name__ == "__main__":
    main()
