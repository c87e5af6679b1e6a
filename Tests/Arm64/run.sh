#!/usr/bin/env bash
# Runs the program for 64-bit ARM under QEMU; arguments are passed to pytest. Needs .build-arm64/run (`make arm64`) and
# .build/release/cai (`make build`). The Python environment is Tests/.venv, which Tests/Python/environment.sh creates.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
../Python/environment.sh
exec ../.venv/bin/python -m pytest "$@"
