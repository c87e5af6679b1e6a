#!/usr/bin/env bash
# CAI beside its peers; arguments are compare.py's. The Python is $CAI_PEERS_PYTHON where that is set, otherwise that of
# Benchmarks/.venv, which is made here with the packages of requirements.txt (torch alone takes several GB of disk).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
benchmarks=$(dirname "$here")

python=${CAI_PEERS_PYTHON:-$benchmarks/.venv/bin/python}
if ! "$python" -c 'import numpy, safetensors, torch' 2>/dev/null; then
    if [ -n "${CAI_PEERS_PYTHON:-}" ]; then
        echo "compare.sh: $python cannot import numpy, safetensors and torch" >&2
        exit 1
    fi
    python3 -m venv "$benchmarks/.venv" || {
        echo "compare.sh: python3 with its venv module is needed (Debian: python3-venv)" >&2
        exit 1
    }
    "$python" -m pip install --quiet --requirement "$here/requirements.txt"
fi

"${SWIFT:-swift}" build --package-path "$benchmarks" -c release --product endtoend >&2
exec "$python" "$here/compare.py" "$@"
