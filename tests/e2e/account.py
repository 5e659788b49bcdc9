# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubeconfig file for a ServiceAccount: ``python -m tests.e2e.account <namespace> <name> <file>``.

Its token is made by the TokenRequest API and good for an hour. The API's address and trust are those of whoever asks.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.e2e.cluster import Cluster, chosen


def write_kubeconfig(cluster: Cluster, namespace: str, name: str, file: Path) -> None:
    token = cluster.kubectl("create", "token", name, f"--namespace={namespace}", "--duration=1h").stdout.strip()
    view = cluster.kubectl("config", "view", "--raw", "--flatten", "--minify", "--output=json").stdout
    config = {**json.loads(view), "users": [{"name": "account", "user": {"token": token}}]}
    for context in config["contexts"]:
        context["context"]["user"] = "account"
    file.touch(mode=0o600)
    file.write_text(json.dumps(config), encoding="utf-8")


if __name__ == "__main__":
    write_kubeconfig(chosen(), sys.argv[1], sys.argv[2], Path(sys.argv[3]))
