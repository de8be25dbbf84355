# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# What the scripts of the walk-through share. Sourced, not run.
set -euo pipefail
# sudo's PATH may lack them.
PATH=$PATH:/usr/sbin:/sbin
# The words of tools are read here.
export LC_ALL=C

demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${demo%/*}
# The scripts' folder as the user typed it, for messages.
# shellcheck disable=SC2034 # for those who source this
here=$(dirname "$0")

# As abi/xdp_counter.h names them; tests/e2e/test_walkthrough.py holds the two together.
readonly program=xdp_counter stats_map=stats_map traffic_map=traffic_map
# What libbpf makes of the object's name for the pin of the program's constants.
readonly constants=${program:0:8}_rodata

pins=${XDPSTAT_PINS:-/sys/fs/bpf}

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

misuse() {
    printf '%s: %s; see %s --help\n' "${0##*/}" "$*" "$0" >&2
    exit 2
}

# Prints the usage that the script defines, and reads [--pins DIR] [IFACE] into pins and interface.
parse_arguments() {
    interface=
    while [[ $# -gt 0 ]]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --pins) [[ $# -ge 2 ]] || misuse "--pins wants a folder" && pins=$2 && shift ;;
            --pins=*) pins=${1#*=} ;;
            -*) misuse "unknown option $1" ;;
            *) [[ -n $1 && -z $interface ]] || misuse "not understood: '$1'" && interface=$1 ;;
        esac
        shift
    done
    [[ $pins == /* ]] || misuse "the folder of pins must be an absolute path: '$pins'"
    pins=${pins%/}
    # What the next command must be told too.
    # shellcheck disable=SC2034 # for those who source this
    with_pins=$([[ $pins == /sys/fs/bpf ]] || printf %s " --pins $pins")
}

need_root() {
    [[ $EUID -eq 0 ]] || fail "root is needed, $1: sudo $0"
}

need_tools() {
    local tool
    for tool in "$@"; do
        command -v "$tool" >/dev/null || fail "$tool is missing: sudo $root/scripts/install-deps demo"
    done
}

# True where the folder, or the nearest one above it that exists, is on a BPF file system.
is_bpffs() {
    local folder=$1
    until [[ -e $folder ]]; do
        folder=$(dirname "$folder")
    done
    [[ $(stat -f -c %t "$folder") == cafe4a11 ]]
}

# Keeps others of these scripts out until this one has ended. By the root of the file system: that is there, and the
# same for all, whether or not the folder of pins is.
lock_pins() {
    local folder=$pins lock
    until [[ -d $folder ]]; do
        folder=$(dirname "$folder")
    done
    exec {lock}<"$(stat -c %m "$folder")"
    flock -w 30 "$lock" || fail "another script of the walk-through is at work: wait for its end"
}

interface_exists() {
    ip link show dev "$1" &>/dev/null
}

# The interface of the default route; nothing where there is none.
default_interface() {
    local routes
    routes=$(ip route show default; ip -6 route show default 2>/dev/null || true)
    if [[ $routes =~ \ dev\ ([^[:space:]]+) ]]; then
        echo "${BASH_REMATCH[1]}"
    fi
}

# DEVICE MODE ID of each XDP program in this network namespace, or on the one interface.
xdp_programs() {
    local text line device rest in_section=
    text=$(bpftool net show ${1:+dev "$1"} 2>&1) || fail "bpftool cannot list XDP programs: ${text##*$'\n'}"
    while IFS= read -r line; do
        case $line in
            xdp:) in_section=yes ;;
            '') in_section= ;;
        esac
        if [[ -n $in_section && $line =~ ^(.+)\([0-9]+\)\ (.*)$ ]]; then
            device=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
            while [[ $rest =~ ([a-z]+)\ id\ ([0-9]+)(.*) ]]; do
                echo "$device ${BASH_REMATCH[1]/driver/native} ${BASH_REMATCH[2]}"
                rest=${BASH_REMATCH[3]}
            done
        fi
    done <<<"$text"
}

# 'name' (id N) of a program, by its id.
describe_program() {
    local name=
    if [[ $(bpftool prog show id "$1" 2>/dev/null || true) =~ \ name\ ([^[:space:]]+) ]]; then
        name="'${BASH_REMATCH[1]}' "
    fi
    echo "$name(id $1)"
}

# The id of the map that a pin holds; nothing where it holds none.
map_id() {
    if [[ $(bpftool map show pinned "$1" 2>/dev/null || true) =~ ^([0-9]+): ]]; then
        echo "${BASH_REMATCH[1]}"
    fi
}

# True where one of the maps, ",ID,ID,", has the name.
uses_map() {
    local id
    for id in ${1//,/ }; do
        if [[ $(bpftool map show id "$id" 2>/dev/null || true) =~ \ name\ $2\  ]]; then
            return 0 # in a trap a bare return would answer for what came before the trap
        fi
    done
    return 1
}

# Looks at what is pinned. Sets program_id (empty where our program is not there), our_pins (the program last: as
# long as it is there, the others can be told to be ours) and foreign_pins (by a name of ours, but not ours).
# Ours is a program of our name that uses a map of the less usual one of our names, and each map that it uses.
inspect_pins() {
    local text map_ids='' name
    program_id='' our_pins=() foreign_pins=()
    if [[ -e $pins/$program ]]; then
        text=$(bpftool prog show pinned "$pins/$program" 2>/dev/null || true)
        if [[ $text =~ ^([0-9]+):\ xdp\ +name\ ([^[:space:]]+) && ${BASH_REMATCH[2]} == "$program" ]]; then
            program_id=${BASH_REMATCH[1]}
            if [[ $text =~ map_ids\ ([0-9,]+) ]]; then
                map_ids=,${BASH_REMATCH[1]},
            fi
        fi
        if ! uses_map "$map_ids" "$traffic_map"; then
            program_id='' map_ids=''
            foreign_pins+=("$pins/$program")
        fi
    fi
    for name in "$stats_map" "$traffic_map" "$constants"; do
        if [[ ! -e $pins/$name ]]; then
            continue
        elif [[ -n $map_ids && $map_ids == *",$(map_id "$pins/$name"),"* ]]; then
            our_pins+=("$pins/$name")
        else
            foreign_pins+=("$pins/$name")
        fi
    done
    if [[ -n $program_id ]]; then
        our_pins+=("$pins/$program")
    fi
}

# DEVICE MODE ID of each place in this network namespace, or on the one interface, where our program is attached.
# shellcheck disable=SC2120 # the interface may be left out
our_attachments() {
    local all device mode id
    [[ -n $program_id ]] || return 0
    all=$(xdp_programs "$@")
    while read -r device mode id; do
        if [[ $id == "$program_id" ]]; then
            echo "$device $mode $id"
        fi
    done <<<"$all"
}

# Detaches our program from an interface that carries it: DEVICE MODE as our_attachments says.
detach() {
    local type=xdpdrv reason
    [[ $2 == native ]] || type=xdp$2
    reason=$(bpftool net detach "$type" dev "$1" 2>&1) ||
        fail "cannot detach from $1: ${reason##*$'\n'}; try: ip link set dev $1 xdp off"
    echo "detached  $program (id $program_id) from $1, $2 mode"
}

# Removes our pins, and the folder if it is then empty and not the file system's root.
remove_pins() {
    local pin
    for pin in ${our_pins[@]+"${our_pins[@]}"}; do
        rm -f "$pin"
        echo "removed   $pin"
    done
    if [[ -d $pins ]] && ! mountpoint -q "$pins" && rmdir "$pins" 2>/dev/null; then
        echo "removed   $pins"
    fi
}
