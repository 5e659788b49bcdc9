# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take a lab down, or what is left of one.

It needs no record of what was started: processes are those in the lab's cgroups, namespaces and mounts live as long as
these processes or are held by files in the lab's folder. So it works the same after a crash.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.kube.cgroups import MOUNTS, Cgroups
from tests.kube.errors import LabError
from tests.kube.lab import Lab


def take_down(lab: Lab) -> None:
    """1. End the processes. 2. Let the network namespaces go. 3. Remove the cgroups. 4. Remove the folder."""
    cgroups = Cgroups.of(lab.cgroup)
    cgroups.kill()
    for mount in mounts_below(lab.folder, MOUNTS.read_text(encoding="utf-8")):
        subprocess.run(["umount", "--lazy", str(mount)], check=True)
    cgroups.remove()
    left = mounts_below(lab.folder, MOUNTS.read_text(encoding="utf-8"))
    if left:  # never delete through a mount
        raise LabError(f"Cannot remove {lab.folder}: {left[0]} is still mounted; unmount it and run `down` again.")
    if lab.folder.exists():
        shutil.rmtree(lab.folder)


def mounts_below(folder: Path, mounts: str) -> list[Path]:
    """The mount points in ``folder``, last mounted first. (A mountinfo file writes a space as ``\\040``.)"""
    points = [Path(line.split()[4].replace("\\040", " ")) for line in mounts.splitlines()]
    return [point for point in reversed(points) if point.is_relative_to(folder)]
