# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell how a lab is."""

from __future__ import annotations

from tests.kube import api
from tests.kube.lab import NODES, Lab
from tests.kube.processes import components


def status(lab: Lab) -> tuple[list[str], bool]:
    """Lines for people, and whether all is well."""
    if not lab.kubeconfig.exists():
        return [f"The local Kubernetes {lab.name!r} is not up."], False
    running = components(lab)
    lines = [f"{name:24} {f'pid {pid}' if pid else 'does not run'}" for name, pid in running.items()]
    ready = api.ready_nodes(lab)
    lines += [f"{node.name} in zone {node.zone:12} {'Ready' if node.name in ready else 'not Ready'}" for node in NODES]
    lines.append(f"export KUBECONFIG={lab.kubeconfig}")
    return lines, None not in running.values() and len(ready) == len(NODES)
