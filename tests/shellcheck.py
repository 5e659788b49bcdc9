# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run shellcheck over every shell script of the checkout: `python -m tests.shellcheck`.

A script is a file known to git whose first line names sh; the ones of the pods have no ending.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.environment import CHECKOUT, checkout_files


def is_shell_script(path: Path) -> bool:
    with path.open("rb") as file:
        first = file.readline(64).strip()
    return first in {b"#!/bin/sh", b"#!/usr/bin/env sh"}


def main() -> int:
    scripts = [str(path) for path in checkout_files() if is_shell_script(CHECKOUT / path)]
    if not scripts:
        print("Cannot check shell scripts: none found; the rule that finds them is wrong.", file=sys.stderr)
        return 1
    print(f"{len(scripts)} scripts")
    return subprocess.run(
        ["shellcheck", "--shell=sh", "--external-sources", *scripts], cwd=CHECKOUT, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
