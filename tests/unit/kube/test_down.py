# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which mounts are the lab's: nothing is deleted through one, and none of the machine's is let go."""

from __future__ import annotations

from pathlib import Path

from tests.kube.down import mounts_below

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
80 22 0:4 net:[1] /cache/kube/lab/netns/cp rw - nsfs nsfs rw
81 22 0:4 net:[2] /cache/kube/lab/netns/n\\0401 rw - nsfs nsfs rw
82 22 0:4 net:[3] /cache/kube/lab-other/netns/cp rw - nsfs nsfs rw
"""


def test_mounts_of_the_lab_alone_last_first() -> None:
    found = mounts_below(Path("/cache/kube/lab"), MOUNTS)
    assert found == [Path("/cache/kube/lab/netns/n 1"), Path("/cache/kube/lab/netns/cp")]
