#!/usr/bin/env bash
# Cold start and overhead of the worker in Amazon's emulator; arguments are passed to start.py. The emulator is that of
# the tests' environment (Tests/Python/environment.sh), unless --emulator names another.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
case " $* " in
*" -h "* | *" --help "*) exec python3 "$here/start.py" --help ;;
*" --emulator "*) emulator=() ;;
*)
    "$root/Tests/Python/environment.sh" >&2
    found=$(find "$root/Tests/.venv" -name "aws-lambda-rie-$(uname -m | sed s/aarch64/arm64/)" -print -quit)
    [ -n "$found" ] || {
        echo "start: no emulator in Tests/.venv" >&2
        exit 1
    }
    emulator=(--emulator "$found")
    ;;
esac
make --no-print-directory -C "$root" build >&2
exec python3 "$here/start.py" "${emulator[@]}" "$@"
