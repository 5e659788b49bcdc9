# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do with the demo's cluster, as commands that work when they are pasted."""

from __future__ import annotations

from pathlib import Path

from tests.demo.kubernetes import Kubernetes
from tests.demo.place import NAMESPACE
from tests.environment import CHECKOUT

TEXT = """
In this shell first:
  cd {checkout}
  export PATH="$PWD/.venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="$PWD/collections" KUBECONFIG={kubeconfig}

Connect with redis-cli, here to write and read a key (the password goes through a pipe, so nothing shows it):
  kubectl() {{ command {kubectl} -n {namespace} "$@"; }}
  redis() {{
    kubectl get secret {name}-auth -o jsonpath='{{.data.password}}' | base64 -d |
      kubectl exec -i {name}-0-0 -c redis -- sh -c 'REDISCLI_AUTH=$(cat) exec redis-cli -c "$@"' redis "$@"
  }}
  redis set greeting hello
  redis get greeting

Look again:
  ansible-playbook k8sredis.core.redis_cluster_info -e @{wish}

Scale it while it serves; with --check --diff you see what would be done, without them it is done:
  ansible-playbook k8sredis.core.redis_cluster -e @{wish} \\
    -e redis_cluster_shards=4 --check --diff

Remove it:
  make demo-down
"""


def farewell(where: Kubernetes, name: str, wish: Path) -> str:
    return TEXT.format(
        checkout=CHECKOUT,
        kubeconfig=where.kubeconfig,
        kubectl=where.kubectl,
        name=name,
        namespace=NAMESPACE,
        wish=wish,
    )
