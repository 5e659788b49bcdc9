# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring a lab up.

1. A lab that is up and healthy is left as it is.
2. Have everything at hand: packages, programs, servers, images (made once, kept in the cache).
3. Take down what a former run left: a lab starts from nothing, so it never meets half of an old one.
4. Networks and cgroups; etcd and the API server; while these start, the nodes with their containerd.
5. When the API answers: controllers, kubelets, DNS and storage.
6. Wait for three Ready nodes, and until pods are admitted.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cache import locked
from tests.kube import api, build, controlplane, dns, images, kubeconfigs, network, node, pki, storage
from tests.kube.cgroups import Cgroups
from tests.kube.down import take_down
from tests.kube.lab import NODES, Lab
from tests.kube.prerequisites import check_root, require_to_run
from tests.kube.processes import components, wait_until
from tests.servers.fetch import fetch_missing
from tests.servers.store import missing


def bring_up(lab: Lab, say: Callable[[str], None]) -> None:
    check_root()
    lab.folder.parent.mkdir(parents=True, exist_ok=True)
    if is_healthy(lab):
        say("the local Kubernetes is up already")
        return
    require_to_run()
    binaries = build.ensure_binaries(say)
    if any(source.required for source in missing()):
        fetch_missing(say)
    store = images.ensure_store(binaries, say)
    with lock_of(lab):
        if is_healthy(lab):
            return
        take_down(lab)
        say("starting the control plane and three nodes")
        _start(lab, binaries, store)
    say("three nodes are Ready")


def is_healthy(lab: Lab) -> bool:
    """Everything that was started runs, and the API says that all nodes are Ready."""
    if not lab.kubeconfig.exists():
        return False
    running = components(lab)
    return bool(running) and None not in running.values() and _all_ready(lab)


def _start(lab: Lab, binaries: Path, store: Path) -> None:
    for folder in (lab.folder, lab.logs, lab.folder / "pid"):
        folder.mkdir()
    lab.binaries.symlink_to(binaries)
    pki.create(lab.pki)
    Cgroups.of(lab.cgroup).create([each.name for each in NODES])
    network.create(lab)
    with controlplane.listen() as listening:
        kubeconfigs.create(lab, [each.name for each in NODES], port_of(listening))
        controlplane.start_api(lab, listening)
    for each in NODES:
        node.start_containerd(lab, each, store)
    wait_until(lab, "the API server", lambda: api.is_ready(lab))
    controlplane.start_controllers(lab)
    for each in NODES:
        node.start_kubelet(lab, each)
    dns.start_dns(lab)
    api.apply(lab, [*dns.objects(), *storage.objects()])
    storage.start_provisioner(lab)
    wait_until(lab, "three Ready nodes", lambda: _all_ready(lab))
    wait_until(lab, "the first service account", lambda: api.admits_pods(lab))


@contextmanager
def lock_of(lab: Lab) -> Iterator[None]:
    """One command at a time changes a lab."""
    with locked(lab.folder.with_suffix(".lock")):
        yield


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def _all_ready(lab: Lab) -> bool:
    return api.ready_nodes(lab) == [each.name for each in NODES]
