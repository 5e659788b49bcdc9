# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubeconfig files: one for people, and one for each component. JSON is YAML, so no YAML library is needed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.kube.lab import API_ADDRESS, API_PORT, Lab

COMPONENTS = ("kube-controller-manager", "kube-scheduler", "kube-proxy", "coredns", "local-path-provisioner")
CONTEXT = "k8sredis-lab"


def create(lab: Lab, node_names: list[str], port: int) -> None:
    """The one for people is complete in itself and speaks to 127.0.0.1, the others name the files in ``pki``."""
    for name in (*COMPONENTS, *node_names):
        user = {"client-certificate": str(lab.pki / f"{name}.crt"), "client-key": str(lab.pki / f"{name}.key")}
        cluster = {"certificate-authority": str(lab.pki / "ca.crt")}
        _write(component_kubeconfig(lab, name), f"https://{API_ADDRESS}:{API_PORT}", cluster, user)
    people = {
        "client-certificate-data": _encoded(lab.pki / "admin.crt"),
        "client-key-data": _encoded(lab.pki / "admin.key"),
    }
    cluster = {"certificate-authority-data": _encoded(lab.pki / "ca.crt")}
    _write(lab.kubeconfig, f"https://127.0.0.1:{port}", cluster, people)


def component_kubeconfig(lab: Lab, name: str) -> Path:
    return lab.pki / f"{name}.kubeconfig"


def server(lab: Lab) -> str:
    """The API's address for programs of this machine."""
    return str(json.loads(lab.kubeconfig.read_text(encoding="utf-8"))["clusters"][0]["cluster"]["server"])


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _write(path: Path, server: str, cluster: dict[str, str], user: dict[str, str]) -> None:
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": CONTEXT, "cluster": {"server": server, **cluster}}],
        "users": [{"name": CONTEXT, "user": user}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
        "current-context": CONTEXT,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1), encoding="utf-8")
