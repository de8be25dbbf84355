#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A part of guest.sh: the counter beside other programs, on v0.

# says COMMAND WORDS...: whether what a command says has all these words in it, whatever its exit code
says() {
	$1 >/tmp/words 2>&1
	shift
	for words; do
		grep -q -e "$words" /tmp/words && continue
		cat /tmp/words
		echo "it does not say: $words"
		return 1
	done
}

leaves_no_dispatcher() {
	[ -z "$(ls /sys/fs/bpf/xdp 2>/dev/null)" ]
}

neighbour() {
	guest_neighbour v0 "$@"
}

# Frames that the neighbour has seen: more than so many
neighbour_saw() {
	[ "$(neighbour seen "$1")" -ge "$2" ]
}

send() {
	guest_frames v1 "$FRAMES"
}

# counts_all: whether frames that another program may drop are counted all the same
counts_all() {
	before=$(total v0)
	send && wait_until reaches v0 $((before + FRAMES))
}

# Whether only the neighbour sees them. Frames are counted one by one, in order, so the last one ends the waiting.
counts_none() {
	before=$(total v0) saw=$(neighbour seen neighbour_drop)
	send && wait_until neighbour_saw neighbour_drop $((saw + FRAMES)) && reaches v0 "$before"
}

alone() {
	xdpstat attach v0 --dispatcher && says 'xdpstat status' 'alone in a dispatcher' native && counts v0 v1 &&
		xdpstat attach v0 --dispatcher | grep 'already attached' &&
		says 'xdpstat attach v0' 'attached by a dispatcher, not alone' &&
		says 'xdpstat attach v0 --dispatcher --priority 7' 'priority 0, not 7' &&
		xdpstat detach v0 && is_gone && leaves_no_dispatcher
}

refused() {
	says 'xdpstat attach v0' "libxdp's dispatcher holds it" "'neighbour_drop' (id" 'tag ' 'attach v0 --dispatcher' &&
		says 'xdpstat run v0' 'xdpstat attach v0 --dispatcher'
}

# Ours runs first: it counts what the neighbour then drops.
first() {
	xdpstat attach v0 --dispatcher && says 'xdpstat status' 'first of 2 in a dispatcher' && counts_all &&
		neighbour_saw neighbour_drop "$FRAMES" &&
		says 'xdpstat status --json' '"program_name": "neighbour_drop"' '"position": 0' &&
		says 'xdpstat doctor v0' 'the counter is attached'
}

# Others come and go; libxdp then runs a new dispatcher with the same counter.
others_come_and_go() {
	neighbour load neighbour_pass 70 && says 'xdpstat status' 'first of 3' && counts_all &&
		neighbour unload neighbour_pass && says 'xdpstat status' 'first of 2' && counts_all
}

# The counter goes, the neighbour stays.
leaves_the_other() {
	saw=$(neighbour seen neighbour_drop)
	xdpstat detach v0 && is_gone && send && wait_until neighbour_saw neighbour_drop $((saw + FRAMES))
}

# Behind one that drops it sees nothing, and says so; behind one that passes it sees all.
behind() {
	xdpstat attach v0 --dispatcher --priority 60 && says 'xdpstat status' "behind 'neighbour_drop'" 'not counted' &&
		counts_none && neighbour unload neighbour_drop && neighbour load neighbour_pass 50 &&
		says 'xdpstat status' "behind 'neighbour_pass'" && counts_all && xdpstat detach v0 && is_gone &&
		neighbour unload neighbour_pass && leaves_no_dispatcher
}

# An action that is not passed on ends the chain.
chain_call_actions() {
	neighbour load neighbour_drop 50 && xdpstat attach v0 --dispatcher --chain-call-actions drop && counts v0 v1 &&
		[ "$(neighbour seen neighbour_drop)" = 0 ] && xdpstat detach v0 && neighbour unload neighbour_drop
}

# What an interface in a dispatcher has, serve has.
served_beside() {
	xdpstat attach v0 --dispatcher && wait_until metric 'xdpstat_up{device="v0"} 1' && counts v0 v1 &&
		metric 'xdpstat_attach_info{device="v0",mode="native"' && xdpstat detach v0
}

serve_beside() {
	xdpstat serve >/tmp/serve 2>&1 &
	server=$!
	served_beside
	code=$?
	stop $server
	return $code
}

