#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The first and only process of a guest: runs xdpstat and the tests on this kernel, and says on the console, for each
# feature, "@ FEATURE OUTCOME TEXT": ok, absent (the kernel does not have it; test_kernels.py knows whether it may be so)
# or failed. What a failed step said stands before its line.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
exec </dev/null
mount -t bpf bpf /sys/fs/bpf
mkdir /etc && echo guest >/etc/hostname

PINS=/sys/fs/bpf/xdpstat
FRAMES=500
SAID=/tmp/said

# Whether only some of the tests of each kind are wanted
is_quick() {
	grep -q xdpstat.quick /proc/cmdline
}

# Runs a command and keeps what it says.
try() {
	"$@" >$SAID 2>&1
}

# Where the guest's time goes, for those who read its log.
clock() {
	cut -d ' ' -f 1 /proc/uptime
}

ok() {
	echo "at $(clock) s"
	echo "@ $1 ok $2"
}

absent() {
	echo "@ $1 absent $2"
}

failed() {
	cat $SAID
	echo "@ $1 failed $2"
}

# judge FEATURE TEXT COMMAND...: ok if the command succeeds
judge() {
	feature=$1 text=$2
	shift 2
	if try "$@"; then ok "$feature" "$text"; else failed "$feature" "$*: $(tail -n 1 $SAID)"; fi
}

total() {
	xdpstat show "$1" --json | grep -m 1 '"total_packets"' | tr -dc 0-9
}

received() {
	cat "/sys/class/net/$1/statistics/rx_packets"
}

# Until a command succeeds, for some seconds at most.
wait_until() {
	for _ in $(seq 400); do
		"$@" && return 0
		usleep 20000
	done
	return 1
}

reaches() {
	[ "$(total "$1")" = "$2" ]
}

# counts IFACE PEER: whether frames that the peer sends are counted, all and once, by xdpstat and by the kernel
counts() {
	before=$(total "$1") kernel_before=$(received "$1")
	guest_frames "$2" $FRAMES || return 1
	wait_until reaches "$1" $((before + FRAMES)) && [ $(($(received "$1") - kernel_before)) = $FRAMES ] && return 0
	echo "$1: xdpstat counted $(($(total "$1") - before)), the kernel $(($(received "$1") - kernel_before)) of $FRAMES frames"
	return 1
}

pair() {
	ip link add "$1" type veth && ip link set veth0 name "$2" && ip link set "$1" up && ip link set "$2" up
}

is_gone() {
	[ -z "$(ls $PINS)" ]
}

attach_native() {
	if try xdpstat attach v0 --mode native; then
		case $(cat $SAID) in
		*'helper call'*) how=helper ;;
		*'no multi-buffer'*) how=linear ;;
		*) how=context ;;
		esac
		ok native "lengths: $how"
		if [ $how = context ]; then ok fast_length; else absent fast_length "lengths: $how"; fi
		judge exact "$FRAMES of $FRAMES frames" counts v0 v1
	else
		failed native "$(tail -n 1 $SAID)"
	fi
}

adopt() {
	before=$(total v0)
	xdpstat attach v0 | grep 'already attached' || return 1
	rm -f $PINS/v0/stats_map
	xdpstat attach v0 | grep 'restored' && [ "$(total v0)" = "$before" ]
}

# Two interfaces that have changed names: their folders change places, on kernels before 5.16 in three steps.
swap_names() {
	pair w0 w1 && xdpstat attach w0 && guest_frames w1 7 && wait_until reaches w0 7 || return 1
	before=$(total v0)
	ip link set v0 down && ip link set w0 down && ip link set v0 name x && ip link set w0 name v0 &&
		ip link set x name w0 && ip link set v0 up && ip link set w0 up || return 1
	xdpstat attach v0 w0 && reaches v0 7 && reaches w0 "$before" || return 1
	ip link set v0 down && ip link set w0 down && ip link set v0 name x && ip link set w0 name v0 &&
		ip link set x name w0 && ip link set v0 up && ip link set w0 up || return 1
	xdpstat attach v0 w0 && reaches w0 7 && reaches v0 "$before" && xdpstat detach w0
}

read_maps() {
	xdpstat map list --json && xdpstat map show $PINS/v0/stats_map --json && xdpstat map show $PINS/v0/traffic_map &&
		xdpstat status --json | grep '"mode": "native"' && xdpstat show v0
}

verify() {
	xdpstat verify v0 --seconds 1 >/tmp/verify 2>&1 &
	guest_frames v1 $FRAMES
	wait $! && cat /tmp/verify
}

metric() {
	wget -q -O - http://127.0.0.1:10435/metrics 2>/dev/null | grep "^$1" | grep -v ' 0$'
}

stop() {
	kill -TERM "$1" && wait "$1"
}

served() {
	wait_until metric 'xdpstat_up{device="v0"} 1' && counts v0 v1 && metric 'xdpstat_packets_total{device="v0"' &&
		metric 'xdpstat_attach_info{device="v0",mode="native"'
}

