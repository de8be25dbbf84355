# SPDX-License-Identifier: BSD-2-Clause
"""What is looked at on each kernel, and from which kernel on it must be there."""

from dataclasses import dataclass

FLOOR = (5, 10)
# The oldest of these kernels that lets a program in a dispatcher hand its frame to functions of its own.
EXTENSIONS = (6, 1)


@dataclass(frozen=True)
class Feature:
    name: str  # as guest.sh says it
    words: str  # as a person reads it
    since: tuple[int, int] = FLOOR  # older kernels do not have it, and xdpstat does without
    instead: str = ""  # what xdpstat does there

    def may_be_absent(self, release: str) -> bool:
        return version(release) < self.since


FEATURES = (
    Feature("btf", "BTF of the kernel, by which the program is fitted to it"),
    Feature("native", "attach in native mode (veth)"),
    Feature("exact", "every frame counted, as often as the kernel's own counter has it"),
    Feature("fast_length", "lengths without a call for each frame", (6, 2), "by a helper from 5.18 on; before, linear frames only"),
    Feature("jumbo", "native mode at an MTU of 9000 (xdp.frags)", (5, 18), "generic mode, which says why"),
    Feature("jumbo_counts", "every frame counted at that MTU"),
    Feature("generic", "generic mode, by choice"),
    Feature("fall_back", "generic mode, where the driver has no other (lo)"),
    Feature("shared", "`--layout shared --no-breakdown`"),
    Feature("run", "`xdpstat run`, which detaches as it ends"),
    Feature("adopt", "attach again: nothing changes, missing pins are restored"),
    Feature("upgrade_same", "another build's program exchanged under traffic, every frame counted"),
    Feature("upgrade_moved", "the same where that build's maps have another layout"),
    Feature("swap_names", "two interfaces that change names keep their counts"),
    Feature("read", "`show`, `status`, `map list` and `map show`"),
    Feature("verify", "`xdpstat verify` agrees"),
    Feature("doctor", "`xdpstat doctor` finds nothing wrong"),
    Feature("serve", "`xdpstat serve`, scraped"),
    Feature("run_stats", "`--program-stats`: the program's run time"),
    Feature("attached_later", "`serve` finds what is attached later"),
    Feature("landlock", "`serve` restricts files (Landlock)", (5, 13), "capabilities and system calls are restricted all the same"),
    Feature("serve_ends", "`serve` ends at SIGTERM"),
    Feature("serve_attach", "`serve --attach`"),
    Feature("detach", "`xdpstat detach`"),
    Feature("left_nothing", "... which leaves no pin"),
    Feature("dispatcher_alone", "`attach --dispatcher` on a free interface; other settings are refused", EXTENSIONS,
            "refused, saying why; nothing is left of it"),
    Feature("dispatcher_serve", "`serve` on such a counter", EXTENSIONS),
    Feature("dispatcher_renamed", "such a counter when its interface is renamed, and deleted", EXTENSIONS),
    Feature("dispatcher_namespace", "such a counter in another network namespace", EXTENSIONS),
    Feature("dispatcher_moved", "such a counter, and the program beside it, when the interface is moved to another network namespace", EXTENSIONS),
    Feature("dispatcher_deleted", "`detach` of such a counter of a deleted interface leaves others' pins", EXTENSIONS),
    Feature("dispatcher_generic", "`attach --dispatcher` in generic mode", EXTENSIONS),
    Feature("dispatcher_capabilities", "`attach --dispatcher` and `detach` with CAP_SYS_ADMIN and CAP_NET_ADMIN alone, and with one less",
            EXTENSIONS),
    Feature("dispatcher_refused", "libxdp's dispatcher, and the program in it, are named"),
    Feature("dispatcher_first", "before a program that drops, every frame counted", EXTENSIONS),
    Feature("dispatcher_others", "others come and go in the dispatcher, every frame counted", EXTENSIONS),
    Feature("dispatcher_detach", "`detach` takes out the counter and leaves the other", EXTENSIONS),
    Feature("dispatcher_behind", "behind a program that drops, nothing counted, and `status` says so", EXTENSIONS),
    Feature("dispatcher_chain", "`--chain-call-actions`", EXTENSIONS),
    Feature("dispatcher_killed", "attach and detach killed beside another: the next run mends it", EXTENSIONS),
    Feature("names_the_other", "a program that is in no dispatcher is named"),
    Feature("names_bpfman", "bpfman's dispatcher, and the program in it, are named"),
    Feature("bpf_tests", "tests/bpf: frames of every kind through the program"),
    Feature("map_tests", "tests/maps: bpfxx on maps of every kind"),
    Feature("left_nothing_at_all", "no pin is left by any of it"),
)


def version(release: str) -> tuple[int, int]:
    """(6, 12) of 6.12.95+deb12-cloud-amd64."""
    major, minor, *_ = release.split(".")
    return int(major), int(minor.split("-")[0])


def outcome(feature: Feature, report) -> str:
    """ok, absent or failed; what the guest did not come to is failed."""
    found = report.findings.get(feature.name)
    if found is None or found.outcome == "failed":
        return "failed"
    if found.outcome == "absent" and not feature.may_be_absent(report.release):
        return "failed"
    return found.outcome


WORDS = {"ok": "ok", "absent": "not on this kernel", "failed": "FAILED"}


def table(reports) -> str:
    """Features down, kernels across, in Markdown."""
    heads = [report.release.removesuffix("-cloud-amd64") or "?" for report in reports]
    rows = [["", *heads], ["---"] * (len(heads) + 1)]
    for feature in FEATURES:
        words = feature.words
        if feature.since > FLOOR:
            words += f"; since {feature.since[0]}.{feature.since[1]}"
            words += f". Before: {feature.instead}" if feature.instead else ""
        rows.append([words, *(WORDS[outcome(feature, report)] for report in reports)])
    rows.append(["seconds from start to end, emulated", *(f"{report.seconds:.0f}" for report in reports)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
