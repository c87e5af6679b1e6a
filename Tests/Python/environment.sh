#!/usr/bin/env bash
# Creates Tests/.venv, the Python environment of Tests/Cloud and Tests/Formats, with the packages of requirements.txt
# and requirements-emulator.txt, if it does not exist or was created from other requirements.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/../.venv
python=$venv/bin/python

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "environment.sh: Python 3.11 or newer is needed" >&2
    exit 1
}
# One of two concurrent processes creates it, and the other waits.
exec 9<"$here"
flock 9
# The copies in the environment are the requirements that it was created from. They are written last: an incomplete
# environment has none, and is created again.
if ! { cmp -s "$here/requirements.txt" "$venv/requirements.txt" &&
    cmp -s "$here/requirements-emulator.txt" "$venv/requirements-emulator.txt"; }; then
    echo "Making $(cd "$here/.." && pwd)/.venv" >&2
    python3 -m venv --clear "$venv"
    pip=("$python" -m pip install --quiet --no-compile --disable-pip-version-check)
    "${pip[@]}" --requirement "$here/requirements.txt" >&2
    "${pip[@]}" --no-deps --requirement "$here/requirements-emulator.txt" >&2
    cp "$here/requirements.txt" "$here/requirements-emulator.txt" "$venv/"
fi
