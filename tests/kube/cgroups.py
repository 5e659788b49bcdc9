# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's own cgroups: the roster of everything that it runs, and the folders below which kubelets put pods.

``<lab>/components`` holds the control plane and the nodes' daemons, ``<lab>/<node>`` the pods of a node. Whatever
runs in one of them was started by the lab and nobody else, so ``down`` ends exactly these processes.

cgroup v1: each controller is a tree of its own, and pods need their folder in all of them. v2: one tree.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from tests.kube.errors import LabError

MOUNTS = Path("/proc/self/mountinfo")
COMPONENTS = "components"
V2_CONTROLLERS = frozenset(("cpu", "cpuset", "hugetlb", "io", "memory", "pids"))
KILL_SECONDS = 60


@dataclass(frozen=True)
class Hierarchy:
    """A mounted cgroup tree."""

    folder: Path
    version: int
    controllers: frozenset[str]


def hierarchies(mounts: str) -> list[Hierarchy]:
    """Of the text of a mountinfo file: ``… <mount point> … - <type> <source> <options>``."""
    found = []
    for line in mounts.splitlines():
        before, _separator, after = line.partition(" - ")
        kind, _source, options = after.split(" ", 2)
        if kind == "cgroup2":
            found.append(Hierarchy(Path(before.split()[4]), 2, frozenset()))
        elif kind == "cgroup":
            found.append(Hierarchy(Path(before.split()[4]), 1, frozenset(options.split(","))))
    return found


@dataclass(frozen=True)
class Cgroups:
    """``name`` is the lab's folder in every tree."""

    name: str
    trees: list[Hierarchy]

    @classmethod
    def of(cls, name: str) -> Cgroups:
        return cls(name, hierarchies(MOUNTS.read_text(encoding="utf-8")))

    @property
    def roster(self) -> Path:
        """To this file a process writes itself before it becomes a component of the lab."""
        return self._main.folder / self.name / COMPONENTS / "cgroup.procs"

    @property
    def _first_version(self) -> list[Hierarchy]:
        return [tree for tree in self.trees if tree.version == 1]

    @property
    def _main(self) -> Hierarchy:
        if not self.trees:
            raise LabError("Cannot run a Kubernetes: no cgroup tree is mounted; mount one on /sys/fs/cgroup.")
        if not self._first_version:
            return self.trees[0]
        with_pids = [tree for tree in self._first_version if "pids" in tree.controllers]
        return (with_pids or self._first_version)[0]

    def create(self, nodes: list[str]) -> None:
        for tree in self._first_version:
            for folder in (tree.folder / self.name, *(tree.folder / self.name / node for node in nodes)):
                folder.mkdir(parents=True, exist_ok=True)
                if "cpuset" in tree.controllers:  # a new cpuset is empty, and nothing can run in an empty one
                    for file in ("cpuset.cpus", "cpuset.mems"):
                        (folder / file).write_text((folder.parent / file).read_text())
        if not self._first_version:
            self._create_unified(nodes)
        self.roster.parent.mkdir(exist_ok=True)

    def _create_unified(self, nodes: list[str]) -> None:
        """Kubelet wants every controller that the root has. They are handed down by folders without processes."""
        root = self._main.folder
        own = root / self.name
        own.mkdir(exist_ok=True)
        wanted = V2_CONTROLLERS & set((root / "cgroup.controllers").read_text().split())
        for folder in (root, own):
            missing = wanted - set((folder / "cgroup.subtree_control").read_text().split())
            try:
                if missing:
                    (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in sorted(missing)))
            except OSError as error:
                raise LabError(
                    f"Cannot run pods: {folder} does not hand down {' '.join(sorted(missing))} ({error.strerror}); "
                    "run on a machine, or in a container, that may use its cgroup root."
                ) from None
        for node in nodes:
            (own / node).mkdir(exist_ok=True)

    def members(self) -> set[int]:
        """The processes that the lab runs, those in pods included."""
        found: set[int] = set()
        for tree in self.trees:
            for file in (tree.folder / self.name).rglob("cgroup.procs"):
                with contextlib.suppress(OSError):  # a pod's folder may go while we look
                    found.update(int(pid) for pid in file.read_text().split())
        return found

    def kill(self) -> None:
        """End every process of the lab. It starts anew until none is left: some are making others meanwhile."""
        deadline = time.monotonic() + KILL_SECONDS
        while members := self.members():
            for pid in members:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                raise LabError(f"Cannot end the processes {sorted(members)} of the lab: they survive SIGKILL.")
            time.sleep(0.05)

    def remove(self) -> None:
        """Remove the lab's folders, deepest first; the kernel may still be busy with the last of the dead."""
        deadline = time.monotonic() + KILL_SECONDS
        for tree in self.trees:
            own = tree.folder / self.name
            while own.exists():
                folders = [Path(path) for path, _folders, _files in os.walk(own, topdown=False)]
                with contextlib.suppress(OSError):
                    for folder in folders:
                        folder.rmdir()
                if own.exists() and time.monotonic() > deadline:
                    raise LabError(f"Cannot remove {own}: it is still in use; run `down` again.")
                time.sleep(0.02 if own.exists() else 0)
