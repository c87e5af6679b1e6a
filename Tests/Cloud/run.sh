#!/usr/bin/env bash
# The tests of the fan-out against real servers on loopback; arguments are pytest's. The Python environment is Tests/.venv,
# which Tests/Python/environment.sh makes. The program is $CAI where that is set, otherwise the release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../Python/environment.sh
exec ../.venv/bin/python -m pytest "$@"