# An interface that is renamed keeps its counter; one that is deleted leaves pins that detach removes.
renamed_and_deleted() {
	pair u0 u1 && xdpstat attach u0 --dispatcher && guest_frames u1 5 && ip link set u0 down &&
		ip link set u0 name u9 && says 'xdpstat attach u9 --dispatcher' 'already attached' 'renamed' &&
		reaches u9 5 && ip link del u9 && says 'xdpstat status' detached && xdpstat detach u9 && is_gone &&
		leaves_no_dispatcher
}

# In another network namespace it counts there, is seen from here, and is taken out there alone.
in_another_namespace() {
	unshare -n sleep 1000 &
	space=$!
	pair n0 n1 && wait_until is_apart && ip link set n0 netns $space && nsenter -t $space -n ip link set n0 up && ip link set n1 up &&
		there attach n0 --dispatcher && guest_frames n1 5 && wait_until reaches n0 5 &&
		says 'xdpstat status' 'other namespace' && says 'xdpstat detach n0' 'another network namespace' &&
		says 'xdpstat detach --all' 'another network namespace' && reaches n0 5 && there detach n0 && is_gone &&
		leaves_no_dispatcher
	code=$?
	kill "$space"
	ip link del n1
	return $code
}

# Moved there after the attach it counts on, and neither a detach from here nor a new interface of its name harms it or the
# program beside it. There it is taken out.
moved_away() {
	unshare -n sleep 1000 &
	space=$!
	pair n0 n1 && wait_until is_apart && guest_neighbour n0 load neighbour_drop 50 && xdpstat attach n0 --dispatcher &&
		ip link set n0 netns $space && nsenter -t $space -n ip link set n0 up && ip link set n1 up &&
		says 'xdpstat status' 'other namespace' && says 'xdpstat detach n0' 'another network namespace' &&
		says 'xdpstat detach --all' 'another network namespace' && pair n0 n2 &&
		says 'xdpstat attach n0' 'another network namespace' && ip link del n0 && guest_frames n1 5 &&
		wait_until reaches n0 5 && says 'there status' 'first of 2' && there detach n0 && is_gone &&
		guest_frames n1 5 && wait_until saw_there 10
	code=$?
	kill "$space"
	ip link del n1
	rm -rf /sys/fs/bpf/xdp/dispatch-* # what libxdp leaves of an interface that is gone
	return $code
}

saw_there() {
	[ "$(nsenter -t "$space" -n guest_neighbour n0 seen neighbour_drop)" -ge "$1" ]
}

# Of an interface that was deleted, detach removes the counter's pins and leaves those of the program beside it.
deleted_beside() {
	pair d0 d1 && guest_neighbour d0 load neighbour_drop 50 && xdpstat attach d0 --dispatcher && ip link del d0 &&
		says 'xdpstat status' detached && xdpstat detach d0 && is_gone && is_left_alone
	code=$?
	rm -rf /sys/fs/bpf/xdp/dispatch-*
	return $code
}

is_left_alone() {
	[ -z "$(neighbour pinned xdp_counter)" ] && [ -n "$(neighbour pinned neighbour_drop)" ]
}

