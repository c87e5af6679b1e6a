#!/usr/bin/env bash
# Makes Tests/.venv, the Python environment of Tests/Cloud and Tests/Formats, with the packages of requirements.txt and
# requirements-emulator.txt, where it does not exist or was made from other requirements.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/../.venv
python=$venv/bin/python

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "environment.sh: Python 3.11 or newer is needed" >&2
    exit 1
}
# Of two processes at the same time, one makes it and the other one waits.
exec 9<"$here"
flock 9
# The copies in the environment are the requirements that it was made from. They are written last: an environment that was
# interrupted while it was made has none, and is made again.
if ! { cmp -s "$here/requirements.txt" "$venv/requirements.txt" &&
    cmp -s "$here/requirements-emulator.txt" "$venv/requirements-emulator.txt"; }; then
    echo "Making $(cd "$here/.." && pwd)/.venv" >&2
    python3 -m venv --clear "$venv"
    pip=("$python" -m pip install --quiet --no-compile --disable-pip-version-check)
    "${pip[@]}" --requirement "$here/requirements.txt" >&2
    "${pip[@]}" --no-deps --requirement "$here/requirements-emulator.txt" >&2
    cp "$here/requirements.txt" "$here/requirements-emulator.txt" "$venv/"
fi
