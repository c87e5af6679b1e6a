#!/usr/bin/env bash
# Makes Tests/Formats/.venv, the Python of these tests, with the packages of requirements.txt, where it is not there or
# meets others.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=$here/.venv

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "environment.sh: Python 3.11 or newer is needed" >&2
    exit 1
}
# A copy in the environment says which requirements it meets; it comes last, so that what broke off is made again.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
    echo "Making $venv" >&2
    python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" >&2
    cp "$here/requirements.txt" "$venv/"
fi
