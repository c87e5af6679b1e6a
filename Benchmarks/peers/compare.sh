#!/usr/bin/env bash
# Compares CAI with its peers; arguments are passed to compare.py. The Python is $CAI_PEERS_PYTHON if set, otherwise
# that of Benchmarks/.venv, which is created here with the packages of requirements.txt and, with --with-torch, of
# requirements-torch.txt.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$(dirname "$here")")
venv=$root/Benchmarks/.venv

requirements=(requirements.txt)
for argument in "$@"; do
    case "$argument" in
    -h | --help) exec python3 "$here/compare.py" --help ;;
    --with-torch) requirements+=(requirements-torch.txt) ;;
    esac
done

if [ -n "${CAI_PEERS_PYTHON:-}" ]; then
    python=$CAI_PEERS_PYTHON
else
    python=$venv/bin/python
    # An incomplete environment has no pip.
    "$python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$venv" || {
        echo "compare.sh: python3 with its venv module is needed (Debian: python3-venv)" >&2
        exit 1
    }
    for file in "${requirements[@]}"; do
        # A copy in the environment records its requirements.
        cmp -s "$here/$file" "$venv/$file" && continue
        "$python" -m pip install --quiet --disable-pip-version-check --requirement "$here/$file" >&2
        cp "$here/$file" "$venv/$file"
    done
fi

make --no-print-directory -C "$root" wheel build-benchmarks BENCHMARKS="endtoend autoencoder" >&2
package=$root/.build/peers-astrocai
rm -rf "$package"
"$python" -m zipfile -e "$root"/Python/dist/astrocai-*_"$(uname -m)".whl "$package"
export PYTHONPATH=$package${PYTHONPATH:+:$PYTHONPATH}
"$python" "$here/compare.py" "$@"
case " $* " in
*" --with-torch "*)
    echo
    "$python" "$here/compare_autoencoder.py" "$@"
    ;;
esac
