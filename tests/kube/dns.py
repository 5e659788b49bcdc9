# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CoreDNS as a process beside the control plane, and the Service by which pods find it."""

from __future__ import annotations

from typing import Any

from tests.kube.kubeconfigs import CONTEXT, component_kubeconfig
from tests.kube.lab import API_ADDRESS, CLUSTER_DOMAIN, DNS_SERVICE_ADDRESS, Lab
from tests.kube.network import CONTROL_PLANE
from tests.kube.processes import in_network, start

NAME = "kube-dns"
NAMESPACE = "kube-system"
PROCESS = "coredns"
CACHE = "    cache 30\n"
"""Also of names that nobody has, such as those of pods that are away for a moment."""


def start_dns(lab: Lab, cached: bool = False) -> None:
    file = lab.folder / "Corefile"
    file.write_text(corefile(lab, CACHE if cached else ""), encoding="utf-8")
    start(lab, PROCESS, in_network(lab.network_namespace(CONTROL_PLANE), ["coredns", "-conf", str(file)]))


def corefile(lab: Lab, cache: str = "") -> str:
    """As kubeadm ships it, but names outside the cluster do not exist instead of being asked for elsewhere. Names of
    the cluster live 30 s; a shorter life would flatter whatever finds its peers by name. ``cache``: a line for it.
    Two blocks, since within one CoreDNS asks ``template`` before ``kubernetes``, in whatever order they are written."""
    return f"""{CLUSTER_DOMAIN} in-addr.arpa {{
    bind {API_ADDRESS}
    errors
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa {{
        kubeconfig {component_kubeconfig(lab, "coredns")} {CONTEXT}
        pods insecure
        ttl 30
    }}
{cache}    loadbalance
}}
. {{
    bind {API_ADDRESS}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"""


def objects() -> list[dict[str, Any]]:
    """A Service without a selector, led to CoreDNS by an EndpointSlice of our own."""
    metadata = {"name": NAME, "namespace": NAMESPACE}
    protocols = (("dns", "UDP"), ("dns-tcp", "TCP"))
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata,
            "spec": {
                "clusterIP": DNS_SERVICE_ADDRESS,
                "ports": [{"name": name, "port": 53, "protocol": protocol} for name, protocol in protocols],
            },
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {**metadata, "labels": {"kubernetes.io/service-name": NAME}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [API_ADDRESS], "conditions": {"ready": True}}],
            "ports": [{"name": name, "port": 53, "protocol": protocol} for name, protocol in protocols],
        },
    ]
