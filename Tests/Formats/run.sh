#!/usr/bin/env bash
# Tests formats against astropy, h5py and NumPy; arguments are passed to pytest. The Python environment is Tests/.venv,
# which Tests/Python/environment.sh creates. The program is $CAI if set, otherwise the release build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../Python/environment.sh
exec ../.venv/bin/python -m pytest "$@"
