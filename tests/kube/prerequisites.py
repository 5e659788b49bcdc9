# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this machine must have before a lab can start; Debian packages that are missing are installed."""

from __future__ import annotations

import os
import subprocess

from tests.environment import install_packages, require_commands
from tests.kube.errors import LabError

# Debian package -> the program that shows it is there
TO_BUILD = {"gcc": "gcc", "pkg-config": "pkg-config"}
TO_RUN = {
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "ipset": "ipset",
    "iproute2": "ip",
    "iptables": "iptables",
    "nftables": "nft",
    "socat": "socat",
    "util-linux": "unshare",
}


def check_root() -> None:
    if os.geteuid() != 0:
        raise LabError(
            f"Cannot run the local Kubernetes as user {os.geteuid()}: it needs namespaces and cgroups; "
            "run this as root, or set KUBECONFIG to use a Kubernetes that is there."
        )


def require_to_run() -> None:
    require_commands(TO_RUN)


def require_to_build() -> None:
    require_commands(TO_BUILD)
    if subprocess.run(["pkg-config", "--exists", "libseccomp"], check=False).returncode != 0:
        install_packages(["libseccomp-dev"])
