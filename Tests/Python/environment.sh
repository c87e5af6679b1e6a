#!/usr/bin/env bash
# Creates a Python environment with pinned packages, if it does not exist or was created from other requirements:
#     environment.sh [FOLDER REQUIREMENTS [ALONE]]
# ALONE are requirements that are installed without those that they depend on. Without arguments, Tests/.venv, the environment
# of Tests/Cloud and Tests/Formats.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -gt 0 ] || set -- "$here/../.venv" "$here/requirements.txt" "$here/requirements-emulator.txt"
venv=$1 requirements=$2 alone=${3:-}
python=$venv/bin/python

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "environment.sh: Python 3.11 or newer is needed" >&2
    exit 1
}
# One of two concurrent processes creates it, and the other waits.
exec 9<"$requirements"
flock 9
# The copies in the environment are the requirements that it was created from. They are written last: an incomplete
# environment has none, and is created again.
is_made_of() { cmp -s "$1" "$venv/$(basename "$1")"; }
if ! { is_made_of "$requirements" && { [ -z "$alone" ] || is_made_of "$alone"; }; }; then
    echo "Making $(realpath -m "$venv")" >&2
    python3 -m venv --clear "$venv"
    pip=("$python" -m pip install --quiet --no-compile --disable-pip-version-check)
    "${pip[@]}" --requirement "$requirements" >&2
    [ -z "$alone" ] || "${pip[@]}" --no-deps --requirement "$alone" >&2
    cp "$requirements" ${alone:+"$alone"} "$venv/"
fi
