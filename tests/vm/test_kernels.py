# SPDX-License-Identifier: BSD-2-Clause
"""Each feature on each kernel: from one boot of it."""

import features
import guest
import kernels
import pytest

EVERY = kernels.selected()


def by_name(kernel: kernels.Kernel) -> str:
    return kernel.name


@pytest.mark.parametrize("report", EVERY, ids=by_name, indirect=True, scope="session")
class TestKernel:
    def test_comes_to_its_end(self, report):
        assert report.ended, "\n".join(report.log.splitlines()[-60:])

    @pytest.mark.parametrize("feature", features.FEATURES, ids=lambda feature: feature.name)
    def test_has(self, report, feature):
        found = report.findings.get(feature.name)
        assert found is not None, "the guest did not come to it"
        assert features.outcome(feature, report) != "failed", f"{found.outcome}: {found.text}\n{said(report, feature)}"

    def test_knows_every_feature_that_the_guest_names(self, report):
        assert set(report.findings) == {feature.name for feature in features.FEATURES}


def said(report: guest.Report, feature: features.Feature) -> str:
    """What stands before the feature's line, back to the line of another."""
    before = report.log.partition(f"\n@ {feature.name} ")[0]
    return before.rpartition("\n@ ")[2].partition("\n")[2]


def report_of(log: str, release: str = "5.10.0") -> guest.Report:
    report = guest.parse(log)
    report.release = release
    return report


def test_what_an_old_kernel_does_not_have_is_no_failure_and_on_a_newer_one_it_is():
    jumbo = next(feature for feature in features.FEATURES if feature.name == "jumbo")
    absent = "@ jumbo absent generic\n"
    assert features.outcome(jumbo, report_of(absent)) == "absent"
    assert features.outcome(jumbo, report_of(absent, "5.18.1")) == "failed"


def test_what_a_guest_does_not_come_to_has_failed():
    read = next(feature for feature in features.FEATURES if feature.name == "read")
    assert features.outcome(read, report_of("")) == "failed"
    assert features.outcome(read, report_of("@ read failed why\n")) == "failed"
    assert features.outcome(read, report_of("noise @ read ok\n")) == "failed"
    assert features.outcome(read, report_of("@ read ok\n")) == "ok"


def test_takes_the_newest_release_of_a_series():
    packages = ["linux-image-6.18.9+deb13-cloud-amd64", "linux-image-6.18.15+deb13-cloud-amd64",
                "linux-image-6.18.15+deb13-cloud-amd64-unsigned", "linux-image-6.19.1+deb13-cloud-amd64",
                "linux-modules-7.3.4+deb13-cloud-amd64", "linux-binary-7.3.4+deb13-cloud-amd64"]
    assert kernels.newest(packages, "6.18") == ("6.18.15+deb13-cloud-amd64", ["linux-image-6.18.15+deb13-cloud-amd64"])
    assert kernels.newest(packages, "7.3")[1] == ["linux-binary-7.3.4+deb13-cloud-amd64", "linux-modules-7.3.4+deb13-cloud-amd64"]
    with pytest.raises(kernels.NoKernel):
        kernels.newest(packages, "6.1")


def test_a_guest_that_hangs_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(guest, "QEMU", "/bin/sh")
    monkeypatch.setattr(guest, "MACHINE", ["-c", "echo up; exec /bin/sleep 1000"])
    log = guest.boot(kernels.Unpacked(tmp_path, ()), tmp_path, 1)
    assert log.startswith("up\n") and "killed" in log
