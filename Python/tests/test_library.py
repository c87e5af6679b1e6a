"""The wheel's files, and the library's contract in C."""

import ctypes
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import astrocai
import astrocai._library
import support

PACKAGE = Path(astrocai.__file__).parent
HEADER = PACKAGE / "include/astrocai.h"


def test_the_package_is_that_of_the_wheel():
    assert Path(sys.prefix) in PACKAGE.parents
    assert (PACKAGE / "py.typed").exists()
    assert importlib.metadata.version("astrocai") == astrocai.__version__
    assert [name for name in importlib.metadata.requires("astrocai") if "extra" not in name] == ["numpy>=1.24"]
    subprocess.run([sys.executable, "-m", "pip", "check"], check=True, capture_output=True)


def test_the_command_line_is_installed():
    program = Path(sys.prefix) / "bin/astrocai"
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert astrocai.__version__ in done.stdout


def test_ctypes_declares_the_functions_of_the_header():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.DOTALL)
    declared = {
        name: [argument.strip() for argument in arguments.split(",")]
        for name, arguments in re.findall(r"^[a-z0-9_ ]+\*?\s*(cai_[a-z_]+)\(([^)]*)\);", text, re.MULTILINE)
    }
    kinds = {
        ctypes.c_int64: r"int64_t \w+", ctypes.c_void_p: r"void \*\w+", ctypes.c_char_p: r"(const )?char \*\w+",
        ctypes.POINTER(ctypes.c_float): r"(const )?float \*\w+", ctypes.POINTER(ctypes.c_double): r"(const )?double \*\w+",
        ctypes.POINTER(ctypes.c_uint8): r"uint8_t \*\w+",
        ctypes.POINTER(astrocai._library.CArray): r"const cai_array \*\w+",
    }  # fmt: skip
    assert set(declared) == set(astrocai._library.SIGNATURES)
    for name, (_, arguments) in astrocai._library.SIGNATURES.items():
        found = [] if declared[name] == ["void"] else declared[name]
        assert len(found) == len(arguments), name
        for text, kind in zip(found, arguments, strict=True):
            assert re.fullmatch(kinds[kind], text), (name, text)
    assert f"#define CAI_ABI_VERSION {astrocai._library.ABI_VERSION}\n" in HEADER.read_text()


def test_only_the_functions_of_the_header_are_visible():
    text = subprocess.run(
        ["readelf", "--wide", "--dyn-syms", PACKAGE / "libastrocai.so"], check=True, capture_output=True, text=True
    ).stdout
    defined = {line.split()[-1] for line in text.splitlines() if re.search(r"(GLOBAL|WEAK) +(DEFAULT|PROTECTED) +\d+ ", line)}
    assert defined == set(astrocai._library.SIGNATURES)


@pytest.mark.parametrize("language", [["-std=c99"], ["-xc++", "-std=c++11", "-fsyntax-only"]])
def test_a_program_in_c(few, expected, language, tmp_path):
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("clang")
    assert compiler, "a C compiler is needed: set CC"
    program = tmp_path / "galaxy"
    source = Path(__file__).with_name("galaxy.c")
    if "-fsyntax-only" in language:
        source = tmp_path / "header.cpp"
        source.write_text('#include <astrocai.h>\nint version = cai_abi_version();\n')
    subprocess.run(
        [compiler, *language, "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{HEADER.parent}", source, "-o", program,
         f"-L{PACKAGE}", "-lastrocai", f"-Wl,-rpath,{PACKAGE}"], check=True,
    )  # fmt: skip
    if "-fsyntax-only" in language:
        return
    for index in range(3):
        galaxy = few[0][index].tobytes() + few[1][index].astype("f4").tobytes()
        out = subprocess.run([program, support.WEIGHTS], input=galaxy, capture_output=True, check=True).stdout
        bits, flags = (int(word) for word in out.split())
        assert np.uint32(bits).view(np.float32) == expected[index] and flags == 0
