#!/usr/bin/env bash
# Tests the wheel of Python/dist beside the packages of others that docs/PYTHON.md and the notebook use; arguments are passed
# to pytest. The environment, Python/.venv-home, has the packages of requirements.txt, and the wheel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 9<home
flock 9
python=.venv-home/bin/python
if ! cmp -s home/requirements.txt .venv-home/requirements.txt; then
    echo "Making Python/.venv-home" >&2
    python3 -m venv --clear .venv-home
    "$python" -m pip install --quiet --no-compile --disable-pip-version-check --requirement home/requirements.txt >&2
    cp home/requirements.txt .venv-home/
fi
wheels=(dist/astrocai-*.whl)
[ "${#wheels[@]}" -eq 1 ] && [ -e "${wheels[0]}" ] || {
    echo "run.sh: expected one wheel in Python/dist, found ${wheels[*]}: run 'make wheel'" >&2
    exit 1
}
if ! cmp -s "${wheels[0]}" .venv-home/wheel; then
    "$python" -m pip install --quiet --no-index --no-deps --force-reinstall --disable-pip-version-check "${wheels[0]}" >&2
    cp "${wheels[0]}" .venv-home/wheel
fi
exec 9<&-
export MPLBACKEND=agg
# From here the sources of the package are not importable.
cd home
exec ../"$python" -m pytest "$@"
