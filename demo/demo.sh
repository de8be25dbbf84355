#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Counts real mixed traffic on a cable between two network namespaces, compares the counter with what was sent
# and with the kernel's own counters, and leaves nothing behind. Needs root. Ends with 0 only if all is equal.
#
#   XDPSTAT_BINARY          the program to show; build/release/xdpstat by default
#   XDPSTAT_STATS_READER    the native reader; build/release/stats_reader by default
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
xdpstat=${XDPSTAT_BINARY:-$here/../build/release/xdpstat}
stats_reader=${XDPSTAT_STATS_READER:-$here/../build/release/stats_reader}
# sudo's PATH may lack them.
PATH=$PATH:/usr/sbin:/sbin
export PYTHONDONTWRITEBYTECODE=1

readonly prefix=xdpstat-demo
readonly bpffs=/sys/fs/bpf
sender=$prefix-$$-sender
receiver=$prefix-$$-receiver
pin_root=$bpffs/$prefix-$$
readonly receiver_ipv4=192.0.2.2 receiver_ipv6=2001:db8:1::2

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    bold=$'\033[1m' plain=$'\033[0m'
else
    bold='' plain=''
fi

say() { printf '%s\n' "$bold$*$plain"; }

fail() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

# Not `ip netns exec`: that mounts another /sys, without the bpf file system.
in_sender() { nsenter --net="/run/netns/$sender" "$@"; }
in_receiver() { nsenter --net="/run/netns/$receiver" "$@"; }
counter() { in_receiver "$xdpstat" --pin-root "$pin_root" --mount-bpffs "$@"; }

server=
traffic=
had_bpffs=yes
folder=

clean_up() {
    local code=$?
    trap '' EXIT HUP INT TERM
    for process in $traffic $server; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    # Without a detach: a link lives no longer than its pin and its interface, and this works after any failure.
    rm -rf "$pin_root"
    for namespace in "$sender" "$receiver"; do
        if [[ -e /run/netns/$namespace ]]; then
            ip netns delete "$namespace"
        fi
    done
    # Mounted here, unmounted here; not if somebody has begun to use it. The kernel itself puts *.debug there.
    if [[ $had_bpffs == no ]] && mountpoint -q "$bpffs" &&
        [[ -z $(find "$bpffs" -mindepth 1 ! -name '*.debug' -print -quit) ]]; then
        umount "$bpffs"
    fi
    rm -rf "$folder"
    exit "$code"
}

[[ $EUID -eq 0 ]] || fail 'root is needed, for network namespaces and for XDP: sudo make demo'
[[ -x $xdpstat ]] || fail "no program at $xdpstat: make build"
[[ -x $stats_reader ]] || fail "no program at $stats_reader: make demo"
for tool in bpftool ip ethtool nsenter ping python3 sysctl; do
    command -v "$tool" >/dev/null || fail "$tool is missing: sudo make deps"
done
[[ -d /proc/sys/net/ipv6 ]] || fail 'this kernel runs without IPv6, which half of the demonstration is about'

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
folder=$(mktemp -d)
mountpoint -q "$bpffs" || had_bpffs=no

say 'A cable: two network namespaces joined by a veth pair, MTU 9000'
ip netns add "$sender"
ip netns add "$receiver"
# Until the capture listens the sending end must be silent, so it gets its IPv6 later.
in_sender sysctl -q -w net.ipv6.conf.default.disable_ipv6=1
ip link add sender mtu 9000 netns "$sender" type veth peer name receiver mtu 9000 netns "$receiver"
# Frames as the wire has them: checksums made and TCP cut to segments before the capture sees them.
in_sender ethtool -K sender tx off sg off tso off gso off >/dev/null
ip -n "$sender" address add 192.0.2.1/24 dev sender
ip -n "$receiver" address add "$receiver_ipv4/24" dev receiver
ip -n "$receiver" address add "$receiver_ipv6/64" dev receiver nodad
ip -n "$receiver" link set receiver up
ip -n "$sender" link set sender up

echo
say 'xdpstat attach receiver --mode native'
counter attach receiver --mode native
ip -n "$receiver" -j -s link show dev receiver >"$folder/before.json"

exec {ready}< <(exec nsenter --net="/run/netns/$receiver" "$here/traffic.py" serve)
server=$!
read -r -t 20 -u "$ready" _ || fail 'the web server on the receiving end does not start'

echo
say 'Traffic, with a capture on the sending end'
# In the background and waited for: a signal then need not wait until it is through.
nsenter --net="/run/netns/$sender" "$here/traffic.py" \
    send sender 2001:db8:1::1/64 "$receiver_ipv4" "$receiver_ipv6" "$folder/sent.json" &
traffic=$!
wait "$traffic" || fail 'the traffic could not be sent'
traffic=

ip -n "$receiver" -j -s link show dev receiver >"$folder/after.json"
counter show receiver --json >"$folder/counted.json"
echo
say 'What was sent and what was counted'
equal=yes
"$here/compare.py" "$folder/sent.json" "$folder/counted.json" "$folder/before.json" "$folder/after.json" || equal=no

echo
say 'xdpstat show receiver'
counter show receiver

echo
say 'The same map by a shell script, a Python script and a native program'
stats_map=$pin_root/receiver/stats_map
"$here/03-show-stats.sh" --json "$stats_map" >"$folder/shell"
"$here/03-show-stats-python.py" --json "$stats_map" >"$folder/Python"
"$stats_reader" --json "$stats_map" >"$folder/native"
"$here/side_by_side.py" "$folder/shell" "$folder/Python" "$folder/native" || equal=no

echo
[[ $equal == yes ]] || fail 'not all that should be equal is: see DIFFERS above'
say 'All equal. Next, on an interface of your own: sudo build/release/xdpstat run eth0 (q ends it, nothing stays attached)'
