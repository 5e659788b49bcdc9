# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node: containerd, kubelet and kube-proxy in a network and a root of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.kube import images
from tests.kube.kubeconfigs import component_kubeconfig
from tests.kube.lab import CLUSTER_DOMAIN, DNS_SERVICE_ADDRESS, POD_RANGE, Lab, Node, kube_dir
from tests.kube.processes import in_network, pid, run, start, wait_until

NODE_ROOT = Path(__file__).resolve().parent / "node_root.sh"
CONTAINERD_SOCKET = Path("/run/containerd/containerd.sock")  # in the node's own /run


def start_containerd(lab: Lab, node: Node, image_store: Path) -> None:
    """Make the node and start its containerd, with all images in it."""
    folder = lab.node_folder(node)
    (folder / "cni").mkdir(parents=True)
    _write(folder / "cni" / "10-bridge.conflist", cni_config(node))
    (folder / "containerd.toml").write_text(containerd_config(lab, node), encoding="utf-8")
    _write(folder / "kubelet.json", kubelet_config(lab, node))
    _write(folder / "kube-proxy.json", kube_proxy_config(lab, node))
    (folder / "resolv.conf").write_text("", encoding="ascii")  # no resolver beyond the cluster's own
    images.copy_store(image_store, folder / "var/lib/containerd")

    command = ["unshare", "--mount", str(NODE_ROOT), str(kube_dir()), str(folder)]
    start(lab, node.name, in_network(lab.network_namespace(node.name), command))
    wait_until(lab, f"the root of node {node.name}", (folder / "ready").exists, poll=0.02)
    start(lab, f"{node.name}-containerd", inside(lab, node, ["containerd", "--config", f"{folder}/containerd.toml"]))


def start_kubelet(lab: Lab, node: Node) -> None:
    """Once containerd and the API answer."""
    folder = lab.node_folder(node)
    socket = root_of(lab, node) / CONTAINERD_SOCKET.relative_to("/")
    wait_until(lab, f"containerd of node {node.name}", socket.is_socket)
    start(lab, f"{node.name}-kubelet", inside(lab, node, kubelet_command(lab, node)))
    start(
        lab, f"{node.name}-kube-proxy", inside(lab, node, ["kube-proxy", f"--config={folder}/kube-proxy.json", "--v=1"])
    )


def inside(lab: Lab, node: Node, command: list[str]) -> list[str]:
    """``command`` as it runs in the node."""
    return ["nsenter", f"--target={_holder(lab, node)}", "--mount", "--net", *command]


def load_image(lab: Lab, node: Node, archive: Path) -> None:
    """Until the lab is taken down."""
    ctr = [str(lab.binaries.resolve() / "ctr"), "--namespace", "k8s.io", "images", "import", str(archive)]
    run(inside(lab, node, ctr), f"load {archive} into node {node.name}")


def root_of(lab: Lab, node: Node) -> Path:
    """The node's root as it can be looked into from this machine."""
    return Path(f"/proc/{_holder(lab, node)}/root")


def _holder(lab: Lab, node: Node) -> int:
    return pid(lab, node.name) or 0


def cni_config(node: Node) -> dict[str, Any]:
    """Without masquerading: with it pods of other nodes would be seen under their node's address, which is not how a
    Kubernetes network behaves, and misleads Redis about its peers."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": node.pod_range}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": addresses,
    }
    port_mapping = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "k8sredis", "plugins": [bridge, port_mapping]}


def containerd_config(lab: Lab, node: Node) -> str:
    """``restrict_oom_score_adj``: a root without CAP_SYS_RESOURCE could not start any pod otherwise."""
    return f"""version = 3
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "{images.PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  tolerate_missing_hugetlb_controller = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["{lab.binaries.resolve()}"]
    conf_dir = "{lab.node_folder(node)}/cni"
  [plugins."io.containerd.cri.v1.runtime".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
        BinaryName = "{lab.binaries.resolve()}/runc"
        SystemdCgroup = false
"""


def kubelet_config(lab: Lab, node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(lab.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(lab.pki / f"{node.name}.crt"),
        "tlsPrivateKeyFile": str(lab.pki / f"{node.name}.key"),
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{lab.cgroup}/{node.name}",
        "failCgroupV1": False,  # Kubernetes 1.35 and newer refuse cgroup v1 unless told
        "failSwapOn": False,
        "enforceNodeAllocatable": ["pods"],
        "clusterDNS": [DNS_SERVICE_ADDRESS],
        "clusterDomain": CLUSTER_DOMAIN,
        "resolvConf": str(lab.node_folder(node) / "resolv.conf"),
        "hairpinMode": "none",  # the CNI plugin sets it
        "maxPods": 110,
        # the disk and the memory are the machine's: pods are evicted only when it is really full
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        # an image that is gone cannot be pulled again
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        # heartbeats every 5 s, as a lost node is to be seen after 20 s
        "nodeStatusUpdateFrequency": "5s",
        "nodeLeaseDurationSeconds": 20,
    }


def kubelet_command(lab: Lab, node: Node) -> list[str]:
    return [
        "kubelet",
        f"--config={lab.node_folder(node)}/kubelet.json",
        f"--kubeconfig={component_kubeconfig(lab, node.name)}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--node-labels=topology.kubernetes.io/zone={node.zone}",
        "--v=1",
    ]


def kube_proxy_config(lab: Lab, node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": str(component_kubeconfig(lab, "kube-proxy"))},
        "clusterCIDR": POD_RANGE,
        "hostnameOverride": node.name,
        # 0: leave the machine's connection tracking as it is
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def _write(path: Path, config: dict[str, Any]) -> None:
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
