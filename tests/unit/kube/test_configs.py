# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration of components: what a slip would break without anybody noticing at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.kube import dns, images, node
from tests.kube.errors import LabError
from tests.kube.lab import NODES, Lab


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    monkeypatch.setenv("K8SREDIS_CACHE", str(tmp_path))
    return Lab()


def test_kube_proxy_leaves_the_connection_tracking_of_the_machine_alone(lab: Lab) -> None:
    conntrack = node.kube_proxy_config(lab, NODES[0])["conntrack"]
    assert conntrack == {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}


def test_pods_live_below_the_cgroup_of_their_lab_and_node(lab: Lab) -> None:
    assert node.kubelet_config(lab, NODES[1])["cgroupRoot"] == f"/{lab.cgroup}/n2"


def test_images_are_never_collected_as_none_can_be_pulled_again(lab: Lab) -> None:
    assert node.kubelet_config(lab, NODES[0])["imageGCHighThresholdPercent"] == 100


def test_pods_are_seen_under_their_own_address(lab: Lab) -> None:
    bridge = node.cni_config(NODES[2])["plugins"][0]
    assert bridge["ipMasq"] is False
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.244.3.0/24"}]]


def test_containerd_starts_pods_without_the_right_to_lower_oom_scores(lab: Lab) -> None:
    config = tomllib.loads(node.containerd_config(lab, NODES[0]))
    assert config["plugins"]["io.containerd.cri.v1.runtime"]["restrict_oom_score_adj"] is True
    assert config["plugins"]["io.containerd.cri.v1.images"]["pinned_images"] == {"sandbox": images.PAUSE}


def test_names_of_the_cluster_live_as_long_as_kubeadm_lets_them(lab: Lab) -> None:
    assert "ttl 30" in dns.corefile(lab)


def test_labs_of_other_names_or_caches_share_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other_name = Lab("other")
    here = (lab.folder, lab.cgroup)
    assert other_name.folder != lab.folder
    assert other_name.cgroup != lab.cgroup
    monkeypatch.setenv("K8SREDIS_CACHE", str(tmp_path / "other"))
    assert lab.folder != here[0]
    assert lab.cgroup != here[1]


@pytest.mark.parametrize("name", ["", "Upper", "a/b", "..", "x" * 21])
def test_a_name_that_is_no_folder_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="Cannot use K8SREDIS_LAB"):
        Lab(name)
