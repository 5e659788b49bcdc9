# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Kubernetes that the demo runs on: the one of KUBECONFIG, else the local one, started when it is not up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import servers


@dataclass(frozen=True)
class Kubernetes:
    """``image`` is empty where the role's default is to be pulled; the local Kubernetes can pull nothing."""

    kubeconfig: str
    kubectl: str
    image: str = ""


def given() -> Kubernetes | None:
    """The Kubernetes of KUBECONFIG; it needs neither root nor Go."""
    kubeconfig = os.environ.get("KUBECONFIG", "")
    if not kubeconfig:
        return None
    local = _lab()
    if local.kubeconfig.exists() and Path(kubeconfig) == local.kubeconfig:
        return _on(local)
    return Kubernetes(kubeconfig, shutil.which("kubectl") or "kubectl")


def local(say: Callable[[str], None]) -> Kubernetes:
    """The local one. If it has to be started, it is remembered as the demo's own, which ``down`` ends."""
    from tests.kube.up import bring_up, is_healthy

    lab = _lab()
    if is_healthy(lab):
        say("using the local Kubernetes, which is up")
    else:
        say("starting a local Kubernetes; the very first time it is built from source, which takes about ten minutes")
        try:
            bring_up(lab, say)
        finally:
            # Also one that did not get up, for `down` to clear away.
            if lab.folder.exists():
                _mark(lab).touch()
    return _on(lab)


def running() -> Kubernetes | None:
    """The local one if it is there."""
    lab = _lab()
    return _on(lab) if lab.kubeconfig.exists() else None


def is_the_demos_own() -> bool:
    """Whether the local one, up or half up, was started by the demo."""
    return _mark(_lab()).exists()


def end() -> None:
    from tests.kube.down import take_down
    from tests.kube.up import lock_of

    lab = _lab()
    with lock_of(lab):
        take_down(lab)


def _lab() -> Any:
    from tests.kube.lab import Lab

    return Lab.from_environment()


def _mark(lab: Any) -> Path:
    """In the folder of the running lab, so that it vanishes with it."""
    return Path(lab.folder) / "made-by-demo"


def _on(lab: Any) -> Kubernetes:
    newest = [server for server in servers.available() if server.family == "redis"][-1]
    return Kubernetes(str(lab.kubeconfig), str(lab.binaries / "kubectl"), newest.image)
