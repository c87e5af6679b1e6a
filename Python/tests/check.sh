#!/usr/bin/env bash
# Checks the package's types by mypy --strict, and the wheel of Python/dist by auditwheel: its symbols and libraries have to be
# those of the platform tag. The environment is Python/.venv-checks.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
python=.venv-checks/bin/python
if ! cmp -s tests/requirements-checks.txt .venv-checks/requirements.txt; then
    python3 -m venv --clear .venv-checks
    "$python" -m pip install --quiet --no-compile --disable-pip-version-check --requirement tests/requirements-checks.txt >&2
    cp tests/requirements-checks.txt .venv-checks/requirements.txt
fi
"$python" -m mypy
for wheel in dist/astrocai-*.whl; do
    tag=$(grep -o 'manylinux_[0-9]*_[0-9]*_[a-z0-9_]*' <<<"$wheel")
    found=$("$python" -m auditwheel show "$wheel")
    grep -q "\"$tag\"" <<<"$found" || {
        printf '%s: expected %s, found:\n%s\n' "$wheel" "$tag" "$found" >&2
        exit 1
    }
    echo "$wheel: auditwheel finds $tag"
done