serve() {
	ip link set lo up
	xdpstat serve --program-stats >/tmp/serve 2>&1 &
	server=$!
	if try served; then ok serve "scraped"; else cat /tmp/serve && failed serve "$(tail -n 1 $SAID)"; fi
	judge run_stats "" metric 'xdpstat_program_runs_total{device="v0"'
	judge attached_later "" serve_another
	case $(cat /tmp/serve) in
	*'files are restricted'*) ok landlock ;;
	*'no Landlock'*) absent landlock "the rest of the confinement holds" ;;
	*) cat /tmp/serve && failed landlock "serve does not say" ;;
	esac
	judge serve_ends "" stop $server
	xdpstat serve v0 --attach >/tmp/serve 2>&1 &
	server=$!
	if try served; then ok serve_attach; else cat /tmp/serve && failed serve_attach "$(tail -n 1 $SAID)"; fi
	stop $server
}

serve_another() {
	xdpstat attach lo && wait_until metric 'xdpstat_up{device="lo"} 1' && xdpstat detach lo
}

# With frames that fill more than a page.
jumbo() {
	ip link set v0 mtu 9000
	ip link set v1 mtu 9000
	if ! try xdpstat attach v0; then
		failed jumbo "$(tail -n 1 $SAID)"
		return
	fi
	case $(cat $SAID) in
	*'v0: attached in native mode'*) ok jumbo "native at an MTU of 9000" ;;
	*'v0: attached in generic mode'*) absent jumbo "generic at an MTU of 9000" ;;
	esac
	judge jumbo_counts "" counts v0 v1
	xdpstat detach v0
	ip link set v0 mtu 1500 && ip link set v1 mtu 1500
}

generic() {
	xdpstat attach v0 --mode generic && counts v0 v1 && xdpstat status | grep generic && xdpstat detach v0
}

# Where the driver has no native mode, it says so and falls back.
fall_back() {
	xdpstat attach lo | grep 'not in native mode' && ping -c 1 127.0.0.1 && wait_until reaches lo 2 && xdpstat detach lo
}

shared() {
	xdpstat attach v0 --layout shared --no-breakdown && counts v0 v1 && xdpstat detach v0
}

held_by_run() {
	xdpstat run v0 >/tmp/run 2>&1 &
	holder=$!
	wait_until test -e $PINS/v0 && wait_until counts v0 v1 && stop $holder && is_gone
}

# old VARIANT IFACE: attaches a counter of another build
old() {
	linear=
	[ "$how" = linear ] && linear=linear
	mkdir -p $PINS && old_build /files/"$1".o "$2" $PINS/"$2" $(($(nproc) + 1)) $linear
}

received_more_than() {
	[ "$(received v0)" -gt "$1" ]
}

# Whether all that v0 received since then has been counted, now that nothing is sent any more
counted_since() {
	reaches v0 $(($(received v0) - $1))
}

# upgrade VARIANT: exchanges the program of another build beside traffic
upgrade() {
	start=$(received v0)
	old "$1" v0 || return 1
	guest_frames v1 100000000 &
	sender=$!
	wait_until received_more_than $((start + FRAMES)) && xdpstat attach v0 >/tmp/upgraded
	code=$?
	wait_until received_more_than $(($(received v0) + FRAMES)) || code=1
	kill $sender
	wait $sender
	cat /tmp/upgraded
	[ $code = 0 ] && grep 'upgraded in native mode' /tmp/upgraded && wait_until counted_since "$start" &&
		xdpstat attach v0 | grep 'already attached' && xdpstat detach v0 && is_gone
}

# suite FEATURE PROGRAM FILTER: one of the tests' programs
suite() {
	$2 --gtest_brief=1 --gtest_filter="$3" >$SAID 2>&1
	code=$?
	passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' $SAID)
	skipped=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) test.*/\1/p' $SAID)
	if [ $code = 0 ] && [ "${passed:-0}" -gt 0 ]; then
		ok "$1" "$passed passed, ${skipped:-0} skipped"
	else
		failed "$1" "exit code $code"
	fi
}

leaves_nothing() {
	is_gone && leaves_no_dispatcher
}

# shellcheck source=tests/vm/beside.sh
. /beside.sh

echo "@ release $(uname -r)"
judge btf "" test -r /sys/kernel/btf/vmlinux
for module in /modules/*.ko; do
	insmod "$module"
done
pair v0 v1
attach_native
judge adopt "" adopt
judge swap_names "" swap_names
judge read "" read_maps
judge verify "" verify
judge doctor "" xdpstat doctor v0
serve
judge detach "" xdpstat detach v0
judge left_nothing "" is_gone
jumbo
judge generic "" generic
judge fall_back "" fall_back
judge shared "" shared
judge run "" held_by_run
judge upgrade_same "" upgrade small
judge upgrade_moved "" upgrade moved
# By the source of lengths that is used here, and without those that drive frames by the million: those say more of the
# emulator than of the kernel.
case $how in
context) source=KernelCtx ;;
helper) source=Helper ;;
*) source=Linear ;;
esac
if is_quick; then
	suite bpf_tests bpf_tests "*EachKindOfFrame/$source:*EightOfAllKinds/$source:*SharedLayout/$source:*JumboFrames/$source"
	suite map_tests map_tests '-ThreadsTest.*:ReaderTest.IsWhole*:AllocationTest.*'
else
	suite bpf_tests bpf_tests "*/$source-*NothingIsLost*:*EachCpuCounts*:*EveryChainOfUpToThree*:*EveryEthertype*"
	suite map_tests map_tests '*'
fi
beside
judge left_nothing_at_all "" leaves_nothing
echo "@ end"
poweroff -f
