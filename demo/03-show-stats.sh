#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows the totals of the counter with bpftool and awk. See --help.
#
# Exact for all 64 bits, although awk calculates in floating point, which is exact up to 2^53 only: it takes a
# counter's bytes and adds up the upper and the lower 32 bits apart; the shell puts the two together. No jq: 1.6, which
# many systems still have, rounds such numbers, and takes longer to start than all of this.
# shellcheck source=demo/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    cat <<'END'
Usage: sudo demo/03-show-stats.sh [--json] [PIN]

Shows the totals over all CPUs of the map that is pinned at PIN, /sys/fs/bpf/stats_map by default (or stats_map in
the folder XDPSTAT_PINS): any array or percpu_array of struct pkt_stats (abi/xdp_counter.h), whoever made it. The
fields are found by name through the map's BTF; a map without BTF is read by its size, with a note.

  --json  one object of the eight counters

A sum above 2^64 - 1 starts again at 0, as the counters themselves do.
END
}

# The order of struct pkt_stats, for maps without BTF and for the output.
readonly fields=(total_packets total_bytes icmp_packets tcp_packets udp_packets other_packets ipv4_packets ipv6_packets)
readonly value_size=64

# Reads what `bpftool -j map dump` prints and answers in words: one line "fields NAME ..." with the names from BTF,
# without names where there is no BTF, "-" where the value is no struct; then, in the same order, a line
# "sum UPPER LOWER" for each, or "odd NAME" where the number that BTF leads to is not the one in the bytes.
# shellcheck disable=SC2016 # awk's fields, not the shell's
readonly sum_by_awk='
    # The names of the members of an object, from the text behind its opening brace.
    function names_in(text,   depth, token, list) {
        while (match(text, /"[^"]*":|[][{}]/)) {
            token = substr(text, RSTART, RLENGTH)
            text = substr(text, RSTART + RLENGTH)
            if (token ~ /[[{]/)
                depth++
            else if (token ~ /[]}]/) {
                if (depth-- == 0)
                    break
            } else if (depth == 0)
                list = list " " substr(token, 2, RLENGTH - 3)
        }
        return list
    }
    function half(first,   i, sum) {
        for (i = first; i < first + 4; i++)
            sum = sum * 256 + byte[substr(b[field * 8 + (big ? i : 7 - i) + 1], 1, 4)]
        return sum
    }
    {
        for (i = 0; i < 256; i++)
            byte[sprintf("0x%02x", i)] = i
        is_typed = /"formatted":/
        slots = split($0, bytes, /"value":\["/)
        typed_slots = split($0, typed, /"value":[{]/)
        names = is_typed ? (typed_slots > 1 ? names_in(typed[2]) : " -") : ""
        print "fields" names
        if (is_typed && split(names, name, " ") != 8)
            exit
        for (slot = 2; slot <= slots; slot++) {
            split(bytes[slot], b, "\",\"")
            for (field = 0; field < 8; field++) {
                upper = half(0)
                lower = half(4)
                uppers[field] += upper
                lowers[field] += lower
                if (is_typed) {
                    number = typed[slot]
                    sub(".*\"" name[field + 1] "\":", "", number)
                    sub(/[^0-9].*/, "", number)
                    if (number == "" || number + 0 != upper * 4294967296 + lower)
                        odd[field] = 1
                }
            }
        }
        for (field = 0; field < 8; field++)
            if (field in odd)
                print "odd " name[field + 1]
            else
                printf "sum %.0f %.0f\n", uppers[field], lowers[field]
    }'

is_big_endian() {
    local header
    # The sixth byte of an ELF file tells its byte order, and this file is the shell that runs.
    IFS= read -r -N 6 header </proc/self/exe
    [[ ${header:5} == $'\x02' ]]
}

refuse() {
    fail "$pin $1: give the pin of a stats_map"
}

# Refuses what cannot be a map of struct pkt_stats by its kind or size.
inspect_map() {
    local text reason next='give the pin of a stats_map'
    [[ ! -d $pin ]] || refuse 'is a folder'
    if ! text=$(bpftool map show pinned "$pin" 2>&1); then
        reason=${text##*$'\n'} reason=${reason#Error: } reason=${reason#*'): '}
        case $reason in
            'No such file or directory') next="load the counter first: sudo $here/02-load.sh" ;;
            'Permission denied' | 'Operation not permitted') next="root may: sudo $0" ;;
        esac
        fail "$pin cannot be read: $reason: $next"
    fi
    [[ $text =~ ^[0-9]+:\ ([^[:space:]]+) ]] || refuse 'is not understood by bpftool'
    case ${BASH_REMATCH[1]} in
        array | percpu_array) ;;
        *) refuse "is a map of the kind ${BASH_REMATCH[1]}, not an array or percpu_array" ;;
    esac
    [[ $text =~ \ value\ ([0-9]+)B ]]
    [[ ${BASH_REMATCH[1]} -eq $value_size ]] ||
        refuse "has values of ${BASH_REMATCH[1]} bytes, struct pkt_stats has $value_size"
}

