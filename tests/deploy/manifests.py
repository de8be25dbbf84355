# SPDX-License-Identifier: BSD-2-Clause
"""The manifests of deploy/, rendered by kustomize and checked against the schemas of their kinds."""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
FOLDERS = ("kubernetes", "openshift", "bpfman")
VERSION = re.search(r"^project\(xdpstat VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]


def kustomizations(kind: str) -> list[Path]:
    """The folders with a kustomization of this kind, Kustomization or Component."""
    found = [path for folder in FOLDERS for path in (DEPLOY / folder).rglob("kustomization.yaml")]
    return sorted(path.parent for path in found if yaml.safe_load(path.read_text())["kind"] == kind)


def name_of(folder: Path) -> str:
    return str(folder.relative_to(DEPLOY))


def require(found: bool, what: str) -> None:
    """Skips where something is missing; where everything is required, that is a failure."""
    if not found and os.environ.get("XDPSTAT_REQUIRE") == "all":
        pytest.fail(f"missing, and XDPSTAT_REQUIRE=all: {what}", pytrace=False)
    if not found:
        pytest.skip(f"missing: {what}")


@functools.cache
def has_kubectl() -> bool:
    """One that knows components, 1.21 or later. Debian 12's is older, so `make deps` does not install it (packages/apt.txt)."""
    if shutil.which("kubectl") is None:
        return False
    said = subprocess.run(["kubectl", "version", "--client", "--output=yaml"], capture_output=True, text=True, check=True).stdout
    version = yaml.safe_load(said)["clientVersion"]
    return (int(version["major"]), int(re.match(r"\d+", version["minor"])[0])) >= (1, 21)


@functools.cache
def kustomize(folder: Path) -> str:
    require(has_kubectl(), "kubectl, 1.21 or later")
    outcome = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    # A field that is deprecated is told of there, and nowhere else.
    assert outcome.stderr == ""
    return outcome.stdout


def documents(text: str) -> list[dict]:
    return [one for one in yaml.safe_load_all(text) if one is not None]


def render(folder: Path) -> list[dict]:
    return documents(kustomize(folder))


def pick(rendered: list[dict], kind: str, name: str = "xdpstat") -> dict:
    (found,) = [one for one in rendered if one["kind"] == kind and one["metadata"]["name"] == name]
    return found


def resource(spec: dict) -> dict:
    """The schema of a kind by that of its `spec`."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "properties": {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}, "spec": spec},
    }


# What the schemas beside this tree do not have. Written by hand: a Job's own fields from the reference of batch/v1, as far as they
# are used here; the pod in it is checked as that of a Deployment.
JOB = resource(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["template"],
        "properties": {
            "backoffLimit": {"type": "integer"},
            "ttlSecondsAfterFinished": {"type": "integer"},
            "template": {"properties": {"spec": {"properties": {"restartPolicy": {"enum": ["Never", "OnFailure"]}}, "required": ["restartPolicy"]}}},
        },
    }
)
# From the resource's definition in security-profiles-operator, and bpfman's examples.
SELINUX_PROFILE = resource(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "inherit": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["name"],
                    "properties": {"kind": {"enum": ["System", "SelinuxProfile"]}, "name": {"type": "string"}},
                },
            },
            "allow": {
                "type": "object",
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
    }
)
# From the same, api/seccompprofile/v1beta1.
SECCOMP_PROFILE = resource(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["defaultAction"],
        "properties": {
            "defaultAction": {"type": "string"},
            "architectures": {"type": "array", "items": {"type": "string"}},
            "syscalls": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["names", "action"],
                    "properties": {
                        "names": {"type": "array", "items": {"type": "string"}},
                        "action": {"enum": ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"]},
                        "errnoRet": {"type": "integer"},
                        "args": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["index", "op"],
                                "properties": {"index": {}, "value": {}, "valueTwo": {}, "op": {"enum": ["SCMP_CMP_MASKED_EQ"]}},
                            },
                        },
                    },
                },
            },
        },
    }
)
BY_HAND = {
    "batch/v1/Job": JOB,
    "security-profiles-operator.x-k8s.io/v1alpha2/SelinuxProfile": SELINUX_PROFILE,
    "security-profiles-operator.x-k8s.io/v1beta1/SeccompProfile": SECCOMP_PROFILE,
}


def checkable(document: dict) -> dict:
    """What the checker knows, in place of what it does not: the metadata of any object, and a Job's pod."""
    if document["kind"] == "Job":
        spec = {"selector": {}, "template": document["spec"]["template"]}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": document["metadata"], "spec": spec}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": document["metadata"]}


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def errors_in(groups: dict[str, list[dict]], tmp_path: Path) -> dict[str, list[str]]:
    """What is wrong with these documents, a line each, by the names of their groups. An unknown field is wrong, and a kind without
    a schema. All at once, for the checker takes a second to read its schemas."""
    # The schemas are other people's, and no part of this repository.
    checker = Path(os.environ.get("XDPSTAT_CHECK_MANIFESTS", ROOT.parent / "shared" / "tools" / "check-manifests"))
    if not checker.is_file():
        pytest.skip(f"no schemas beside {checker}; XDPSTAT_CHECK_MANIFESTS names another checker")
    errors = {name: [] for name in groups}
    owners, checked = [], []
    for name, group in groups.items():
        for document in group:
            schema = BY_HAND.get(f"{document.get('apiVersion')}/{document.get('kind')}")
            if schema:
                errors[name] += [error.message for error in jsonschema.Draft7Validator(schema).iter_errors(document)]
            owners.append(name)
            checked.append(checkable(document) if schema else document)
    file = tmp_path / "manifests.yaml"
    file.write_text(yaml.dump_all(checked, Dumper=NoAliases))
    outcome = subprocess.run([sys.executable, checker, file], capture_output=True, text=True)
    assert outcome.stderr == ""
    if outcome.returncode == 0:
        assert outcome.stdout == f"{len(checked)} documents checked\n"
    for line in outcome.stdout.splitlines() if outcome.returncode else []:
        number = int(re.match(rf"{re.escape(str(file))}#(\d+) ", line)[1])
        errors[owners[number - 1]].append(line)
    return errors
