#!/bin/sh
# Installs the program under a folder such as /usr/local, or removes it:
#   CAI=.build/release/cai scripts/install.sh PREFIX
#   scripts/install.sh --remove PREFIX
# RUN is a command that runs the program, where CAI is for another architecture.
set -eu
umask 022
usage() {
    echo "usage: CAI=PROGRAM $0 PREFIX, or $0 --remove PREFIX" >&2
    exit 2
}
remove=""
if [ "${1:-}" = --remove ]; then
    remove=yes
    shift
fi
if [ $# -ne 1 ] || [ -z "$1" ]; then usage; fi
prefix=$1
bash=$prefix/share/bash-completion/completions/cai
zsh=$prefix/share/zsh/site-functions/_cai
fish=$prefix/share/fish/vendor_completions.d/cai.fish
manual=$prefix/share/man/man1/cai.1
weights=$prefix/share/cai/weights

if [ -n "$remove" ]; then
    rm -f "$prefix/bin/cai" "$bash" "$zsh" "$fish" "$manual"
    rm -rf "$prefix/share/cai"
    exit
fi

root=$(cd "$(dirname "$0")/.." && pwd)
[ -x "${CAI:-}" ] || usage
RUN=${RUN:-$CAI}
install -d "$prefix/bin" "$(dirname "$bash")" "$(dirname "$zsh")" "$(dirname "$fish")" "$(dirname "$manual")" "$weights"
install -m 755 "$CAI" "$prefix/bin/cai"
for file in "$root"/weights/*.safetensors "$root"/weights/*.pt "$root"/weights/MANIFEST.json; do
    install -m 644 "$file" "$weights/"
done
"$RUN" --generate-completion-script bash >"$bash"
"$RUN" --generate-completion-script zsh >"$zsh"
"$RUN" --generate-completion-script fish >"$fish"
"$RUN" manual >"$manual"
echo "$prefix/bin/cai, completions of bash, zsh and fish, $manual"
