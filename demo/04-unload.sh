#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Detaches what 02-load.sh attached, and removes its pins. See --help.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: sudo demo/04-unload.sh [--pins DIR] [IFACE]

Detaches the program that is pinned in /sys/fs/bpf (or DIR, or XDPSTAT_PINS) from IFACE, or from all interfaces of
this network namespace where none is named, and removes its pins once no interface here carries it. The program on an
interface is ours if it has the id of the pinned one; all else is left alone.
END
}

parse_arguments "$@"
need_root 'to detach a program'
need_tools bpftool ip
[[ -z $interface ]] || interface_exists "$interface" || fail "no interface $interface here: choose one of: ip -brief link"

lock_pins
inspect_pins
attachments=$(our_attachments ${interface:+"$interface"})
if [[ -z $attachments && -n $interface ]]; then
    other=$(xdp_programs "$interface")
    [[ -z $other ]] || fail "the XDP program on $interface, $(describe_program "${other##* }"), is not the one pinned in" \
        "$pins: it is left alone; without an interface $0 removes the pins"
fi
while read -r device mode _; do
    [[ -z $device ]] || detach "$device" "$mode"
done <<<"$attachments"

# shellcheck disable=SC2119 # all interfaces
elsewhere=$(our_attachments)
if [[ -n $elsewhere ]]; then
    echo "kept      the pins in $pins: ${elsewhere%% *} still counts"
elif [[ -n $attachments || ${#our_pins[@]} -gt 0 ]]; then
    remove_pins
else
    echo "nothing of the walk-through in $pins"
fi
