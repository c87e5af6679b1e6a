#!/usr/bin/env bash
# Checks the package's types by mypy --strict, and this machine's wheel of Python/dist by auditwheel; or only the wheels at
# the relative paths that are given. Symbols and libraries have to be those of the platform tag. The environment is
# Python/.venv-checks.
set -euo pipefail
wheels=("${@/#/$PWD/}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
../Tests/Python/environment.sh .venv-checks tests/requirements-checks.txt
python=.venv-checks/bin/python
if [ $# -eq 0 ]; then
    "$python" -m mypy
    wheels=(dist/astrocai-*_"$(uname -m)".whl)
fi
for wheel in "${wheels[@]}"; do
    tag=$(grep -o 'manylinux_[0-9]*_[0-9]*_[a-z0-9_]*' <<<"$wheel")
    found=$("$python" -m auditwheel show "$wheel")
    grep -q "\"$tag\"" <<<"$found" || {
        printf '%s: expected %s, found:\n%s\n' "$wheel" "$tag" "$found" >&2
        exit 1
    }
    echo "$wheel: auditwheel finds $tag"
done
