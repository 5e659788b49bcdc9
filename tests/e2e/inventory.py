# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of the scenarios: localhost, and what differs from one Kubernetes to another."""

from __future__ import annotations

import json
import sys

from tests.e2e.cluster import chosen, images
from tests.environment import CHECKOUT


def inventory() -> dict[str, object]:
    cluster = chosen()
    variables = {
        "ansible_connection": "local",
        # A host of an inventory loses the implicit interpreter; discovery would choose one without our libraries.
        "ansible_python_interpreter": sys.executable,
        "administrator": {"kubeconfig": str(cluster.kubeconfig)},
        "redis_cluster_kubernetes": {"kubeconfig": str(cluster.kubeconfig)},
        "images": images(cluster),
        "is_local": cluster.local,
        "checkout": str(CHECKOUT),
    }
    return {"all": {"hosts": ["localhost"]}, "_meta": {"hostvars": {"localhost": variables}}}


if __name__ == "__main__":
    print(json.dumps(inventory(), indent=1))