is_apart() {
	[ "$(readlink "/proc/$space/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

there() {
	nsenter -t "$space" -n xdpstat "$@"
}

generic_beside() {
	xdpstat attach lo --dispatcher | grep 'not in native mode' && xdpstat status | grep generic &&
		ping -c 1 127.0.0.1 && wait_until reaches lo 2 && xdpstat detach lo && is_gone
}

# When to kill, in microseconds after the start: in an emulator an attach takes about half a second.
PAUSES='20000 100000 200000 300000 450000'
is_quick && PAUSES='200000'

# As a kill after libxdp is done leaves it: what has the program's pin is completed, anything else undone.
cut_short() {
	xdpstat attach v0 --dispatcher && mv "$PINS/v0" "$PINS/%attaching-v0" &&
		says 'xdpstat attach v0 --dispatcher' 'already attached' && mv "$PINS/v0" "$PINS/%attaching-v0" &&
		mv "$PINS/%attaching-v0/prog" "$PINS/%attaching-v0/%prog" && says 'xdpstat attach v0 --dispatcher' 'v0: attached' &&
		says 'xdpstat status' 'first of 2' && [ "$(neighbour pinned xdp_counter | wc -l)" = 1 ] && xdpstat detach v0 &&
		is_gone
}

# Killed anywhere, it leaves the old state or the new one, and the next run mends it: beside a neighbour that stays.
killed_beside() {
	neighbour load neighbour_drop 50 && cut_short || return 1
	for pause in $PAUSES; do
		xdpstat attach v0 --dispatcher &
		victim=$!
		usleep "$pause"
		kill -KILL $victim 2>/dev/null
		wait $victim
		xdpstat attach v0 --dispatcher && says 'xdpstat status' 'first of 2' && counts_all || return 1
		xdpstat detach v0 &
		victim=$!
		usleep "$pause"
		kill -KILL $victim 2>/dev/null
		wait $victim
		xdpstat attach v0 --dispatcher && says 'xdpstat status' 'first of 2' && xdpstat detach v0 && is_gone || return 1
	done
	neighbour unload neighbour_drop && [ -z "$(neighbour pinned xdp_counter)" ] && rm -rf /sys/fs/bpf/xdp/dispatch-*
}

# Programs that no dispatcher holds, and bpfman's dispatcher, are named.
names_the_other() {
	neighbour plain && says 'xdpstat attach v0' "another XDP program holds it: 'neighbour_drop' (id" 'tag ' &&
		says 'xdpstat attach v0 --dispatcher' "'neighbour_drop'" && rm -f /sys/fs/bpf/neighbour && wait_until is_free
}

names_bpfman() {
	neighbour bpfman && says 'xdpstat attach v0 --dispatcher' "bpfman's dispatcher holds it (id" \
		"runs 'neighbour_pass' (id" 'bpfman load' && says 'xdpstat doctor v0' "bpfman's dispatcher"
	code=$?
	umount /run/bpfman/fs && wait_until is_free
	return $code
}

is_free() {
	xdpstat attach v0 >/dev/null 2>&1 && xdpstat detach v0
}

CAP_NET_ADMIN=12
CAP_SYS_ADMIN=21

# with CAPABILITIES COMMAND...: xdpstat with these alone
with() {
	capabilities=$1
	shift
	guest_caps "$capabilities" xdpstat "$@"
}

# What SECURITY.md says that it needs, and no less.
capabilities_beside() {
	says "with $CAP_NET_ADMIN attach v0 --dispatcher" CAP_SYS_ADMIN &&
		says "with $CAP_SYS_ADMIN attach v0 --dispatcher" CAP_NET_ADMIN && is_gone && leaves_no_dispatcher &&
		with $CAP_SYS_ADMIN,$CAP_NET_ADMIN attach v0 --dispatcher && counts v0 v1 &&
		says "with $CAP_NET_ADMIN detach v0" CAP_SYS_ADMIN && says "with $CAP_SYS_ADMIN detach v0" CAP_NET_ADMIN &&
		counts v0 v1 && with $CAP_SYS_ADMIN,$CAP_NET_ADMIN detach v0 && is_gone && leaves_no_dispatcher
}

# A kernel that does not let a program in a dispatcher hand its frame to functions of its own: it is refused, and nothing is left.
cannot_beside() {
	says 'xdpstat attach v0 --dispatcher' 'functions of its own' 'attach without --dispatcher' && is_gone && leaves_no_dispatcher
}

beside() {
	if try cannot_beside; then
		for feature in alone capabilities serve renamed namespace moved deleted generic first others detach behind chain killed; do
			absent dispatcher_$feature "refused, saying why"
		done
		neighbour load neighbour_drop 50
		judge dispatcher_refused "" refused
		neighbour unload neighbour_drop
	else
		xdpstat detach v0 # which that has attached
		judge dispatcher_alone "" alone
		judge dispatcher_capabilities "" capabilities_beside
		judge dispatcher_serve "" serve_beside
		judge dispatcher_renamed "" renamed_and_deleted
		judge dispatcher_namespace "" in_another_namespace
		judge dispatcher_moved "" moved_away
		judge dispatcher_deleted "" deleted_beside
		judge dispatcher_generic "" generic_beside
		neighbour load neighbour_drop 50
		judge dispatcher_refused "" refused
		judge dispatcher_first "" first
		judge dispatcher_others "" others_come_and_go
		judge dispatcher_detach "" leaves_the_other
		judge dispatcher_behind "" behind
		judge dispatcher_chain "" chain_call_actions
		judge dispatcher_killed "" killed_beside
	fi
	judge names_the_other "" names_the_other
	judge names_bpfman "" names_bpfman
}
