#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Compiles the XDP program into an object that any loader can load. See --help.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: demo/01-compile.sh [-o FILE]

Compiles bpf/xdp_counter.bpf.c into build/demo/xdp_counter.o, or FILE, with clang. Needs clang and the headers of
libbpf and the kernel, no CMake and no root. The flags are those of cmake/AddBpfObject.cmake. CLANG=... chooses a clang.
END
}

recipe=$root/cmake/AddBpfObject.cmake
object=$root/build/demo/$program.o
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        -o) [[ $# -ge 2 && -n $2 ]] || misuse '-o wants a file' && object=$2 && shift ;;
        *) misuse "not understood: '$1'" ;;
    esac
    shift
done

# The build's own order first, then any clang with a number, the newest first.
find_clang() {
    local names name
    names=$(sed -n 's/^find_program(BPF_CLANG NAMES \(.*\) REQUIRED)$/\1/p' "$recipe")
    for name in ${CLANG:-$names $(compgen -c clang- | grep -x 'clang-[0-9]*' | sort -t- -k2nr -u)}; do
        if command -v "$name"; then
            return
        fi
    done
    fail "${CLANG:-clang} is missing: sudo $root/scripts/install-deps build"
}

# Debian keeps asm/types.h in a folder of the machine's own, where clang does not look for another target.
multiarch() {
    local header
    for header in "/usr/include/$(uname -m)"-linux-gnu*/asm/types.h /usr/include/*-linux-gnu*/asm/types.h; do
        if [[ ! -e /usr/include/asm/types.h && -e $header ]]; then
            echo "-idirafter ${header%/asm/types.h}"
            return
        fi
    done
}

# Without -Werror: a clang newer or older than the build's may warn of more.
# shellcheck disable=SC2016 # CMake's names, not the shell's
flags=$(sed -n 's/^ *COMMAND ${BPF_CLANG} \(.*\) -Werror -I${PROJECT_SOURCE_DIR} .*/\1/p' "$recipe")
[[ -n $flags ]] || fail "no flags for clang found in $recipe: its COMMAND line has changed; $0 must follow it"
clang=$(find_clang)
mkdir -p "$(dirname "$object")" 2>/dev/null || fail "cannot make the folder of $object: choose another place with -o"
# The words of flags are separate arguments.
# shellcheck disable=SC2046,SC2206,SC2207
command=("$clang" $flags "-I$root" $(multiarch) "-ffile-prefix-map=$root/=" -c "$root/bpf/xdp_counter.bpf.c" -o "$object")

echo "${command[*]}"
if ! errors=$("${command[@]}" 2>&1); then
    if [[ $errors =~ \'((bpf|linux|asm)/[^\']*)\'\ file\ not\ found ]]; then
        fail "clang finds no ${BASH_REMATCH[1]}: the headers of libbpf or the kernel are missing:" \
            "sudo $root/scripts/install-deps build"
    fi
    [[ ! $errors =~ (Permission denied|Operation not permitted) ]] ||
        fail "cannot write $object: ${BASH_REMATCH[1]}: choose another place with -o"
    printf '%s\n' "$errors" >&2
    fail "$clang cannot compile it, as it says above: try another clang with CLANG=..."
fi
printf '%s' "${errors:+$errors$'\n'}" >&2
echo "compiled  ${object#"$PWD/"}"
[[ $object != "$root/build/demo/$program.o" ]] || echo "next      sudo $here/02-load.sh"
