# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do with the demo's cluster, as commands that work when they are pasted."""

from __future__ import annotations


from tests.demo.kubernetes import Kubernetes
from tests.demo.place import NAMESPACE
from tests.environment import CHECKOUT

TEXT = """
In this shell first:
  cd {checkout}
  export PATH="$PWD/.venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="$PWD/collections" KUBECONFIG={kubeconfig}
  wish='redis_cluster_name={name} redis_cluster_namespace={namespace}'

Write a key and read it (the password goes through a pipe, no argument and no screen shows it):
  redis() {{ {kubectl} -n {namespace} get secret {name}-auth -o jsonpath='{{.data.password}}' | base64 -d |
    {kubectl} -n {namespace} exec -i {name}-0-0 -c redis -- sh -c 'REDISCLI_AUTH=$(cat) exec redis-cli -c "$@"' redis-cli "$@"; }}
  redis set greeting hello
  redis get greeting

Look again:
  ansible-playbook k8sredis.core.redis_cluster_info -e "$wish"

See what more shards would take (this version plans it, and does not do it on a live instance yet):
  ansible-playbook k8sredis.core.redis_cluster -e "$wish" -e redis_cluster_shards=4 --check --diff

Remove it:
  make demo-down
"""


def farewell(where: Kubernetes, name: str) -> str:
    return TEXT.format(
        checkout=CHECKOUT,
        kubeconfig=where.kubeconfig,
        kubectl=where.kubectl,
        name=name,
        namespace=NAMESPACE,
    )
