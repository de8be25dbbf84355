# SPDX-License-Identifier: BSD-2-Clause
"""Rule: shell scripts parse, and shellcheck has nothing to say about them."""

import shutil
import subprocess
from pathlib import Path

import tree


def violations(root: Path) -> list[str]:
    found = []
    for path in tree.shell_scripts(root):
        shell = "sh" if tree.shebang(root, path) == "sh" else "bash"
        for command in ([shell, "-n"], ["shellcheck", "--format=gcc", f"--shell={shell}", "--external-sources"]):
            result = subprocess.run([*command, str(path)], cwd=root, capture_output=True, text=True)
            if result.returncode != 0:
                found += (result.stdout + result.stderr).strip().splitlines()
    return found


def test_tree():
    tree.need(shutil.which("shellcheck") is not None, "shellcheck: make deps")
    tree.report(violations(tree.ROOT))


def test_finds_a_script_that_does_not_parse(tmp_path):
    tree.need(shutil.which("shellcheck") is not None, "shellcheck: make deps")
    tree.write(tmp_path, "run", "#!/bin/bash\nif true; then\n")
    assert violations(tmp_path)


def test_finds_what_shellcheck_finds(tmp_path):
    tree.need(shutil.which("shellcheck") is not None, "shellcheck: make deps")
    tree.write(tmp_path, "demo/a.sh", "#!/bin/sh\nrm $1\n")
    tree.write(tmp_path, "demo/b.sh", '#!/bin/sh\nrm "$1"\n')
    assert all("demo/a.sh" in line for line in violations(tmp_path)) and violations(tmp_path)
