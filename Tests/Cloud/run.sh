#!/usr/bin/env bash
# Tests the fan-out against real servers on loopback; arguments are passed to pytest. The Python environment is
# Tests/.venv, which Tests/Python/environment.sh creates. The program is $CAI if set, otherwise the release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../Python/environment.sh
exec ../.venv/bin/python -m pytest "$@"
