#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Compiles the native reader. See --help.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: demo/05-compile-libbpf-reader.sh [-o FILE]

Compiles demo/stats_reader.cpp with the library bpfxx (src/bpfxx) into build/demo/stats_reader, or FILE. Needs a
compiler for C++23 and the headers of libbpf, no CMake and no root. CXX=... chooses a compiler.
END
}

reader=$root/build/demo/stats_reader
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help) usage && exit 0 ;;
        -o) [[ $# -ge 2 && -n $2 ]] || misuse '-o wants a file' && reader=$2 && shift ;;
        *) misuse "not understood: '$1'" ;;
    esac
    shift
done

compiler=${CXX:-$(command -v g++ || command -v clang++-19 || command -v clang++ || true)}
command -v "${compiler:-g++}" >/dev/null ||
    fail "${CXX:-a C++ compiler} is missing: sudo $root/scripts/install-deps build"
mkdir -p "$(dirname "$reader")" 2>/dev/null || fail "cannot make the folder of $reader: choose another place with -o"

command=("$compiler" -std=c++23 -O2 -Wall -Wextra "-I$root" "-I$root/src" "$demo/stats_reader.cpp" "$root"/src/bpfxx/*.cpp
    -o "$reader" -lbpf -lelf -lz)
echo "${command[*]}"
if ! errors=$("${command[@]}" 2>&1); then
    if [[ $errors =~ bpf/[a-z]*\.h ]]; then
        fail "the headers of libbpf are missing: sudo $root/scripts/install-deps build"
    fi
    [[ ! $errors =~ (Permission denied|Operation not permitted) ]] ||
        fail "cannot write $reader: ${BASH_REMATCH[1]}: choose another place with -o"
    printf '%s\n' "$errors" >&2
    fail "$compiler cannot compile it, as it says above: bpfxx needs <expected>, so g++ 12 or clang 16 or newer"
fi
echo "compiled  $reader"
echo "next      sudo $reader"
