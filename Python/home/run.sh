#!/usr/bin/env bash
# Tests the wheel of Python/dist beside the packages of others that docs/PYTHON.md and the notebook use; arguments are passed
# to pytest. The environment, Python/.venv-home, has the packages of requirements.txt, and the wheel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../environment.sh ../.venv-home requirements.txt
export MPLBACKEND=agg
# In this folder the sources of the package are not importable.
exec ../.venv-home/bin/python -m pytest "$@"
