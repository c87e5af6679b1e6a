#!/usr/bin/env python3
"""Writes the wheel of astrocai: the package, the shared library, its header, and the command line as the script astrocai.

The same files make the same bytes. Fails where the library or the command line needs a newer glibc or other libraries than
the wheel's platform tag promises (PEP 600).
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
GLIBC = (2, 34)
# Versions of libstdc++ and libgcc in the oldest distributions with that glibc (GCC 11).
LIMITS = {"GLIBC": GLIBC, "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (11, 0)}
# Of auditwheel's manylinux policies, those that occur.
LIBRARIES = {
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1",
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1",
}  # fmt: skip


def check(path: Path) -> None:
    """Ends the program where the file needs more than the platform tag promises."""
    text = subprocess.run(
        ["readelf", "--wide", "--dynamic", "--version-info", path], check=True, capture_output=True, text=True
    ).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", text))
    if others := needed - LIBRARIES:
        sys.exit(f"{path}: needs {', '.join(sorted(others))}: expected {', '.join(sorted(LIBRARIES))} only")
    newest = {}
    for name, number in re.findall(r"Name: (GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)", text):
        version = tuple(int(part) for part in number.split("."))
        newest[name] = max(newest.get(name, ()), version)
    for name, version in newest.items():
        if version > LIMITS[name]:
            sys.exit(f"{path}: needs {name}_{'.'.join(map(str, version))}: expected {'.'.join(map(str, LIMITS[name]))}")
    found = ", ".join(f"{name} {'.'.join(map(str, version))}" for name, version in sorted(newest.items()))
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {found}", file=sys.stderr)


def stripped(path: Path) -> bytes:
    """A program without symbols and debug information."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        subprocess.run(["strip", "--strip-all", "-o", copy, path], check=True)
        check(copy)
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


def write(release: Path, folder: Path) -> Path:
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    number = version()
    tag = f"py3-none-manylinux_{GLIBC[0]}_{GLIBC[1]}_{platform.machine()}"
    name = f"{project['name']}-{number}"
    info = f"{name}.dist-info"
    library = release / "libastrocai.so"
    check(library)

    files: dict[str, tuple[bytes, bool]] = {}
    for path in sorted((HERE / "astrocai").rglob("*")):
        if path.suffix == ".py" or path.name == "py.typed":
            files[f"astrocai/{path.relative_to(HERE / 'astrocai')}"] = path.read_bytes(), False
    files["astrocai/libastrocai.so"] = library.read_bytes(), True
    files["astrocai/include/astrocai.h"] = (HERE / "include/astrocai.h").read_bytes(), False
    files[f"{name}.data/scripts/astrocai"] = stripped(release / "cai"), True
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
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", type=Path, default=ROOT / ".build/release", help="folder of the built products")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "dist", help="folder of the wheel")
    arguments = parser.parse_args()
    print(write(arguments.release, arguments.output))


if __name__ == "__main__":
    main()
