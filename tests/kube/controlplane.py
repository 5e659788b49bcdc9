# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""etcd, the API server, the controller manager and the scheduler, and the relay that offers the API to this machine."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from tests.kube.kubeconfigs import component_kubeconfig
from tests.kube.lab import API_ADDRESS, API_PORT, CLUSTER_DOMAIN, SERVICE_RANGE, Lab
from tests.kube.network import CONTROL_PLANE
from tests.kube.processes import in_network, start

ETCD = "http://127.0.0.1:2379"
ETCD_PEERS = "http://127.0.0.1:2380"
PREFERRED_PORT = 16443
CHECKOUT = Path(__file__).resolve().parents[2]


def listen() -> socket.socket:
    """The socket on which the API is offered: at the usual port, or at any other when that one is taken."""
    try:
        return socket.create_server(("127.0.0.1", PREFERRED_PORT), backlog=128)
    except OSError:
        return socket.create_server(("127.0.0.1", 0), backlog=128)


def start_api(lab: Lab, listening: socket.socket) -> None:
    """What can run before anything else; the API is ready some seconds later."""
    namespace = lab.network_namespace(CONTROL_PLANE)
    start(lab, "etcd", in_network(namespace, etcd_command(lab)))
    start(lab, "kube-apiserver", in_network(namespace, apiserver_command(lab)))
    words = [str(listening.fileno()), str(namespace), API_ADDRESS, str(API_PORT)]
    relay = [sys.executable, "-m", "tests.kube.relay", *words]
    start(lab, "relay", relay, {"PYTHONPATH": str(CHECKOUT)}, (listening.fileno(),))


def start_controllers(lab: Lab) -> None:
    """Those that watch the API, once it is ready: sooner they would only wait and try again."""
    namespace = lab.network_namespace(CONTROL_PLANE)
    start(lab, "kube-controller-manager", in_network(namespace, controller_manager_command(lab)))
    start(lab, "kube-scheduler", in_network(namespace, scheduler_command(lab)))


def etcd_command(lab: Lab) -> list[str]:
    return [
        "etcd",
        f"--data-dir={lab.folder / 'etcd'}",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        f"--listen-peer-urls={ETCD_PEERS}",
        f"--initial-advertise-peer-urls={ETCD_PEERS}",
        f"--initial-cluster=default={ETCD_PEERS}",
        "--unsafe-no-fsync",  # what is in it does not outlive the lab
        "--log-level=warn",
    ]


def apiserver_command(lab: Lab) -> list[str]:
    pki = lab.pki
    return [
        "kube-apiserver",
        f"--etcd-servers={ETCD}",
        f"--advertise-address={API_ADDRESS}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet-client.key'}",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        # pods leave a lost node after 10 s instead of 5 minutes
        "--default-not-ready-toleration-seconds=10",
        "--default-unreachable-toleration-seconds=10",
        "--profiling=false",
        "--v=1",
    ]


def controller_manager_command(lab: Lab) -> list[str]:
    return [
        "kube-controller-manager",
        f"--kubeconfig={component_kubeconfig(lab, 'kube-controller-manager')}",
        f"--service-account-private-key-file={lab.pki / 'service-account.key'}",
        f"--root-ca-file={lab.pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={lab.pki / 'ca.crt'}",
        f"--cluster-signing-key-file={lab.pki / 'ca.key'}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--node-monitor-grace-period=20s",  # a lost node is seen after 20 s instead of 50
        "--profiling=false",
        "--v=1",
    ]


def scheduler_command(lab: Lab) -> list[str]:
    kubeconfig = component_kubeconfig(lab, "kube-scheduler")
    return ["kube-scheduler", f"--kubeconfig={kubeconfig}", "--leader-elect=false", "--profiling=false", "--v=1"]
