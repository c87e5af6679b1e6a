#!/usr/bin/env bash
# Creates a Python environment with the packages of a file and this machine's wheel of Python/dist, if it does not exist or has
# others: environment.sh FOLDER REQUIREMENTS
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$1 requirements=$2
"$here/../Tests/Python/environment.sh" "$venv" "$requirements"
wheels=("$here"/dist/astrocai-*_"$(uname -m)".whl)
[ "${#wheels[@]}" -eq 1 ] && [ -e "${wheels[0]}" ] || {
    echo "environment.sh: expected one wheel for $(uname -m) in Python/dist, found ${wheels[*]}: run 'make wheel'" >&2
    exit 1
}
exec 9<"$requirements"
flock 9
if ! cmp -s "${wheels[0]}" "$venv/wheel"; then
    "$venv/bin/python" -m pip install --quiet --no-index --no-deps --force-reinstall --disable-pip-version-check \
        "${wheels[0]}" >&2
    cp "${wheels[0]}" "$venv/wheel"
fi
