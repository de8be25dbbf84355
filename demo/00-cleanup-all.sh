#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Takes away all that the walk-through has made. See --help.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: sudo demo/00-cleanup-all.sh [--pins DIR]

Takes away what the walk-through has made: its program from every interface of this network namespace, the pins in
/sys/fs/bpf (or DIR, or XDPSTAT_PINS), and the folder build/demo. Says what it removes; does nothing where there is
nothing. Programs and pins of somebody else are left alone.
END
}

parse_arguments "$@"
[[ -z $interface ]] || misuse "not understood: '$interface'"
need_root 'to detach a program and to remove pins'
need_tools bpftool

lock_pins
inspect_pins
# shellcheck disable=SC2119 # all interfaces
attachments=$(our_attachments)
while read -r device mode _; do
    [[ -z $device ]] || detach "$device" "$mode"
done <<<"$attachments"
remove_pins
others=$(xdp_programs)
while read -r device _ id; do
    if [[ -n $device && $(describe_program "$id") == "'$program' "* ]]; then
        echo "kept      $program (id $id) on $device: it is not the one that was pinned in $pins;" \
            "if it is yours: ip link set dev $device xdp off"
    fi
done <<<"$others"
for pin in ${foreign_pins[@]+"${foreign_pins[@]}"}; do
    echo "kept      $pin: not of this walk-through, or its program's pin is gone"
done

build=$root/build
if [[ -e $build/demo ]]; then
    rm -r "$build/demo"
    echo "removed   $build/demo"
    rmdir --ignore-fail-on-non-empty "$build"
fi
echo 'clean'