# Reads the map; sets total, by name.
read_map() {
    local answer big='' name index=0 line first second
    is_big_endian && big=1
    answer=$(bpftool -j map dump pinned "$pin" | awk -v big="$big" "$sum_by_awk") ||
        fail "$pin cannot be read: bpftool's answer is not understood: see what it says: bpftool -j map dump pinned $pin"

    read -r _ line <<<"$answer"
    local -a names=()
    read -r -a names <<<"$line"
    if [[ $line == - ]]; then
        refuse 'has values that are no struct'
    elif [[ -z $line ]]; then
        printf '%s: note: %s shows no BTF: read by its size alone, its layout is not proved\n' "${0##*/}" "$pin" >&2
        names=("${fields[@]}")
    fi
    # Distinct names, as C sees to, so all are there if as many are, and each is known.
    for name in "${names[@]}"; do
        [[ ${#names[@]} -eq ${#fields[@]} && " ${fields[*]} " == *" $name "* ]] ||
            refuse "has the fields ${names[*]}, not those of struct pkt_stats"
    done

    declare -gA total=()
    while read -r line first second; do
        name=${names[index++]}
        [[ $line == sum ]] || refuse "has a field $name that is not a 64-bit number"
        total[$name]=$((((first + (second >> 32)) << 32) + (second & 0xffffffff)))
    done <<<"${answer#*$'\n'}"
}

# A number with its thousands apart, of all 64 bits unsigned.
grouped() {
    local number
    printf -v number %u "$1"
    text=
    while [[ ${#number} -gt 3 ]]; do
        text=,${number: -3}$text
        number=${number:0:-3}
    done
    text=$number$text
}

show() {
    local text name label
    while read -r name label; do
        if [[ $name == - ]]; then
            echo "$label"
        else
            grouped "${total[$name]}"
            printf '  %-13s %26s\n' "$label" "$text"
        fi
    done <<'END'
- Overall Statistics
total_packets Total packets
total_bytes Total bytes
- By Protocol
icmp_packets ICMP
tcp_packets TCP
udp_packets UDP
other_packets Other
- By IP Version
ipv4_packets IPv4
ipv6_packets IPv6
END
}

show_json() {
    local name separator='{'
    for name in "${fields[@]}"; do
        printf '%s"%s": %u' "$separator" "$name" "${total[$name]}"
        separator=', '
    done
    echo '}'
}

main() {
    local output=show
    pin=
    while [[ $# -gt 0 ]]; do
        case $1 in
            -h | --help) usage && exit 0 ;;
            --json) output=show_json ;;
            -*) misuse "unknown option $1" ;;
            *) [[ -n $1 && -z $pin ]] || misuse "not understood: '$1'" && pin=$1 ;;
        esac
        shift
    done
    pin=${pin:-$pins/$stats_map}
    need_tools bpftool awk
    inspect_map
    read_map
    "$output"
}

# A test sources it.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
