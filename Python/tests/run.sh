#!/usr/bin/env bash
# Tests the wheel of Python/dist; arguments are passed to pytest. The environment, Python/.venv, has NumPy, pytest and
# Hypothesis alone (requirements.txt), and the wheel. The program that results are compared with is $CAI if set, otherwise the
# release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec 9<tests
flock 9
python=.venv/bin/python
if ! cmp -s tests/requirements.txt .venv/requirements.txt; then
    echo "Making Python/.venv" >&2
    python3 -m venv --clear .venv
    "$python" -m pip install --quiet --no-compile --disable-pip-version-check --requirement tests/requirements.txt >&2
    cp tests/requirements.txt .venv/
fi
wheels=(dist/astrocai-*.whl)
[ "${#wheels[@]}" -eq 1 ] && [ -e "${wheels[0]}" ] || {
    echo "run.sh: expected one wheel in Python/dist, found ${wheels[*]}: run 'make wheel'" >&2
    exit 1
}
if ! cmp -s "${wheels[0]}" .venv/wheel; then
    "$python" -m pip install --quiet --no-index --no-deps --force-reinstall --disable-pip-version-check "${wheels[0]}" >&2
    cp "${wheels[0]}" .venv/wheel
fi
exec 9<&-
export CAI="${CAI:-$PWD/../.build/release/cai}"
# From here the sources of the package are not importable.
cd tests
exec ../"$python" -m pytest "$@"
