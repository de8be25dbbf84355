#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Shows the figures of several readers beside each other, one column a file of JSON; ends with 1 if any differ."""

import json
import sys
from pathlib import Path


def main(files: list[Path]) -> int:
    readings = [json.loads(file.read_text()) for file in files]
    print(f"{'':<14}" + "".join(f"{file.name:>12}" for file in files))
    names = list(dict.fromkeys(name for reading in readings for name in reading))
    equal = True
    for name in names:
        values = [reading.get(name) for reading in readings]
        same = len(set(values)) == 1
        equal = equal and same
        print(f"{name:<14}" + "".join(f"{value!s:>12}" for value in values) + ("" if same else "  DIFFERS"))
    return 0 if equal and names else 1


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
