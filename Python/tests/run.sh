#!/usr/bin/env bash
# Tests the wheel of Python/dist; arguments are passed to pytest. The environment, Python/.venv, has NumPy, pytest and
# Hypothesis alone (requirements.txt), and the wheel. The program that results are compared with is $CAI if set, otherwise the
# release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../environment.sh ../.venv requirements.txt
export CAI="${CAI:-$PWD/../../.build/release/cai}"
# In this folder the sources of the package are not importable.
exec ../.venv/bin/python -m pytest "$@"
