#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Loads the compiled program with bpftool alone, pins it with its maps, and attaches it. See --help.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: sudo demo/02-load.sh [--pins DIR] [IFACE]

Loads build/demo/xdp_counter.o with bpftool, pins the program and its maps in /sys/fs/bpf (or DIR, or XDPSTAT_PINS),
and attaches it to IFACE: in native mode, or in generic mode where the driver knows no XDP. IFACE is the interface of
the default route where none is named.

Loads once: called again, it says so, and attaches the same program to one more IFACE; the maps then hold the sums of
all. An XDP program or a pin of somebody else is left alone and refused. What fails half-way is undone.
END
}

# Taken back on the way out, unless all has gone well.
made_folder='' loaded='' attached=''
undo() {
    local code=$? attachment
    trap '' HUP INT TERM
    if [[ -n $made_folder$loaded$attached ]]; then
        {
            inspect_pins
            if [[ -n $attached ]]; then
                while read -r attachment; do
                    # shellcheck disable=SC2086 # DEVICE MODE ID
                    [[ -z $attachment ]] || (detach $attachment) || true
                done <<<"$(our_attachments "$interface")"
            fi
            [[ -n $loaded ]] || our_pins=()
            remove_pins
        } >/dev/null
    fi
    exit "$code"
}

# Tries native mode first; sets mode, and why it is not native.
attach() {
    local reason
    mode=native why=
    reason=$(bpftool net attach xdpdrv pinned "$pins/$program" dev "$interface" 2>&1) && return
    why=${reason##*: }
    mode=generic
    reason=$(bpftool net attach xdpgeneric pinned "$pins/$program" dev "$interface" 2>&1) && return
    attached= # what is there is somebody else's
    fail "cannot attach to $interface: native mode: $why; generic mode: ${reason##*: };" \
        "see $here/99-diagnose.sh$with_pins $interface"
}

refuse_foreign_program() {
    local other
    other=$(xdp_programs "$interface")
    [[ -z $other ]] || fail "$interface carries another XDP program, $(describe_program "${other##* }"): it is left alone;" \
        "detach it first (ip link set dev $interface xdp off), or choose another interface"
}

parse_arguments "$@"
need_root 'to load a program'
need_tools bpftool ip
object=$root/build/demo/$program.o
interface=${interface:-$(default_interface)}
[[ -n $interface ]] || fail "no default route tells which interface to use: name one: sudo $0 IFACE"
interface_exists "$interface" || fail "no interface $interface here: choose one of: ip -brief link"
is_bpffs "$pins" || fail "$pins is not on a BPF file system: mount one: sudo mount -t bpf bpf /sys/fs/bpf"

lock_pins
inspect_pins
if [[ ${#foreign_pins[@]} -gt 0 ]]; then
    fail "${foreign_pins[0]} is there already and not of this walk-through: it is left alone;" \
        "choose another folder with --pins DIR"
fi
if [[ -n $program_id && ! ( -e $pins/$stats_map && -e $pins/$traffic_map ) ]]; then
    fail "$pins holds the program without all its maps, half a load: take it away first: sudo $here/04-unload.sh$with_pins"
fi
attachment=$(our_attachments "$interface")
[[ -n $attachment ]] || refuse_foreign_program

trap undo EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
if [[ -n $program_id ]]; then
    echo "loaded    already: $program (id $program_id), pinned in $pins"
else
    [[ -r $object ]] || fail "no object at $object: compile it first: $here/01-compile.sh"
    if [[ ! -d $pins ]]; then
        made_folder=yes
        mkdir -p "$pins" 2>/dev/null || fail "cannot make the folder $pins: names in a BPF file system have no dot"
    fi
    loaded=yes
    if ! reason=$(bpftool prog load "$object" "$pins/$program" type xdp pinmaps "$pins" 2>&1); then
        # bpftool has undone its own half.
        loaded=
        fail "cannot load $object: $(grep -m1 '^Error: ' <<<"$reason" || tail -n1 <<<"$reason");" \
            "kernel 5.18 or newer is needed, here is $(uname -r); see $here/99-diagnose.sh$with_pins"
    fi
    inspect_pins
    echo "loaded    $program (id $program_id), pinned with its maps: ${our_pins[*]}"
fi
if [[ -n $attachment ]]; then
    read -r _ mode _ <<<"$attachment"
    echo "attached  already: to $interface in $mode mode"
else
    attached=yes
    attach
    if [[ $mode == native ]]; then
        echo "attached  to $interface in native mode: the driver runs it, before the kernel makes a packet buffer"
    else
        echo "attached  to $interface in generic mode: the kernel runs it, slower, as the driver refused native mode ($why)"
    fi
fi
made_folder='' loaded='' attached=''
echo "next      sudo $here/03-show-stats.sh${with_pins:+ $pins/$stats_map}"
