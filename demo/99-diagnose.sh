#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Says what stands in the way of the walk-through, and what to do about it. See --help.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: demo/99-diagnose.sh [--pins DIR] [IFACE]

Says what this machine has and lacks for the walk-through, what is on IFACE (by default the interface of the default
route) and what is pinned in /sys/fs/bpf (or DIR, or XDPSTAT_PINS), with what to do. Asks `xdpstat doctor` about the
machine where xdpstat is installed or built. Changes nothing; as root it sees more. The exit code is 1 where something
stands in the way.
END
}

code=0
ok() { printf 'ok    %s\n' "$*"; }
note() { printf 'note  %s\n' "$*"; }
bad() {
    printf 'fail  %s\n' "$*"
    code=1
}

find_xdpstat() {
    local candidate
    for candidate in "$(command -v xdpstat || true)" "$root/build/release/xdpstat"; do
        if [[ -x $candidate ]]; then
            echo "$candidate"
            return
        fi
    done
}

# True where the process has a capability, by its number in linux/capability.h.
has_capability() {
    local word mask
    while read -r word mask; do
        if [[ $word == CapEff: ]]; then
            (((16#$mask >> $1) & 1))
            return
        fi
    done </proc/self/status
    return 1
}

check_kernel() {
    local release major minor
    release=$(uname -r)
    IFS=. read -r major minor _ <<<"$release"
    minor=${minor%%[!0-9]*}
    if ((major > 5 || (major == 5 && minor >= 18))); then
        ok "kernel $release"
    else
        bad "kernel $release: bpftool alone loads the program from 5.18 on; on this one use xdpstat attach"
    fi
    if [[ -r /sys/kernel/btf/vmlinux ]]; then
        ok "the kernel's BTF: /sys/kernel/btf/vmlinux"
    else
        bad 'no BTF of the kernel (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF=y'
    fi
}

check_rights() {
    # CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_BPF
    if has_capability 21 || { has_capability 12 && has_capability 39; }; then
        ok 'the right to load and attach'
    else
        bad "no right to load and attach (CAP_BPF and CAP_NET_ADMIN): sudo $0"
    fi
}

check_bpffs() {
    if is_bpffs "$pins"; then
        ok "a BPF file system for $pins"
    else
        bad "$pins is not on a BPF file system: sudo mount -t bpf bpf /sys/fs/bpf"
    fi
}

check_tools() {
    local tool
    for tool in bpftool ip; do
        if command -v "$tool" >/dev/null; then
            ok "$tool: $(command -v "$tool")"
        else
            bad "$tool is missing: sudo $root/scripts/install-deps demo"
        fi
    done
    if [[ -n $(command -v clang || compgen -c clang- | grep -x 'clang-[0-9]*' || true) ]]; then
        ok 'clang'
    else
        bad "clang is missing: sudo $root/scripts/install-deps build"
    fi
    for tool in g++ python3 awk; do
        if command -v "$tool" >/dev/null; then
            ok "$tool"
        else
            bad "$tool is missing: sudo $root/scripts/install-deps build demo"
        fi
    done
    if [[ -e /usr/include/bpf/bpf_helpers.h ]]; then
        ok 'the headers of libbpf'
    else
        bad "no headers of libbpf (/usr/include/bpf): sudo $root/scripts/install-deps build"
    fi
    if [[ -r $root/build/demo/$program.o ]]; then
        ok "compiled: build/demo/$program.o"
    else
        note "not compiled yet: $here/01-compile.sh"
    fi
}

check_pins() {
    local pin
    if [[ $EUID -ne 0 ]]; then
        note "what is pinned in $pins is told to root only: sudo $0"
        return
    fi
    inspect_pins
    for pin in ${our_pins[@]+"${our_pins[@]}"}; do
        ok "pinned: $pin"
    done
    for pin in ${foreign_pins[@]+"${foreign_pins[@]}"}; do
        bad "$pin is not of this walk-through: choose another folder with --pins DIR"
    done
    if [[ ${#our_pins[@]} -eq 0 ]]; then
        note "nothing pinned by this walk-through in $pins: sudo $here/02-load.sh$with_pins"
    elif [[ -z $program_id || ! ( -e $pins/$stats_map && -e $pins/$traffic_map ) ]]; then
        bad "$pins holds half a load: sudo $here/04-unload.sh$with_pins, then sudo $here/02-load.sh$with_pins"
    fi
}

check_interface() {
    local device mode id all
    if [[ -z $interface ]]; then
        note 'no default route tells which interface to look at: name one'
        return
    elif ! interface_exists "$interface"; then
        bad "no interface $interface here: choose one of: ip -brief link"
        return
    elif ! all=$(xdp_programs "$interface" 2>&1); then
        note "what is attached to $interface is not to be seen: ${all#*: }"
        return
    elif [[ -z $all ]]; then
        ok "$interface is free: no XDP program on it"
        return
    fi
    while read -r device mode id; do
        if [[ $id == "${program_id:-}" ]]; then
            ok "$device carries $program (id $id) in $mode mode"
        else
            bad "$device carries another XDP program, $(describe_program "$id"), in $mode mode:" \
                "detach it first, or choose another interface"
        fi
    done <<<"$all"
}

carries_ours() {
    local attachments
    inspect_pins 2>/dev/null
    attachments=$(our_attachments "$interface" 2>/dev/null) && [[ -n $attachments ]]
}

parse_arguments "$@"
if command -v ip >/dev/null; then
    interface=${interface:-$(default_interface)}
fi
xdpstat=$(find_xdpstat)
if [[ -n $xdpstat ]]; then
    # To xdpstat the program that 02-load.sh attached is somebody else's.
    asked=$interface
    if [[ -n $interface ]] && carries_ours; then
        asked=
    fi
    echo "$xdpstat doctor${asked:+ $asked}"
    "$xdpstat" doctor ${asked:+"$asked"} || code=1
    echo
else
    check_kernel
    check_rights
fi
check_bpffs
check_tools
if command -v bpftool >/dev/null; then
    check_pins
    if command -v ip >/dev/null; then
        check_interface
    fi
fi
exit "$code"
