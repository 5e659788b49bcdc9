# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's cgroups on both versions, on trees that are plain folders."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.kube.cgroups import Cgroups, Hierarchy, hierarchies
from tests.kube.errors import LabError

HYBRID = """\
23 22 0:21 / /sys/fs/cgroup rw,nosuid - tmpfs tmpfs rw,mode=755
24 23 0:22 / /sys/fs/cgroup/pids rw,nosuid shared:9 - cgroup cgroup rw,pids
25 23 0:23 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
26 23 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


def test_the_trees_are_read_from_the_mounts() -> None:
    found = [(str(tree.folder), tree.version, "pids" in tree.controllers) for tree in hierarchies(HYBRID)]
    assert found == [
        ("/sys/fs/cgroup/pids", 1, True),
        ("/sys/fs/cgroup/systemd", 1, False),
        ("/sys/fs/cgroup/unified", 2, False),
    ]


@pytest.fixture
def first_version(tmp_path: Path) -> Cgroups:
    trees = []
    for controller in ("cpuset", "pids"):
        (tmp_path / controller).mkdir()
        trees.append(Hierarchy(tmp_path / controller, 1, frozenset({"rw", controller})))
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset/cpuset.mems").write_text("0\n")
    return Cgroups("lab", trees)


def test_version_1_has_a_folder_in_every_tree_and_a_cpuset_that_is_not_empty(
    first_version: Cgroups, tmp_path: Path
) -> None:
    first_version.create(["n1"])
    assert (tmp_path / "pids/lab/n1").is_dir()
    assert (tmp_path / "cpuset/lab/n1/cpuset.cpus").read_text() == "0-1\n"
    assert (tmp_path / "cpuset/lab/n1/cpuset.mems").read_text() == "0\n"
    assert first_version.roster == tmp_path / "pids/lab/components/cgroup.procs"


def test_members_are_those_of_all_trees_and_depths(first_version: Cgroups, tmp_path: Path) -> None:
    first_version.create(["n1"])
    (tmp_path / "pids/lab/n1/kubepods").mkdir()
    (tmp_path / "pids/lab/n1/kubepods/cgroup.procs").write_text("11\n12\n")
    (tmp_path / "cpuset/lab/cgroup.procs").write_text("13\n")
    (tmp_path / "pids/cgroup.procs").write_text("1\n")
    assert first_version.members() == {11, 12, 13}


@pytest.fixture
def second_version(tmp_path: Path) -> Cgroups:
    (tmp_path / "lab").mkdir()
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids\n")
    (tmp_path / "lab/cgroup.subtree_control").write_text("")
    return Cgroups("lab", [Hierarchy(tmp_path, 2, frozenset())])


def test_version_2_hands_down_what_is_missing_of_the_controllers_that_kubelet_wants(
    second_version: Cgroups, tmp_path: Path
) -> None:
    second_version.create(["n1"])
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpuset +hugetlb +io"
    assert (tmp_path / "lab/cgroup.subtree_control").read_text() == "+cpu +cpuset +hugetlb +io +memory +pids"
    assert (tmp_path / "lab/n1").is_dir()
    assert second_version.roster == tmp_path / "lab/components/cgroup.procs"


def test_version_2_that_hands_nothing_down_is_one_sentence(
    second_version: Cgroups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container: its root has processes, so the kernel answers EBUSY."""

    def busy(*_: object, **__: object) -> int:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(Path, "write_text", busy)
    with pytest.raises(LabError, match=r"Cannot run pods: \S+ does not hand down cpuset hugetlb io \(.*busy\); run on"):
        second_version.create(["n1"])


def test_no_tree_at_all_is_one_sentence() -> None:
    with pytest.raises(LabError, match="no cgroup tree is mounted"):
        _roster = Cgroups("lab", []).roster
