# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this machine must have before a lab can start; Debian packages that are missing are installed."""

from __future__ import annotations

import os
import shutil
import subprocess

from tests.environment import apt_install
from tests.kube.errors import LabError

# Debian package -> the program that shows it is there
PACKAGES = {
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "gcc": "gcc",
    "ipset": "ipset",
    "iproute2": "ip",
    "iptables": "iptables",
    "nftables": "nft",
    "pkg-config": "pkg-config",
    "socat": "socat",
    "util-linux": "unshare",
}
SECCOMP = "libseccomp-dev"


def check_root() -> None:
    if os.geteuid() != 0:
        raise LabError(
            f"Cannot run the local Kubernetes as user {os.geteuid()}: it needs namespaces and cgroups; "
            "run this as root, or set KUBECONFIG to use a Kubernetes that is there."
        )


def install_packages() -> None:
    missing = missing_packages()
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise LabError(f"Cannot install {', '.join(missing)}: there is no apt-get; install what they hold by hand.")
    if not apt_install(missing):
        subprocess.run(["apt-get", "-qq", "update"], check=False)
        if not apt_install(missing):
            raise LabError(f"Cannot install {', '.join(missing)}: apt-get failed as shown above; install them by hand.")


def missing_packages() -> list[str]:
    missing = [package for package, program in PACKAGES.items() if not shutil.which(program)]
    if "pkg-config" in missing or subprocess.run(["pkg-config", "--exists", "libseccomp"], check=False).returncode != 0:
        missing.append(SECCOMP)
    return missing
